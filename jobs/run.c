#include "jobs/run.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/node.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, RETRY_MS = 500 };

void run_open(struct run *r, const struct engine *engine, const struct execution_claim *claim)
{
	*r = (struct run){ .engine = engine, .claim = claim, .kept = json_object_new_object() };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
}

void run_close(struct run *r)
{
	for (size_t i = 0; r->results && i < r->graph.count; i++)
		json_object_put(r->results[i].output);
	free(r->results);
	graph_clear(&r->graph);
	json_object_put(r->kept);
	free(r->error);
	err_free(r->broke);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
}

bool run_is_over(const struct run *r)
{
	return r->broke || r->cancelled;
}

enum engine_result run_result(const struct run *r)
{
	return r->cancelled ? ENGINE_CANCELLED : r->failed ? ENGINE_FAILED : ENGINE_COMPLETED;
}

struct err *run_persist(struct run *r, run_write *write, void *arg)
{
	int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	for (;;) {
		struct err *e = write(r, r->engine->services->db, arg);
		bool give_up = clock_monotonic_ms() > deadline || atomic_load(r->engine->cancel);
		if (!e || err_kind(e) != ERR_UNAVAILABLE || give_up)
			return e;
		log_warn("%s; trying again", err_message(e));
		err_free(e);
		usleep(RETRY_MS * 1000);
	}
}

static bool is_inside(const struct scope *s, size_t node)
{
	return s->results && s->run->graph.nodes[node].loop == (long)s->loop;
}

struct node_result *scope_result(const struct scope *s, size_t node)
{
	return is_inside(s, node) ? &s->results[node] : &s->run->results[node];
}

/* True if an edge carries anything, now that its source is done. */
static bool is_followed(const struct scope *s, const struct graph_edge *edge,
			const struct node_result *source)
{
	const struct node_type *type = s->run->graph.nodes[edge->source].type;
	const char *branch = type->branches ? js_string(source->output, "branch") : NULL;
	return !branch || !*edge->handle || !strcmp(edge->handle, branch);
}

/* What one edge says: wait for its source, run (it carries something), skip, or block. */
static enum decision decide_edge(const struct scope *s, const struct graph_edge *edge)
{
	if (s->results && edge->source == s->loop)
		return DECIDE_RUN;
	const struct node_result *source = scope_result(s, edge->source);
	switch (source->status) {
	case NODE_WAITING:
	case NODE_RUNNING:
		return DECIDE_WAIT;
	case NODE_FAILED:
	case NODE_BLOCKED:
		return DECIDE_BLOCK;
	case NODE_SKIPPED:
		return DECIDE_SKIP;
	case NODE_DONE:
		return is_followed(s, edge, source) ? DECIDE_RUN : DECIDE_SKIP;
	}
	return DECIDE_BLOCK;
}

enum decision scope_decide(const struct scope *s, size_t index)
{
	const struct graph_node *node = &s->run->graph.nodes[index];
	bool carried = false, fed = false, waits = false;
	for (size_t i = 0; i < node->edge_count; i++) {
		enum decision d = decide_edge(s, &node->edges[i]);
		waits |= d == DECIDE_WAIT;
		if (d == DECIDE_BLOCK)
			return DECIDE_BLOCK;
		if (node->edges[i].order_only)
			continue;
		fed = true;
		carried |= d == DECIDE_RUN;
	}
	return waits ? DECIDE_WAIT : carried || !fed ? DECIDE_RUN : DECIDE_SKIP;
}

static struct json_object *copy_of(struct json_object *value)
{
	struct json_object *copy = NULL;
	if (value && json_object_deep_copy(value, &copy, NULL) != 0)
		abort();
	return copy;
}

struct json_object *scope_inputs(const struct scope *s, size_t index)
{
	const struct graph *g = &s->run->graph;
	const struct graph_node *node = &g->nodes[index];
	struct json_object *inputs = json_object_new_object();
	for (size_t i = 0; i < node->edge_count; i++) {
		const struct graph_edge *edge = &node->edges[i];
		if (edge->order_only || decide_edge(s, edge) != DECIDE_RUN)
			continue;
		struct json_object *value = s->results && edge->source == s->loop
						    ? s->item
						    : scope_result(s, edge->source)->output;
		js_set(inputs, g->nodes[edge->source].id, copy_of(value));
	}
	return inputs;
}
