/*
 * What the engine promises of a graph, written down once more and without it: which step ends how,
 * and which of them a rerun keeps.
 */
#pragma once
#include "tests/unit/app/random_graph.h"

#include <string.h>

enum fate { FATE_NONE, FATE_SUCCESS, FATE_ERROR, FATE_SKIPPED, FATE_BLOCKED };

/* Of every node, and of those in bodies for each item; index 0 is what the outside sees of them. */
struct fates {
	enum fate of[GRAPH_NODES][LOOP_ITEMS + 1];
};

static inline bool takes_edge(const struct random_node *branch, const char *handle, int item)
{
	bool takes = branch->by_item ? item > 1 : branch->takes;
	return !*handle || !strcmp(handle, takes ? "true" : "false");
}

/* What one edge brings to a node at this item (0 outside of loops): SUCCESS where it carries. */
static inline enum fate fate_of_edge(const struct random_graph *g, const struct fates *f, int node,
				     const struct random_edge *edge, int item)
{
	const struct random_node *source = &g->nodes[edge->source];
	int loop = g->nodes[node].loop;
	bool inside = loop != NO_NODE && source->loop == loop;
	if (loop != NO_NODE && edge->source == loop)
		return FATE_SUCCESS;
	enum fate fate = f->of[edge->source][inside ? item : 0];
	bool chooses = source->kind == KIND_BRANCH && (inside || source->loop == NO_NODE);
	if (fate == FATE_SUCCESS && chooses && !takes_edge(source, edge->handle, item))
		return FATE_SKIPPED;
	return fate;
}

static inline bool fails_at(const struct random_graph *g, int node, int item)
{
	return node == g->failing && (g->failing_item == NO_ITEM || g->failing_item == item);
}

static inline enum fate fate_of_node(const struct random_graph *g, const struct fates *f, int node,
				     int item)
{
	bool carried = g->nodes[node].edge_count == 0;
	for (int e = 0; e < g->nodes[node].edge_count; e++) {
		enum fate fate = fate_of_edge(g, f, node, &g->nodes[node].edges[e], item);
		if (fate == FATE_ERROR || fate == FATE_BLOCKED)
			return FATE_BLOCKED;
		carried |= fate == FATE_SUCCESS;
	}
	if (!carried)
		return FATE_SKIPPED;
	return fails_at(g, node, item) ? FATE_ERROR : FATE_SUCCESS;
}

/* True if what feeds the loop's body from outside has failed: no item can be finished then. */
static inline bool is_starved(const struct random_graph *g, const struct fates *f, int loop)
{
	for (int i = loop + 1; i < g->count && g->nodes[i].loop == loop; i++)
		for (int e = 0; e < g->nodes[i].edge_count; e++) {
			int source = g->nodes[i].edges[e].source;
			enum fate fate = f->of[source][0];
			if (source < loop && (fate == FATE_ERROR || fate == FATE_BLOCKED))
				return true;
		}
	return false;
}

/* The items one by one, up to the first at which a node fails. */
static inline enum fate fate_of_loop(const struct random_graph *g, struct fates *f, int loop)
{
	enum fate fate = FATE_SUCCESS;
	for (int item = 1; item <= g->nodes[loop].items && fate == FATE_SUCCESS; item++)
		for (int i = loop + 1; i < g->count && g->nodes[i].loop == loop; i++) {
			f->of[i][item] = fate_of_node(g, f, i, item);
			if (f->of[i][item] == FATE_ERROR)
				fate = FATE_ERROR;
		}
	return fate;
}

static inline struct fates fates_of(const struct random_graph *g)
{
	struct fates f = { 0 };
	for (int i = 0; i < g->count; i++) {
		const struct random_node *node = &g->nodes[i];
		if (node->loop != NO_NODE) {
			enum fate loop = f.of[node->loop][0];
			f.of[i][0] = loop == FATE_ERROR ? FATE_BLOCKED : loop;
			continue;
		}
		f.of[i][0] = fate_of_node(g, &f, i, NO_ITEM);
		if (node->kind != KIND_LOOP || f.of[i][0] == FATE_SKIPPED)
			continue;
		if (is_starved(g, &f, i))
			f.of[i][0] = FATE_BLOCKED;
		else if (f.of[i][0] == FATE_SUCCESS)
			f.of[i][0] = fate_of_loop(g, &f, i);
	}
	return f;
}

static inline bool run_fails(const struct random_graph *g, const struct fates *f)
{
	for (int i = 0; i < g->count; i++)
		if (g->nodes[i].loop == NO_NODE && f->of[i][0] == FATE_ERROR)
			return true;
	return false;
}

/* True if the log has the step: a node in a body has one for each item for which it ran. */
static inline bool has_run(const struct fates *f, int node, int item)
{
	return f->of[node][item] == FATE_SUCCESS || f->of[node][item] == FATE_ERROR;
}

/* What a change of one node reaches: by itself within the loop that it stands in, and in all. */
struct reached {
	bool inside[GRAPH_NODES], any[GRAPH_NODES];
};

static inline struct reached reached_from(const struct random_graph *g, int changed)
{
	struct reached r = { 0 };
	if (changed == NO_NODE)
		return r;
	r.inside[changed] = r.any[changed] = true;
	for (int round = 0; round < g->count;
	     round++) /* bodies change their loops, and those again */
		for (int i = 0; i < g->count; i++)
			for (int e = 0; e < g->nodes[i].edge_count; e++) {
				int source = g->nodes[i].edges[e].source, loop = g->nodes[i].loop;
				r.any[i] |= r.any[source];
				r.inside[i] |= r.inside[source] && g->nodes[source].loop == loop;
				if (loop != NO_NODE)
					r.any[loop] |= r.any[i];
			}
	return r;
}

/* True if a loop's list, or what its body takes from outside, is what it was. */
static inline bool items_are_the_same(const struct random_graph *g, const struct reached *r,
				      int loop)
{
	for (int i = loop; i < g->count && (i == loop || g->nodes[i].loop == loop); i++)
		for (int e = 0; e < g->nodes[i].edge_count; e++)
			if (g->nodes[i].edges[e].source < loop &&
			    r->any[g->nodes[i].edges[e].source])
				return false;
	return true;
}

/* True if a rerun in which only `changed` is another keeps the step, which had ended so. */
static inline bool is_kept(const struct random_graph *g, const struct fates *before,
			   const struct reached *r, int node, int item)
{
	int loop = g->nodes[node].loop;
	if (before->of[node][item] != FATE_SUCCESS)
		return false;
	return loop == NO_NODE ? !r->any[node] : !r->inside[node] && items_are_the_same(g, r, loop);
}
