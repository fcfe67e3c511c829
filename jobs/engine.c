#include "jobs/engine.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/graph.h"
#include "jobs/nodes/node.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, RETRY_MS = 500 };

/* A run in progress. */
struct run {
	const struct engine *engine;
	const struct execution_claim *claim;
	struct graph graph;
	struct json_object *outputs; /* by node id: what the steps have given so far */
	bool failed, cancelled;      /* cancelled: the user asked for the end */
	char *error;                 /* the first failed step's */
};

static void run_clear(struct run *r)
{
	graph_clear(&r->graph);
	json_object_put(r->outputs);
	free(r->error);
}

/* A write to the database, as patiently() repeats it. */
typedef struct err *write_fn(struct run *r, struct db *db, void *arg);

/* Does a write; waits up to a minute for a database that is away, so that no paid work is lost. */
static struct err *patiently(struct run *r, write_fn *write, void *arg)
{
	int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	struct db_pool *pool = r->engine->services->pool;
	for (;;) {
		struct db *db = db_pool_get(pool);
		struct err *e = write(r, db, arg);
		db_pool_put(pool, db);
		bool give_up = clock_monotonic_ms() > deadline || atomic_load(r->engine->cancel);
		if (!e || err_kind(e) != ERR_UNAVAILABLE || give_up)
			return e;
		log_warn("%s; trying again", err_message(e));
		err_free(e);
		usleep(RETRY_MS * 1000);
	}
}

/* A step that starts or ends, for patiently(). */
struct step_write {
	const char *node_id, *input;
	const struct step_end *end;
};

static struct err *write_start(struct run *r, struct db *db, void *arg)
{
	const struct step_write *w = arg;
	return step_start(db, r->claim, w->node_id, w->input, &r->cancelled);
}

static struct err *write_end(struct run *r, struct db *db, void *arg)
{
	const struct step_write *w = arg;
	return step_finish(db, r->claim, w->node_id, w->end);
}

static struct err *write_finish(struct run *r, struct db *db, void *arg)
{
	return execution_finish(db, r->claim, arg, r->error);
}

static struct err *parse_outputs(struct rows *rows, struct json_object *outputs)
{
	for (int i = 0; i < rows_count(rows); i++) {
		const char *text = rows_get(rows, i, 1);
		struct json_object *output = NULL;
		if (text)
			TRY(js_parse(text, strlen(text), &output));
		js_set(outputs, rows_get(rows, i, 0), output);
	}
	return NULL;
}

/* Adds what the successful steps of execution `id` gave to `outputs`. */
static struct err *load_outputs(struct db *db, const char *user_id, const char *id,
				struct json_object *outputs)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(execution_outputs(db, user_id, id, &rows));
	return parse_outputs(rows, outputs);
}

static struct err *write_load(struct run *r, struct db *db, void *arg)
{
	(void)arg;
	return load_outputs(db, r->claim->user_id, r->claim->id, r->outputs);
}

/* The inputs of a node by source; false where one of its sources has given nothing. */
static bool collect_inputs(const struct graph *g, const struct graph_node *node,
			   struct json_object *outputs, struct json_object *inputs)
{
	bool complete = true;
	for (size_t i = 0; i < node->source_count; i++) {
		const char *source = g->nodes[node->sources[i]].id;
		struct json_object *output = NULL;
		complete &= json_object_object_get_ex(outputs, source, &output);
		if (json_object_object_get_ex(outputs, source, NULL))
			js_set(inputs, source, json_object_get(output));
	}
	return complete;
}

/* A node's run and how it ended, with the texts for its step. step_clear frees it. */
struct step {
	struct node_run run;
	struct json_object *output;
	struct err *error;
	int64_t started_ms, duration_ms;
	char *output_text, *error_stack, *cost, *notes;
};

static void step_clear(struct step *s)
{
	json_object_put(s->run.inputs);
	json_object_put(s->run.cost);
	json_object_put(s->run.notes);
	json_object_put(s->output);
	err_free(s->error);
	free(s->output_text);
	free(s->error_stack);
	free(s->cost);
	free(s->notes);
}

static void run_node(const struct graph_node *node, struct step *s)
{
	s->started_ms = clock_ms();
	int64_t begin = clock_monotonic_ms();
	s->error = err_wrap(node->type->run(&s->run, &s->output), "node %s (%s)", node->id,
			    node->type->name);
	s->duration_ms = clock_monotonic_ms() - begin;
	s->output_text = s->error ? NULL : js_text(s->output);
	s->error_stack = s->error ? err_stack(s->error) : NULL;
	s->cost = s->run.cost ? js_text(s->run.cost) : NULL;
	s->notes = s->run.notes && json_object_array_length(s->run.notes) ? js_text(s->run.notes)
									  : NULL;
}

static struct node_run node_run_of(const struct engine *engine, const struct graph *g,
				   size_t position, const char *user_id, const char *run_id)
{
	const struct graph_node *node = &g->nodes[position];
	return (struct node_run){
		.services = engine->services,
		.http = engine->http,
		.user_id = user_id,
		.run_id = run_id,
		.node_id = node->id,
		.type = node->type->name,
		.position = position + 1,
		.config = node->config,
		.inputs = json_object_new_object(),
		.cancel = engine->cancel,
	};
}

/* Records how a step ended. A stop by shutdown leaves it as it is: it will be run again elsewhere.
 */
