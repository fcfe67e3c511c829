#include "jobs/rerun.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/node.h"

#include <stdlib.h>
#include <string.h>

void rerun_plan_clear(struct rerun_plan *p)
{
	free(p->keep);
	free(p->changes);
	*p = (struct rerun_plan){ 0 };
}

/* The next edge of `node` from the *ret_at-th on that carries something; NULL after the last. */
static const struct graph_edge *next_edge(const struct graph_node *node, size_t *ret_at)
{
	while (*ret_at < node->edge_count && node->edges[*ret_at].order_only)
		++*ret_at;
	return *ret_at < node->edge_count ? &node->edges[(*ret_at)++] : NULL;
}

/* True if the same nodes feed both, in the same order: the first upstream text may be another else.
 */
static bool has_same_edges(const struct graph *ga, const struct graph_node *a,
			   const struct graph *gb, const struct graph_node *b)
{
	for (size_t i = 0, j = 0;;) {
		const struct graph_edge *ea = next_edge(a, &i), *eb = next_edge(b, &j);
		if (!ea || !eb)
			return ea == eb;
		if (strcmp(ga->nodes[ea->source].id, gb->nodes[eb->source].id) != 0 ||
		    strcmp(ea->handle, eb->handle) != 0)
			return false;
	}
}

/* True if a node does the same with the same in both graphs. */
static bool is_same(const struct graph *ga, const struct graph_node *a, const struct graph *gb,
		    const struct graph_node *b)
{
	return a->type == b->type && json_object_equal(a->config, b->config) &&
	       has_same_edges(ga, a, gb, b);
}

static void add_change(struct json_object *changes, const char *node_id, const char *change)
{
	struct json_object *one = json_object_new_object();
	js_set_string(one, "nodeId", node_id);
	js_set_string(one, "change", change);
	json_object_array_add(changes, one);
}

/* Marks the nodes that are new or changed as to be run again, and lists all that differs. */
static void compare(const struct graph *old, const struct graph *now, bool *again,
		    struct json_object *changes)
{
	for (size_t i = 0; i < now->count; i++) {
		size_t before = graph_find(old, now->nodes[i].id);
		bool is_new = before == old->count;
		if (!is_new && is_same(old, &old->nodes[before], now, &now->nodes[i]))
			continue;
		again[i] = true;
		add_change(changes, now->nodes[i].id, is_new ? "added" : "changed");
	}
	for (size_t i = 0; i < old->count; i++)
		if (graph_find(now, old->nodes[i].id) == now->count)
			add_change(changes, old->nodes[i].id, "removed");
}

static bool is_among(const struct rows *rows, const char *id)
{
	for (int i = 0; i < rows_count(rows); i++)
		if (!strcmp(rows_get(rows, i, 0), id))
			return true;
	return false;
}

/*
 * Marks what has to run again because something before it does. Nodes come after those that feed
 * them, so one pass is enough; but a loop runs again with its body where one of that is asked for.
 * What failed marks nothing: nothing after it has succeeded. Nor does what was skipped, since its
 * branch will not be taken this time either, unless something before it is asked for.
 */
static void spread(const struct graph *g, bool *again)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->nodes[i].loop != GRAPH_NO_LOOP && again[i])
			again[g->nodes[i].loop] = true;
	for (size_t i = 0; i < g->count; i++)
		for (size_t j = 0; j < g->nodes[i].edge_count; j++)
			again[i] |= again[g->nodes[i].edges[j].source];
}

/* Marks what comes after a marked node in the body of its loop, for the items that are kept. */
static void spread_inside(const struct graph *g, bool *asked)
{
	for (size_t i = 0; i < g->count; i++)
		for (size_t j = 0; j < g->nodes[i].edge_count; j++) {
			size_t source = g->nodes[i].edges[j].source;
			if (g->nodes[i].loop != GRAPH_NO_LOOP &&
			    g->nodes[i].loop == g->nodes[source].loop)
				asked[i] |= asked[source];
		}
}

/* True if a loop gets the same items as before: then the items that succeeded need no second run.
 */
static bool gets_the_same(const struct graph *g, size_t loop, const bool *again)
{
	for (size_t i = 0; i < g->nodes[loop].edge_count; i++)
		if (again[g->nodes[loop].edges[i].source])
			return false;
	return true;
}

static void add_kept(struct json_object *keep, const char *node_id, bool iterations)
{
	struct json_object *one = json_object_new_object();
	js_set_string(one, "nodeId", node_id);
	js_set_bool(one, "iterations", iterations);
	json_object_array_add(keep, one);
}

/* What is kept: nodes that succeeded and need not run again; of a loop that failed half-way, the
 * items that it had done. */
static struct json_object *kept_nodes(const struct graph *g, const struct rows *succeeded,
				      const bool *again, const bool *asked)
{
	struct json_object *keep = json_object_new_array();
	for (size_t i = 0; i < g->count; i++) {
		const struct graph_node *node = &g->nodes[i];
		long loop = node->loop;
		bool in_loop = loop != GRAPH_NO_LOOP;
		bool keeps =
			in_loop ? !asked[i] && !asked[loop] && gets_the_same(g, (size_t)loop, again)
				: !again[i];
		if (keeps && is_among(succeeded, node->id))
			add_kept(keep, node->id, in_loop);
	}
	return keep;
}

struct err *rerun_plan(const struct graph *old, const struct graph *now,
		       const struct rows *succeeded, const struct rerun_options *options,
		       struct rerun_plan *ret)
{
	cleanup(cleanup_json) struct json_object *changes = json_object_new_array();
	cleanup(cleanup_free) bool *asked = mem_alloc(now->count);
	cleanup(cleanup_free) bool *again = mem_alloc(now->count);
	compare(old, now, asked, changes);
	if (options->from_node) {
		size_t node = graph_find(now, options->from_node);
		if (node == now->count)
			return err_new(ERR_INVALID, "There is no node \"%.80s\" to run from",
				       options->from_node);
		asked[node] = true;
	}
	for (size_t i = 0; i < now->count; i++)
		again[i] = asked[i] |= options->from_start;
	spread(now, again);
	spread_inside(now, asked);
	cleanup(cleanup_json) struct json_object *keep = kept_nodes(now, succeeded, again, asked);
	*ret = (struct rerun_plan){ js_text(keep), js_text(changes) };
	return NULL;
}
