/*
 * A workflow's graph, read from the editor's nodes and edges: checked, ordered, ready to be run.
 * Nodes that the editor disabled are left out, and their edges with them.
 *
 * What hangs on a loop's `item` edges, directly or further down, is its body and runs item by item;
 * what can also be reached from its other edges is not, and comes after it.
 */
#pragma once
#include "jobs/base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

enum { GRAPH_MAX_NODES = 1000, GRAPH_MAX_EDGES = 5000, GRAPH_MAX_LOOPS = 50 };

struct node_type;

enum { GRAPH_NO_LOOP = -1 };

/* An edge, seen from the node that it leads to. */
struct graph_edge {
	size_t source;      /* index of the node that it comes from */
	const char *handle; /* the source's output, as the editor names it; "" for none */
	bool order_only;    /* carries nothing: the source only has to be settled first */
};

struct graph_node {
	const char *id, *title; /* borrowed from the graph's JSON, like config */
	const struct node_type *type;
	struct json_object *config; /* NULL where the node has none */
	struct graph_edge *edges;   /* what feeds it, in the order of the editor's edges */
	size_t edge_count;
	long loop; /* index of the loop that runs it item by item, or GRAPH_NO_LOOP */
};

struct graph {
	struct graph_node *nodes; /* in running order: every node after those that feed it */
	size_t count;
	struct json_object *nodes_json, *edges_json;
};

/*
 * Reads and checks a graph. ERR_INVALID where it cannot be run: no nodes, more than the limits,
 * a duplicate id, an edge to a node that does not exist, a cycle, a type that is unknown or not
 * run here, a loop inside a loop; err_details lists every fault by its node. The order is that of
 * the nodes as far as the edges allow, so it is always the same. graph_clear frees it.
 */
must_check struct err *graph_read(const char *nodes, const char *edges, struct graph *ret);
void graph_clear(struct graph *g);

/* The steps as execution_create wants them: [{nodeId,nodeType,nodeTitle}]; the caller frees it. */
char *graph_steps(const struct graph *g) __attribute__((returns_nonnull));

/* The index of the node of that id, or the graph's count. */
size_t graph_find(const struct graph *g, const char *id);
