#include "jobs/nodes/graph.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/faults.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/node.h"

#include <stdlib.h>
#include <string.h>

static const char cannot_run[] = "This workflow cannot run: %s";

/* Ids to nodes, in order of id; built once, then searched. */
struct entry {
	const char *id;
	size_t index;
};

/* What reading needs besides the graph itself. */
struct reader {
	struct graph *graph;
	struct faults faults;
	struct entry *index;
	size_t *waiting_for; /* per node: sources that are not in order yet */
};

static void reader_clear(struct reader *r)
{
	faults_clear(&r->faults);
	free(r->index);
	free(r->waiting_for);
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

/* The index of node `id`, or the graph's count. */
static size_t look_up(const struct reader *r, const char *id)
{
	const struct entry wanted = { .id = id };
	const struct entry *found =
		bsearch(&wanted, r->index, r->graph->count, sizeof(wanted), compare_entries);
	return found ? found->index : r->graph->count;
}

static bool is_disabled(struct json_object *node)
{
	const char *status = js_string(js_get(node, "data"), "status");
	return status && !strcmp(status, "disabled");
}

static struct json_object *definition_of(struct json_object *node)
{
	return js_get(js_get(node, "data"), "definition");
}

static const char *type_of(struct json_object *node)
{
	const char *type = js_string(definition_of(node), "type");
	if (!type)
		type = js_string(node, "type");
	return type ? type : "";
}

static void read_type(struct reader *r, struct graph_node *node, const char *type)
{
	node->type = node_type_find(type);
	if (node->type)
		return;
	if (node_type_is_retired(type))
		faults_add(&r->faults, "nodes", node->id,
			   "Node \"%.80s\" is of type %.60s, which this server keeps but does not "
			   "run; "
			   "disable or remove it",
			   node->title, type);
	else
		faults_add(&r->faults, "nodes", node->id,
			   "Node \"%.80s\" is of type \"%.60s\", which this server "
			   "cannot run; disable or replace it",
			   node->title, type);
}

static void read_node(struct reader *r, struct json_object *json)
{
	struct graph *g = r->graph;
	const char *id = js_string(json, "id");
	if (!id || !*id || js_has_nul(js_get(json, "id"))) {
		faults_add(&r->faults, "nodes", "", "A node has no usable id");
		return;
	}
	if (is_disabled(json))
		return;
	const char *title = js_string(definition_of(json), "title");
	const char *type = type_of(json);
	struct graph_node *node = &g->nodes[g->count];
	*node = (struct graph_node){
		.id = id,
		.title = title && *title && !js_has_nul(js_get(definition_of(json), "title"))
				 ? title
				 : type,
		.config = js_get(js_get(json, "data"), "config"),
		.loop = GRAPH_NO_LOOP,
	};
	read_type(r, node, type);
	r->index[g->count] = (struct entry){ id, g->count };
	g->count++;
}

static void read_nodes(struct reader *r)
{
	struct graph *g = r->graph;
	size_t n = json_object_array_length(g->nodes_json);
	g->nodes = mem_alloc(n * sizeof(*g->nodes));
	r->index = mem_alloc(n * sizeof(*r->index));
	r->waiting_for = mem_alloc(n * sizeof(*r->waiting_for));
	for (size_t i = 0; i < n; i++)
		read_node(r, json_object_array_get_idx(g->nodes_json, i));
	qsort(r->index, g->count, sizeof(*r->index), compare_entries);
	for (size_t i = 1; i < g->count; i++)
		if (!strcmp(r->index[i - 1].id, r->index[i].id))
			faults_add(&r->faults, "nodes", r->index[i].id,
				   "There are two nodes with the id \"%.80s\"", r->index[i].id);
}

/* True for a node that is in the editor's list but left out of the run. */
static bool is_left_out(const struct graph *g, const char *id)
{
	size_t n = json_object_array_length(g->nodes_json);
	for (size_t i = 0; i < n; i++) {
		struct json_object *node = json_object_array_get_idx(g->nodes_json, i);
		const char *other = js_string(node, "id");
		if (other && !strcmp(other, id))
			return is_disabled(node);
	}
	return false;
}

/* The node at one end of an edge; the graph's count where there is none to run. */
static size_t end_of(struct reader *r, struct json_object *edge, const char *end)
{
	const char *id = js_string(edge, end), *edge_id = js_string(edge, "id");
	size_t index = id ? look_up(r, id) : r->graph->count;
	if (index == r->graph->count && !(id && is_left_out(r->graph, id)))
		faults_add(&r->faults, "edges", edge_id ? edge_id : "",
			   "The edge \"%.80s\" has a %s that does not exist (\"%.80s\")",
			   edge_id ? edge_id : "?", end, id ? id : "?");
	return index;
}

static bool has_edge(const struct graph_node *node, size_t source, const char *handle)
{
	for (size_t i = 0; i < node->edge_count; i++)
		if (node->edges[i].source == source && !strcmp(node->edges[i].handle, handle))
			return true;
	return false;
}

static void add_edge(struct graph_node *node, struct graph_edge edge)
{
	if (has_edge(node, edge.source, edge.handle))
		return; /* drawn twice, it carries the same value */
	node->edges = mem_resize(node->edges, node->edge_count + 1, sizeof(*node->edges));
	node->edges[node->edge_count++] = edge;
}

static void read_edges(struct reader *r)
{
	struct graph *g = r->graph;
	size_t n = json_object_array_length(g->edges_json);
	for (size_t i = 0; i < n; i++) {
		struct json_object *edge = json_object_array_get_idx(g->edges_json, i);
		size_t source = end_of(r, edge, "source"), target = end_of(r, edge, "target");
		const char *handle = js_string(edge, "sourceHandle");
		if (source == g->count || target == g->count)
			continue;
		add_edge(&g->nodes[target],
			 (struct graph_edge){ source, handle ? handle : "", false });
	}
}

/* True if an edge leads on from what has been reached so far. */
static bool leads_on(const struct graph_edge *edge, size_t loop, bool over_items,
		     const bool *reached)
{
	bool is_item = !strcmp(edge->handle, "item");
	return edge->source == loop ? is_item == over_items : reached[edge->source];
}

/* Marks the nodes that one more edge reaches; true if there were any. */
static bool reach_further(const struct graph *g, size_t loop, bool over_items, bool *reached)
{
	bool grew = false;
	for (size_t i = 0; i < g->count; i++) {
		const struct graph_node *node = &g->nodes[i];
		for (size_t j = 0; !reached[i] && j < node->edge_count; j++) {
			reached[i] = leads_on(&node->edges[j], loop, over_items, reached);
			grew |= reached[i];
		}
	}
	return grew;
}

/* Marks in `reached` what can be reached from `loop` over its `item` edges, or over its others. */
static void reach(const struct graph *g, size_t loop, bool over_items, bool *reached)
{
	while (reach_further(g, loop, over_items, reached))
		continue;
}

/* Makes a loop wait for what feeds its body from outside, so that each item finds it there. */
static void wait_for_outside(struct graph *g, size_t loop)
{
	for (size_t i = 0; i < g->count; i++) {
		for (size_t j = 0; g->nodes[i].loop == (long)loop && j < g->nodes[i].edge_count;
		     j++) {
			size_t source = g->nodes[i].edges[j].source;
			if (source != loop && g->nodes[source].loop != (long)loop)
				add_edge(&g->nodes[loop],
					 (struct graph_edge){ source, "order", true });
		}
	}
}

static void find_body(struct reader *r, size_t loop)
{
	struct graph *g = r->graph;
	cleanup(cleanup_free) bool *inside = mem_alloc(g->count);
	cleanup(cleanup_free) bool *after = mem_alloc(g->count);
	reach(g, loop, true, inside);
	reach(g, loop, false, after);
	for (size_t i = 0; i < g->count; i++) {
		struct graph_node *node = &g->nodes[i];
		if (!inside[i] || after[i] || i == loop)
			continue;
		if (node->type->loops || node->loop != GRAPH_NO_LOOP)
			faults_add(&r->faults, "nodes", node->id,
				   "Node \"%.80s\" stands in a loop inside a loop, which cannot be "
				   "run",
				   node->title);
		node->loop = (long)loop;
	}
	wait_for_outside(g, loop);
}

static void find_loops(struct reader *r)
{
	int loops = 0;
	for (size_t i = 0; i < r->graph->count; i++) {
		const struct graph_node *node = &r->graph->nodes[i];
		if (!node->type->loops)
			continue;
		if (++loops > GRAPH_MAX_LOOPS) {
			faults_add(&r->faults, "nodes", node->id,
				   "The workflow has more than %d loops", GRAPH_MAX_LOOPS);
			return;
		}
		find_body(r, i);
	}
}

/* How many edges of `node` come from `source`. */
static size_t edges_from(const struct graph_node *node, size_t source)
{
	size_t n = 0;
	for (size_t i = 0; i < node->edge_count; i++)
		n += node->edges[i].source == source;
	return n;
}

/* Nodes are named by their places in the new order. */
static void renumber(struct graph *g, const size_t *place)
{
	for (size_t i = 0; i < g->count; i++) {
		struct graph_node *node = &g->nodes[i];
		for (size_t j = 0; j < node->edge_count; j++)
			node->edges[j].source = place[node->edges[j].source];
		if (node->loop != GRAPH_NO_LOOP)
			node->loop = (long)place[node->loop];
	}
}

/* The first node that has no place yet and waits for none; the graph's count where there is none.
 */
static size_t next_free(const struct reader *r, const bool *placed)
{
	size_t i = 0;
	while (i < r->graph->count && (placed[i] || r->waiting_for[i] > 0))
		i++;
	return i;
}

/*
 * Kahn's algorithm, always taking the first node that can go next: the order is the editor's as
 * far as the edges allow. What is left over in the end stands in a cycle, or behind one.
 */
static void put_in_order(struct reader *r)
{
	struct graph *g = r->graph;
	struct graph_node *ordered = mem_alloc(g->count * sizeof(*ordered));
	cleanup(cleanup_free) size_t *place = mem_alloc(g->count * sizeof(*place));
	cleanup(cleanup_free) bool *placed = mem_alloc(g->count);
	for (size_t i = 0; i < g->count; i++)
		r->waiting_for[i] = g->nodes[i].edge_count;
	size_t n = 0;
	for (size_t i; (i = next_free(r, placed)) < g->count;) {
		placed[i] = true;
		place[i] = n;
		ordered[n++] = g->nodes[i];
		for (size_t j = 0; j < g->count; j++)
			r->waiting_for[j] -= edges_from(&g->nodes[j], i);
	}
	for (size_t i = 0; i < g->count; i++)
		if (!placed[i])
			faults_add(&r->faults, "nodes", g->nodes[i].id,
				   "Node \"%.80s\" is part of a cycle, or comes after one",
				   g->nodes[i].title);
	if (n < g->count) {
		free(ordered);
		return;
	}
	free(g->nodes);
	g->nodes = ordered;
	renumber(g, place);
}

static struct err *read_array(const char *text, const char *what, size_t max,
			      struct json_object **ret)
{
	struct json_object *array = NULL;
	TRY(js_parse(text, strlen(text), &array));
	*ret = array;
	if (!json_object_is_type(array, json_type_array))
		return err_new(ERR_INVALID, "The workflow's %s are not a list", what);
	if (json_object_array_length(array) > max)
		return err_new(ERR_INVALID, "The workflow has more than %zu %s", max, what);
	return NULL;
}

static struct err *read_graph(struct reader *r, const char *nodes, const char *edges)
{
	struct graph *g = r->graph;
	TRY(read_array(nodes, "nodes", GRAPH_MAX_NODES, &g->nodes_json));
	TRY(read_array(edges, "edges", GRAPH_MAX_EDGES, &g->edges_json));
	read_nodes(r);
	TRY(faults_error(&r->faults, cannot_run));
	if (g->count == 0)
		return err_new(ERR_INVALID, "Workflow has no nodes to execute");
	read_edges(r);
	find_loops(r);
	put_in_order(r);
	return faults_error(&r->faults, cannot_run);
}

struct err *graph_read(const char *nodes, const char *edges, struct graph *ret)
{
	*ret = (struct graph){ 0 };
	cleanup(reader_clear) struct reader r = { .graph = ret };
	struct err *e = read_graph(&r, nodes, edges);
	if (e)
		graph_clear(ret);
	return e;
}

void graph_clear(struct graph *g)
{
	for (size_t i = 0; i < g->count; i++)
		free(g->nodes[i].edges);
	free(g->nodes);
	json_object_put(g->nodes_json);
	json_object_put(g->edges_json);
	*g = (struct graph){ 0 };
}

char *graph_steps(const struct graph *g)
{
	cleanup(cleanup_json) struct json_object *steps = json_object_new_array();
	for (size_t i = 0; i < g->count; i++) {
		struct json_object *step = json_object_new_object();
		js_set_string(step, "nodeId", g->nodes[i].id);
		js_set_string(step, "nodeType", g->nodes[i].type->name);
		js_set_string(step, "nodeTitle", g->nodes[i].title);
		json_object_array_add(steps, step);
	}
	return js_text(steps);
}

size_t graph_find(const struct graph *g, const char *id)
{
	size_t i = 0;
	while (i < g->count && strcmp(g->nodes[i].id, id) != 0)
		i++;
	return i;
}
