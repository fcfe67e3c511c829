#include "jobs/nodes/graph.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/nodes/node.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FAULTS = 50 };

/* Ids to nodes, in order of id; built once, then searched. */
struct entry {
	const char *id;
	size_t index;
};

/* What reading needs besides the graph itself. */
struct reader {
	struct graph *graph;
	struct json_object *faults; /* array of {"path":["nodes",id],"message"} */
	struct entry *index;
	size_t *waiting_for; /* per node: sources that are not in order yet */
};

static void reader_clear(struct reader *r)
{
	json_object_put(r->faults);
	free(r->index);
	free(r->waiting_for);
}

/* Notes what is wrong with the node or edge `id` of `where`, "nodes" or "edges". */
__attribute__((format(printf, 4, 5))) static void fault(struct reader *r, const char *where,
							const char *id, const char *fmt, ...)
{
	if (json_object_array_length(r->faults) >= MAX_FAULTS)
		return;
	char message[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	utf8_repair(message); /* where a title was cut */
	struct json_object *path = json_object_new_array(), *one = json_object_new_object();
	json_object_array_add(path, json_object_new_string(where));
	json_object_array_add(path, json_object_new_string(id));
	js_set(one, "path", path);
	js_set_string(one, "message", message);
	json_object_array_add(r->faults, one);
}

/* The faults as one error: the first is the message, all are the details. NULL without any. */
static struct err *faults_error(const struct reader *r)
{
	if (json_object_array_length(r->faults) == 0)
		return NULL;
	struct json_object *first = json_object_array_get_idx(r->faults, 0);
	cleanup(cleanup_free) char *details = js_text(r->faults);
	struct err *e =
		err_new(ERR_INVALID, "This workflow cannot run: %s", js_string(first, "message"));
	err_set_details(e, details);
	return e;
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
		fault(r, "nodes", node->id,
		      "Node \"%.80s\" is of type %.60s, which this server keeps but does not run; "
		      "disable or remove it",
		      node->title, type);
	else
		fault(r, "nodes", node->id,
		      "Node \"%.80s\" is of type \"%.60s\", which this server "
		      "cannot run; disable or replace it",
		      node->title, type);
}

static void read_node(struct reader *r, struct json_object *json)
{
	struct graph *g = r->graph;
	const char *id = js_string(json, "id");
	if (!id || !*id || js_has_nul(js_get(json, "id"))) {
		fault(r, "nodes", "", "A node has no usable id");
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
			fault(r, "nodes", r->index[i].id,
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
		fault(r, "edges", edge_id ? edge_id : "",
		      "The edge \"%.80s\" has a %s that does not exist (\"%.80s\")",
		      edge_id ? edge_id : "?", end, id ? id : "?");
	return index;
}

static bool feeds(const struct graph_node *node, size_t source)
{
	for (size_t i = 0; i < node->source_count; i++)
		if (node->sources[i] == source)
			return true;
	return false;
}

static void read_edges(struct reader *r)
{
	struct graph *g = r->graph;
	size_t n = json_object_array_length(g->edges_json);
	for (size_t i = 0; i < n; i++) {
		struct json_object *edge = json_object_array_get_idx(g->edges_json, i);
		size_t source = end_of(r, edge, "source"), target = end_of(r, edge, "target");
		if (source == g->count || target == g->count)
			continue;
		struct graph_node *node = &g->nodes[target];
		if (feeds(node, source)) /* two edges between the same two carry the same value */
			continue;
		node->sources =
			mem_resize(node->sources, node->source_count + 1, sizeof(*node->sources));
		node->sources[node->source_count++] = source;
		r->waiting_for[target]++;
	}
}

/* Tells those that `done` feeds that one of their sources is in order. */
static void release(struct reader *r, size_t done)
{
	for (size_t i = 0; i < r->graph->count; i++)
		if (feeds(&r->graph->nodes[i], done))
			r->waiting_for[i]--;
}

/* Sources are named by their places in the new order. */
static void renumber(struct graph *g, const size_t *place)
{
	for (size_t i = 0; i < g->count; i++)
		for (size_t j = 0; j < g->nodes[i].source_count; j++)
			g->nodes[i].sources[j] = place[g->nodes[i].sources[j]];
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
	size_t n = 0;
	for (size_t i = 0; i < g->count;) {
		if (placed[i] || r->waiting_for[i] > 0) {
			i++;
			continue;
		}
		placed[i] = true;
		place[i] = n;
		ordered[n++] = g->nodes[i];
		release(r, i);
		i = 0;
	}
	for (size_t i = 0; i < g->count; i++)
		if (!placed[i])
			fault(r, "nodes", g->nodes[i].id,
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
	TRY(faults_error(r));
	if (g->count == 0)
		return err_new(ERR_INVALID, "Workflow has no nodes to execute");
	read_edges(r);
	put_in_order(r);
	return faults_error(r);
}

struct err *graph_read(const char *nodes, const char *edges, struct graph *ret)
{
	*ret = (struct graph){ 0 };
	cleanup(reader_clear) struct reader r = { .graph = ret, .faults = json_object_new_array() };
	struct err *e = read_graph(&r, nodes, edges);
	if (e)
		graph_clear(ret);
	return e;
}

void graph_clear(struct graph *g)
{
	for (size_t i = 0; i < g->count; i++)
		free(g->nodes[i].sources);
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