static struct err *record(struct run *r, const struct graph_node *node, const struct step *s)
{
	if (s->error && err_kind(s->error) == ERR_CANCELLED) {
		r->cancelled = atomic_load(r->engine->by_user);
		if (!r->cancelled)
			return err_new(ERR_CANCELLED, "%s", err_message(s->error));
	}
	const struct step_end end = {
		.failed = s->error != NULL,
		.duration_ms = s->duration_ms,
		.output = s->output_text,
		.error = s->error ? err_message(s->error) : NULL,
		.error_stack = s->error_stack,
		.cost = s->cost,
		.notes = s->notes,
	};
	struct step_write w = { .node_id = node->id, .end = &end };
	TRY(patiently(r, write_end, &w));
	if (!s->error) {
		js_set(r->outputs, node->id, json_object_get(s->output));
		return NULL;
	}
	log_info("node %s (%s) failed: %s", node->id, node->type->name, err_message(s->error));
	if (!r->error)
		r->error = mem_strdup(err_message(s->error));
	r->failed = true;
	return NULL;
}

static struct err *run_step(struct run *r, size_t position)
{
	const struct graph_node *node = &r->graph.nodes[position];
	cleanup(step_clear) struct step s = {
		.run = node_run_of(r->engine, &r->graph, position, r->claim->user_id, r->claim->id),
	};
	if (!collect_inputs(&r->graph, node, r->outputs, s.run.inputs))
		return NULL; /* what it depends on failed or was not reached */
	cleanup(cleanup_free) char *input = js_text(s.run.inputs);
	struct step_write w = { .node_id = node->id, .input = input };
	TRY(patiently(r, write_start, &w));
	if (r->cancelled)
		return NULL;
	run_node(node, &s);
	return record(r, node, &s);
}

static struct err *run_steps(struct run *r)
{
	for (size_t i = 0; i < r->graph.count && !r->cancelled; i++) {
		if (json_object_object_get_ex(r->outputs, r->graph.nodes[i].id, NULL))
			continue;
		r->cancelled = atomic_load(r->engine->by_user);
		if (!r->cancelled && atomic_load(r->engine->cancel))
			return err_new(ERR_CANCELLED, "The run was stopped");
		if (!r->cancelled)
			TRY(run_step(r, i));
	}
	return NULL;
}

struct err *engine_run(const struct engine *engine, const struct execution_claim *claim,
		       enum engine_result *ret, char **ret_error)
{
	static const char *const statuses[] = { "COMPLETED", "FAILED", "CANCELLED" };
	cleanup(run_clear) struct run r = { .engine = engine,
					    .claim = claim,
					    .outputs = json_object_new_object() };
	struct err *e = graph_read(claim->nodes, claim->edges, &r.graph);
	if (e) {
		r.failed = true;
		r.error = mem_strdup(err_message(e));
		err_free(e);
	} else {
		TRY(patiently(&r, write_load, NULL));
		TRY(run_steps(&r));
	}
	*ret = r.cancelled ? ENGINE_CANCELLED : r.failed ? ENGINE_FAILED : ENGINE_COMPLETED;
	TRY(patiently(&r, write_finish, (void *)(uintptr_t)statuses[*ret]));
	*ret_error = take(r.error);
	return NULL;
}

static char *step_log(const struct graph_node *node, struct step *s)
{
	char time[CLOCK_ISO_SIZE];
	cleanup(cleanup_json) struct json_object *log = json_object_new_object();
	js_set_string(log, "nodeId", node->id);
	js_set_string(log, "nodeType", node->type->name);
	js_set_string(log, "nodeTitle", node->title);
	js_set_string(log, "status", s->error ? "error" : "success");
	js_set_string(log, "startedAt", clock_iso(s->started_ms, time));
	js_set_string(log, "completedAt", clock_iso(s->started_ms + s->duration_ms, time));
	js_set_int(log, "durationMs", s->duration_ms);
	js_set(log, "input", json_object_get(s->run.inputs));
	if (!s->error)
		js_set(log, "output", json_object_get(s->output));
	if (s->error) {
		js_set_string(log, "error", err_message(s->error));
		js_set_string(log, "errorStack", s->error_stack);
	}
	if (s->run.cost)
		js_set(log, "cost", json_object_get(s->run.cost));
	if (s->notes)
		js_set(log, "notes", json_object_get(s->run.notes));
	return js_text(log);
}

static struct err *load_prior(const struct engine *engine, const struct engine_trial *trial,
			      struct json_object *outputs)
{
	if (!trial->prior_id)
		return NULL;
	struct db *db = db_pool_get(engine->services->pool);
	struct err *e = load_outputs(db, trial->user_id, trial->prior_id, outputs);
	db_pool_put(engine->services->pool, db);
	return e;
}

struct err *engine_run_node(const struct engine *engine, const struct engine_trial *trial,
			    char **ret_step)
{
	cleanup(graph_clear) struct graph graph = { 0 };
	cleanup(cleanup_json) struct json_object *outputs = json_object_new_object();
	TRY(graph_read(trial->nodes, trial->edges, &graph));
	size_t position = graph_find(&graph, trial->node_id);
	if (position == graph.count)
		return err_new(ERR_NOT_FOUND, "The workflow has no node \"%.80s\" that is enabled",
			       trial->node_id);
	TRY(load_prior(engine, trial, outputs));
	char run_id[ID_SIZE];
	cleanup(step_clear) struct step s = {
		.run = node_run_of(engine, &graph, position, trial->user_id, id_new(run_id)),
	};
	collect_inputs(&graph, &graph.nodes[position], outputs, s.run.inputs);
	run_node(&graph.nodes[position], &s);
	*ret_step = step_log(&graph.nodes[position], &s);
	return NULL;
}
