#include "jobs/engine.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/node.h"
#include "jobs/run.h"

#include <stdlib.h>
#include <string.h>

const char *engine_result_name(enum engine_result result)
{
	static const char *const names[] = { "COMPLETED", "FAILED", "CANCELLED" };
	return names[result];
}

static struct err *write_finish(struct run *r, struct db *db, void *arg)
{
	(void)arg;
	return execution_finish(db, r->claim, engine_result_name(run_result(r)), r->error, NULL,
				NULL);
}

/* Puts the output of one step from before where the run looks for it. */
static void keep_output(struct run *r, const char *node_id, int iteration,
			struct json_object *output)
{
	size_t node = graph_find(&r->graph, node_id);
	if (iteration > 0) {
		cleanup(cleanup_free) char *name = step_name(node_id, iteration);
		js_set(r->kept, name, output);
	} else if (node < r->graph.count && r->results[node].status == NODE_WAITING) {
		r->results[node] = (struct node_result){ NODE_DONE, output };
	} else {
		json_object_put(output); /* of a node that has been removed since */
	}
}

/* The lists that the nodes inside of finished loops gave, for those outside that take them; null
 * stands for an item for which the node did not run. */
static void restore_body(struct run *r, size_t node)
{
	long loop = r->graph.nodes[node].loop;
	if (loop == GRAPH_NO_LOOP || r->results[loop].status != NODE_DONE)
		return;
	struct json_object *items = js_get(r->results[loop].output, "items");
	size_t n = items ? json_object_array_length(items) : 0;
	struct json_object *list = json_object_new_array();
	for (size_t i = 1; i <= n; i++) {
		struct json_object *output = NULL;
		cleanup(cleanup_free) char *name = step_name(r->graph.nodes[node].id, (int)i);
		json_object_object_get_ex(r->kept, name, &output);
		json_object_array_add(list, json_object_get(output));
	}
	r->results[node] = (struct node_result){ NODE_DONE, list };
}

static struct err *keep_rows(struct run *r, const struct rows *rows)
{
	for (int i = 0; i < rows_count(rows); i++) {
		const char *text = rows_get(rows, i, 2);
		struct json_object *output = NULL;
		if (text)
			TRY(js_parse_own(text, &output));
		keep_output(r, rows_get(rows, i, 0), (int)strtol(rows_get(rows, i, 1), NULL, 10),
			    output);
	}
	for (size_t i = 0; i < r->graph.count; i++)
		restore_body(r, i);
	return NULL;
}

/* Loads what the successful steps of execution `arg` gave. */
static struct err *write_load(struct run *r, struct db *db, void *arg)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(execution_outputs(db, r->user_id, arg, &rows));
	return keep_rows(r, rows);
}

/* Of several triggers only the one that fired begins a branch; a person starts them all. */
static void skip_other_triggers(struct run *r)
{
	cleanup(cleanup_json) struct json_object *trigger = NULL;
	if (r->claim->trigger)
		err_free(js_parse_own(r->claim->trigger, &trigger));
	const char *fired = js_string(trigger, "nodeId");
	for (size_t i = 0; fired && i < r->graph.count; i++) {
		const struct graph_node *node = &r->graph.nodes[i];
		if (!strcmp(node->type->category, "trigger") && strcmp(node->id, fired) != 0 &&
		    r->results[i].status == NODE_WAITING)
			r->results[i].status = NODE_SKIPPED;
	}
}

static struct err *run_graph(struct run *r)
{
	const struct conf *conf = r->engine->services->conf;
	cleanup(cleanup_free) char *id = mem_strdup(r->claim->id);
	if (r->claim->resumes)
		TRY(run_persist(r, write_load, id));
	skip_other_triggers(r);
	r->deadline_ms =
		clock_monotonic_ms() + (int64_t)conf->workflow_timeout_s * 1000 - r->claim->age_ms;
	crew_run(r, conf->workflow_parallelism);
	r->cancelled |= !r->finished && atomic_load(r->engine->by_user);
	if (r->broke && !r->cancelled)
		return take(r->broke);
	return NULL;
}

/* Reads the graph; false where it cannot be run, which is how the run ends then. */
static bool read_graph(struct run *r)
{
	cleanup(cleanup_err) struct err *e =
		graph_read(r->claim->nodes, r->claim->edges, &r->graph);
	if (e) {
		r->failed = true;
		r->error = mem_strdup(err_message(e));
		return false;
	}
	r->results = mem_alloc(r->graph.count * sizeof(*r->results));
	return true;
}

struct err *engine_run(const struct engine *engine, const struct execution_claim *claim,
		       enum engine_result *ret, char **ret_error)
{
	cleanup(run_close) struct run r;
	run_open(&r, engine, claim);
	r.user_id = claim->user_id;
	r.run_id = claim->id;
	if (read_graph(&r))
		TRY(run_graph(&r));
	if (!r.finished)
		TRY(run_persist(&r, write_finish, NULL));
	*ret = run_result(&r);
	*ret_error = take(r.error);
	return NULL;
}

struct err *engine_run_node(const struct engine *engine, const struct engine_trial *trial,
			    char **ret_step)
{
	char run_id[ID_SIZE];
	cleanup(run_close) struct run r;
	run_open(&r, engine, NULL);
	r.user_id = trial->user_id;
	r.run_id = id_new(run_id);
	r.deadline_ms = clock_monotonic_ms() + trial->max_ms;
	TRY(graph_read(trial->nodes, trial->edges, &r.graph));
	r.results = mem_alloc(r.graph.count * sizeof(*r.results));
	size_t node = graph_find(&r.graph, trial->node_id);
	if (node == r.graph.count)
		return err_new(ERR_NOT_FOUND, "The workflow has no node \"%.80s\" that is enabled",
			       trial->node_id);
	cleanup(cleanup_free) char *prior = mem_strdup(trial->prior_id);
	if (prior)
		TRY(run_persist(&r, write_load, prior));
	const struct scope scope = { .run = &r };
	*ret_step = step_try(&scope, node, engine->http);
	return NULL;
}
