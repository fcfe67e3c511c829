/*
 * Random workflows from a seed: nodes that need no network, branches, merges and loops, of which
 * one node may be made to fail. Sources come before what they feed here; the editor's order, in
 * which the JSON lists the nodes, is another.
 */
#pragma once
#include "jobs/base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { GRAPH_NODES = 30, NODE_SOURCES = 8, LOOP_ITEMS = 3, NO_NODE = -1, NO_ITEM = 0 };

enum kind {
	KIND_VARIABLE,
	KIND_LOGGER,
	KIND_PREVIEW,
	KIND_MERGE,
	KIND_BRANCH,
	KIND_LIST,
	KIND_LOOP
};

struct random_edge {
	int source;
	const char *handle;
};

struct random_node {
	enum kind kind;
	int loop;     /* in the body of which it stands, or NO_NODE */
	bool takes;   /* the true edges, of a branch */
	bool by_item; /* a branch that takes the true edges from the second item on */
	int items;    /* how many a list has, and a loop goes through */
	int edge_count;
	struct random_edge edges[NODE_SOURCES];
};

struct random_graph {
	uint64_t state; /* of the numbers */
	int count;
	struct random_node nodes[GRAPH_NODES];
	int order[GRAPH_NODES]; /* the editor's */
	int failing;            /* a node, or NO_NODE */
	int failing_item; /* at which it fails first, where it can tell items apart, or NO_ITEM */
};

/* A number below `limit`: splitmix64, which is good for any seed. */
static inline int draw(struct random_graph *g, int limit)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (int)((z ^ (z >> 31)) % (uint64_t)limit);
}

static inline struct random_node *add_node(struct random_graph *g, enum kind kind, int loop)
{
	struct random_node *node = &g->nodes[g->count++];
	*node = (struct random_node){ .kind = kind, .loop = loop, .takes = draw(g, 2) };
	return node;
}

static inline void add_edge(struct random_node *node, int source, const char *handle)
{
	if (node->edge_count < NODE_SOURCES)
		node->edges[node->edge_count++] = (struct random_edge){ source, handle };
}

/* Any output of a source but a loop's items. */
static inline const char *some_handle(struct random_graph *g, int source)
{
	static const char *const branches[] = { "true", "false", "true", "false", "" };
	switch (g->nodes[source].kind) {
	case KIND_BRANCH:
		return branches[draw(g, 5)];
	case KIND_LOOP:
		return "done";
	case KIND_VARIABLE:
	case KIND_LOGGER:
	case KIND_PREVIEW:
	case KIND_MERGE:
	case KIND_LIST:
		break;
	}
	return draw(g, 2) ? "output" : "";
}

/* Feeds the newest node from before `limit`; from a loop's body it comes after that loop. */
static inline void feed(struct random_graph *g, struct random_node *node, int limit)
{
	if (limit == 0)
		return;
	int source = draw(g, limit), loop = g->nodes[source].loop;
	if (loop == NO_NODE) {
		add_edge(node, source, some_handle(g, source));
	} else if (node->edge_count + 2 <= NODE_SOURCES) {
		add_edge(node, source, "");
		add_edge(node, loop, "done");
	}
}

static inline enum kind some_kind(struct random_graph *g)
{
	static const enum kind kinds[] = {
		KIND_VARIABLE, KIND_VARIABLE, KIND_VARIABLE, KIND_LOGGER,
		KIND_PREVIEW,  KIND_MERGE,    KIND_BRANCH,   KIND_BRANCH
	};
	return kinds[draw(g, 8)];
}

static inline void add_plain(struct random_graph *g)
{
	int before = g->count;
	struct random_node *node = add_node(g, some_kind(g), NO_NODE);
	for (int n = draw(g, 4); n > 0; n--)
		feed(g, node, before);
}

/* A node of a body: fed by its loop, by others of the body, and sometimes from outside. */
static inline void add_body_node(struct random_graph *g, int loop)
{
	int before = g->count;
	struct random_node *node = add_node(g, some_kind(g), loop);
	if (before == loop + 1 || draw(g, 2) == 0)
		add_edge(node, loop, "item");
	for (int n = node->edge_count ? draw(g, 2) : 1; n > 0 && before > loop + 1; n--) {
		int source = loop + 1 + draw(g, before - loop - 1);
		add_edge(node, source, some_handle(g, source));
	}
	node->by_item = node->kind == KIND_BRANCH && node->edges[0].source == loop;
	int outside = loop > 1 ? draw(g, loop - 1) : NO_NODE;
	if (draw(g, 4) == 0 && outside != NO_NODE && g->nodes[outside].loop == NO_NODE)
		add_edge(node, outside, some_handle(g, outside));
}

/* A list, the loop through it, and the loop's body. */
static inline void add_loop(struct random_graph *g)
{
	int before = g->count;
	struct random_node *list = add_node(g, KIND_LIST, NO_NODE);
	list->items = draw(g, LOOP_ITEMS + 1);
	if (draw(g, 2))
		feed(g, list, before);
	struct random_node *loop = add_node(g, KIND_LOOP, NO_NODE);
	loop->items = list->items;
	add_edge(loop, before, "output");
	for (int n = draw(g, 4); n > 0; n--)
		add_body_node(g, before + 1);
}

