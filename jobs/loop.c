/* Loops: the body, item by item, in the order of the graph, on the thread that runs the loop. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/run.h"

#include <stdlib.h>

static bool is_in_body(const struct run *r, size_t loop, size_t node)
{
	return r->graph.nodes[node].loop == (long)loop;
}

static bool has_body(const struct run *r, size_t loop)
{
	for (size_t i = 0; i < r->graph.count; i++)
		if (is_in_body(r, loop, i))
			return true;
	return false;
}

/* A step that had succeeded before a crash, or in the run that this one repeats. */
static bool take_kept(const struct scope *s, size_t node)
{
	struct run *r = s->run;
	struct json_object *output = NULL;
	cleanup(cleanup_free) char *name = step_name(r->graph.nodes[node].id, s->iteration);
	pthread_mutex_lock(&r->lock);
	bool kept = json_object_object_get_ex(r->kept, name, &output);
	if (kept)
		s->results[node] = (struct node_result){ NODE_DONE, json_object_get(output) };
	pthread_mutex_unlock(&r->lock);
	return kept;
}

static void run_body_node(const struct scope *s, size_t node, struct http *http)
{
	struct run *r = s->run;
	pthread_mutex_lock(&r->lock);
	enum decision decision = scope_decide(s, node);
	pthread_mutex_unlock(&r->lock);
	if (decision == DECIDE_SKIP)
		s->results[node].status = NODE_SKIPPED;
	else if (decision != DECIDE_RUN)
		s->results[node].status = NODE_BLOCKED;
	else if (!take_kept(s, node))
		step_run(s, node, http);
}

/* True if another node of the body takes what this one gives. */
static bool is_inner(const struct run *r, size_t loop, size_t node)
{
	for (size_t i = 0; i < r->graph.count; i++)
		for (size_t j = 0; is_in_body(r, loop, i) && j < r->graph.nodes[i].edge_count; j++)
			if (r->graph.nodes[i].edges[j].source == node)
				return true;
	return false;
}

/* What an item came to: the output of the body's last node, or of all of them by id. Owned. */
static struct json_object *item_result(const struct scope *s)
{
	const struct run *r = s->run;
	struct json_object *all = json_object_new_object(), *only = NULL;
	for (size_t i = 0; i < r->graph.count; i++) {
		if (!is_in_body(r, s->loop, i) || is_inner(r, s->loop, i) ||
		    s->results[i].status != NODE_DONE)
			continue;
		only = s->results[i].output;
		js_set(all, r->graph.nodes[i].id, json_object_get(only));
	}
	if (json_object_object_length(all) != 1)
		return all;
	only = json_object_get(only);
	json_object_put(all);
	return only;
}

/* The first node of the body that failed for this item, as an error. */
static struct err *item_error(const struct scope *s)
{
	const struct run *r = s->run;
	for (size_t i = 0; i < r->graph.count; i++)
		if (is_in_body(r, s->loop, i) && s->results[i].status == NODE_FAILED)
			return err_new(ERR_REFUSED,
				       "Item %d failed at \"%.80s\"; its step says why",
				       s->iteration, r->graph.nodes[i].title);
	return NULL;
}

/* Adds what the body's nodes gave for this item to their lists, for nodes outside that want them.
 */
static void collect(const struct scope *s)
{
	struct run *r = s->run;
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->graph.count; i++) {
		if (!is_in_body(r, s->loop, i))
			continue;
		struct node_result *list = &r->results[i];
		if (!list->output)
			list->output = json_object_new_array();
		json_object_array_add(list->output, s->results[i].output);
		s->results[i].output = NULL;
	}
	pthread_mutex_unlock(&r->lock);
}

static void discard(const struct scope *s)
{
	for (size_t i = 0; i < s->run->graph.count; i++)
		json_object_put(s->results[i].output);
}

static struct err *run_item(const struct scope *s, struct http *http,
			    struct json_object **ret_result)
{
	struct run *r = s->run;
	bool over = false;
	for (size_t i = 0; i < r->graph.count && !over; i++) {
		if (!is_in_body(r, s->loop, i))
			continue;
		run_body_node(s, i, http);
		pthread_mutex_lock(&r->lock);
		over = run_is_over(r);
		pthread_mutex_unlock(&r->lock);
	}
	if (over)
		return err_new(ERR_CANCELLED, "The run was stopped");
	TRY(item_error(s));
	*ret_result = item_result(s);
	return NULL;
}

/* Marks the body as settled: done where the loop is, blocked where it failed. */
static void settle_body(struct run *r, size_t loop, enum node_status status)
{
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->graph.count; i++) {
		if (!is_in_body(r, loop, i))
			continue;
		r->results[i].status = status;
		if (status == NODE_DONE && !r->results[i].output)
			r->results[i].output = json_object_new_array();
	}
	pthread_mutex_unlock(&r->lock);
}

static struct err *run_items(struct run *r, size_t loop, struct http *http, const struct stop *stop,
			     struct json_object *items, struct json_object *results)
{
	size_t n = json_object_array_length(items);
	for (size_t i = 0; i < n; i++) {
		if (stop_is_due(stop))
			return err_new(ERR_CANCELLED, "The loop was stopped after %zu items", i);
		cleanup(cleanup_free) struct node_result *body =
			mem_alloc(r->graph.count * sizeof(*body));
		const struct scope scope = {
			.run = r,
			.results = body,
			.loop = loop,
			.iteration = (int)i + 1,
			.item = json_object_array_get_idx(items, i),
		};
		struct json_object *result = NULL;
		struct err *e = run_item(&scope, http, &result);
		if (!e)
			collect(&scope);
		discard(&scope);
		TRY(e);
		json_object_array_add(results, result);
	}
	return NULL;
}

struct err *loop_run(struct run *r, size_t loop, struct http *http, const struct stop *stop,
		     struct json_object *output)
{
	struct json_object *items = js_get(output, "items");
	if (!has_body(r, loop) || !json_object_is_type(items, json_type_array))
		return NULL;
	struct json_object *results = json_object_new_array();
	struct err *e = run_items(r, loop, http, stop, items, results);
	settle_body(r, loop, e ? NODE_BLOCKED : NODE_DONE);
	if (e)
		json_object_put(results);
	else
		js_set(output, "items", results);
	return e;
}