static inline bool can_fail(const struct random_node *node)
{
	return node->kind != KIND_LOGGER && node->kind != KIND_PREVIEW && node->kind != KIND_LOOP;
}

static inline void choose_failing(struct random_graph *g)
{
	int left = GRAPH_NODES;
	do
		g->failing = draw(g, g->count);
	while (!can_fail(&g->nodes[g->failing]) && --left > 0);
	const struct random_node *node = &g->nodes[g->failing];
	g->failing_item = NO_ITEM;
	if (left == 0)
		g->failing = NO_NODE;
	else if (node->loop != NO_NODE && node->kind == KIND_VARIABLE &&
		 node->edges[0].source == node->loop && g->nodes[node->loop].items > 0)
		g->failing_item = 1 + draw(g, g->nodes[node->loop].items);
}

/* The graph of that number: 2 to 30 nodes, small ones more often; one that can fail does. */
static inline struct random_graph random_graph(uint64_t number)
{
	struct random_graph g = { .state = number };
	int one = draw(&g, GRAPH_NODES - 1), other = draw(&g, GRAPH_NODES - 1);
	int count = 2 + (one < other ? one : other);
	while (g.count < count)
		if (g.count + 5 <= GRAPH_NODES && draw(&g, 8) == 0)
			add_loop(&g);
		else
			add_plain(&g);
	for (int i = 0; i < g.count; i++) {
		int j = draw(&g, i + 1);
		g.order[i] = g.order[j];
		g.order[j] = i;
	}
	choose_failing(&g);
	return g;
}

/* Item i has the number i, and all keys but the one of its own number. */
static inline void print_items(struct buf *b, int items)
{
	for (int i = 1; i <= items; i++) {
		buf_addf(b, "%s{\"n\":%d", i > 1 ? "," : "", i);
		for (int k = 1; k <= items; k++)
			if (k != i)
				buf_addf(b, ",\"k%d\":\"item %d\"", k, i);
		buf_adds(b, "}");
	}
}

static inline void print_config(struct buf *b, const struct random_graph *g, int i)
{
	const struct random_node *node = &g->nodes[i];
	bool fails = i == g->failing;
	if (fails && node->kind == KIND_MERGE)
		buf_adds(b, "\"strategy\":\"None\"");
	else if (fails && node->kind == KIND_BRANCH)
		buf_adds(b, "\"conditionType\":\"none\"");
	else if (fails && g->failing_item != NO_ITEM)
		buf_addf(b, "\"variableName\":\"v\",\"value\":\"{{n%d.k%d}}\"", node->loop,
			 g->failing_item);
	else if (node->kind == KIND_VARIABLE && !fails)
		buf_addf(b, "\"variableName\":\"v\",\"value\":\"of node %d\"", i);
	else if (node->kind == KIND_BRANCH && node->by_item)
		buf_addf(b, "\"conditionType\":\"expression\",\"condition\":\"{{n%d.n}} > 1\"",
			 node->loop);
	else if (node->kind == KIND_BRANCH)
		buf_addf(b, "\"conditionType\":\"expression\",\"condition\":\"%d == 1\"",
			 node->takes);
	if (node->kind != KIND_LIST)
		return;
	buf_addf(b, "%s\"value\":[", fails ? "" : "\"variableName\":\"items\",");
	print_items(b, node->items);
	buf_adds(b, "]");
}

/* The graph as the editor has it; the caller frees both texts. */
static inline void print_graph(const struct random_graph *g, char **ret_nodes, char **ret_edges)
{
	static const char *const types[] = {
		[KIND_VARIABLE] = "set-variable",
		[KIND_LOGGER] = "logger",
		[KIND_PREVIEW] = "preview-output",
		[KIND_MERGE] = "merge",
		[KIND_BRANCH] = "if-else",
		[KIND_LIST] = "set-variable",
		[KIND_LOOP] = "loop",
	};
	struct buf nodes = BUF(1 << 20), edges = BUF(1 << 20);
	for (int at = 0; at < g->count; at++) {
		int i = g->order[at];
		const struct random_node *node = &g->nodes[i];
		buf_addf(&nodes, "%s{\"id\":\"n%d\",\"type\":\"%s\",\"data\":{\"config\":{",
			 at ? "," : "[", i, types[node->kind]);
		print_config(&nodes, g, i);
		buf_adds(&nodes, "}}}");
		for (int e = 0; e < node->edge_count; e++)
			buf_addf(&edges,
				 "%s{\"id\":\"e%d.%d\",\"source\":\"n%d\",\"target\":\"n%d\","
				 "\"sourceHandle\":\"%s\"}",
				 edges.len ? "," : "[", i, e, node->edges[e].source, i,
				 node->edges[e].handle);
	}
	buf_adds(&nodes, "]");
	buf_adds(&edges, edges.len ? "]" : "[]");
	*ret_nodes = buf_take(&nodes);
	*ret_edges = buf_take(&edges);
}
