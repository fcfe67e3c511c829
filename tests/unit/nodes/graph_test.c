#include "jobs/nodes/graph.h"

#include "jobs/base/buf.h"
#include "jobs/base/js.h"
#include "jobs/base/utf8.h"
#include "jobs/nodes/node.h"
#include "tests/unit/check.h"

#define NODE(id)           "{\"id\":\"" id "\",\"type\":\"logger\"}"
#define OFF(id)            "{\"id\":\"" id "\",\"type\":\"logger\",\"data\":{\"status\":\"disabled\"}}"
#define EDGE(id, from, to) "{\"id\":\"" id "\",\"source\":\"" from "\",\"target\":\"" to "\"}"

static void cleanup_graph(struct graph *g)
{
	graph_clear(g);
}

/* The ids in running order, with blanks between; the caller frees it. */
static char *order(const char *nodes, const char *edges)
{
	cleanup(cleanup_graph) struct graph g = { 0 };
	assert_ok(graph_read(nodes, edges, &g));
	struct buf ids = BUF(1 << 20);
	for (size_t i = 0; i < g.count; i++)
		buf_addf(&ids, "%s%s", i ? " " : "", g.nodes[i].id);
	return buf_take(&ids);
}

static void the_order_is_the_editors_as_far_as_the_edges_allow(void **state)
{
	(void)state;
	static const struct {
		const char *nodes, *edges, *order;
	} cases[] = {
		{ "[" NODE("a") "]", "[]", "a" },
		{ "[" NODE("c") "," NODE("a") "," NODE("b") "]", "[]", "c a b" },
		{ "[" NODE("c") "," NODE("b") "," NODE("a") "]",
		  "[" EDGE("1", "a", "b") "," EDGE("2", "b", "c") "]", "a b c" },
		{ "[" NODE("d") "," NODE("c") "," NODE("b") "," NODE("a") "]",
		  "[" EDGE("1", "a", "b") "," EDGE("2", "a", "c") "," EDGE("3", "b", "d") "," EDGE(
			  "4", "c", "d") "]",
		  "a c b d" },
		{ "[" NODE("a") "," NODE("b") "]",
		  "[" EDGE("1", "a", "b") "," EDGE("2", "a", "b") "]", "a b" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *once = order(cases[i].nodes, cases[i].edges),
					   *twice = order(cases[i].nodes, cases[i].edges);
		assert_string_equal(once, cases[i].order);
		assert_string_equal(twice, once);
	}
}

static void sources_come_in_the_order_of_the_edges(void **state)
{
	(void)state;
	cleanup(cleanup_graph) struct graph g = { 0 };
	assert_ok(graph_read(
		"[" NODE("z") "," NODE("a") "," NODE("b") "]",
		"[" EDGE("1", "b", "z") "," EDGE("2", "a", "z") "," EDGE("3", "b", "z") "]", &g));
	const struct graph_node *z = &g.nodes[graph_find(&g, "z")];
	assert_int_equal(z->edge_count, 2);
	assert_string_equal(g.nodes[z->edges[0].source].id, "b");
	assert_string_equal(g.nodes[z->edges[1].source].id, "a");
	assert_int_equal(graph_find(&g, "nowhere"), g.count);
}

static void disabled_nodes_are_left_out(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *ids =
		order("[" NODE("a") "," OFF("b") "," NODE("c") "]",
		      "[" EDGE("1", "a", "b") "," EDGE("2", "b", "c") "]");
	assert_string_equal(ids, "a c");
	cleanup(cleanup_free) char *retired =
		order("[" NODE("a") ",{\"id\":\"r\",\"type\":\"render-video\",\"data\":{\"status\":"
				    "\"disabled\"}}]",
		      "[]");
	assert_string_equal(retired, "a");
}

static void a_node_is_read_as_the_editor_wrote_it(void **state)
{
	(void)state;
	cleanup(cleanup_graph) struct graph g = { 0 };
	assert_ok(graph_read(
		"[{\"id\":\"a\",\"type\":\"custom\",\"data\":{\"definition\":{\"type\":\"voice."
		"tts\","
		"\"title\":\"Speak\"},\"config\":{\"format\":\"wav\"}}},"
		"{\"id\":\"b\",\"type\":\"logger\",\"data\":{\"definition\":{\"title\":\"\"}}},"
		"{\"id\":\"c\",\"type\":\"logger\",\"data\":{\"definition\":{\"title\":"
		"\"a\\u0000b\"}}}]",
		"[]", &g));
	assert_string_equal(g.nodes[0].type->name, "voice.tts");
	assert_string_equal(g.nodes[0].title, "Speak");
	assert_string_equal(js_string(g.nodes[0].config, "format"), "wav");
	assert_string_equal(g.nodes[1].title, "logger");
	assert_null(g.nodes[1].config);
	assert_string_equal(g.nodes[2].title, "logger");
	cleanup(cleanup_free) char *steps = graph_steps(&g);
	assert_has(steps,
		   "[{\"nodeId\":\"a\",\"nodeType\":\"voice.tts\",\"nodeTitle\":\"Speak\"},");
}

static void every_fault_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *nodes, *edges, *message;
	} cases[] = {
		{ "[]", "[]", "Workflow has no nodes to execute" },
		{ "[" OFF("a") "]", "[]", "Workflow has no nodes to execute" },
		{ "{}", "[]", "nodes are not a list" },
		{ "null", "[]", "nodes are not a list" },
		{ "[" NODE("a") "]", "7", "edges are not a list" },
		{ "[", "[]", "Malformed JSON" },
		{ "[{\"type\":\"logger\"}]", "[]", "A node has no usable id" },
		{ "[{\"id\":\"\",\"type\":\"logger\"}]", "[]", "A node has no usable id" },
		{ "[{\"id\":7,\"type\":\"logger\"}]", "[]", "A node has no usable id" },
		{ "[{\"id\":\"a\\u0000\",\"type\":\"logger\"}]", "[]", "A node has no usable id" },
		{ "[null]", "[]", "A node has no usable id" },
		{ "[\"a\"]", "[]", "A node has no usable id" },
		{ "[" NODE("a") "," NODE("b") "," NODE("a") "]", "[]",
		  "There are two nodes with the id \"a\"" },
		{ "[{\"id\":\"a\"}]", "[]", "of type \"\", which this server cannot run" },
		{ "[{\"id\":\"a\",\"type\":\"teleport\"}]", "[]",
		  "of type \"teleport\", which this server cannot run" },
		{ "[{\"id\":\"a\",\"type\":\"clip-joiner\"}]", "[]",
		  "of type clip-joiner, which this server keeps but does not run" },
		{ "[" NODE("a") "]", "[" EDGE("e", "a", "x") "]",
		  "The edge \"e\" has a target that does not exist (\"x\")" },
		{ "[" NODE("a") "]", "[" EDGE("e", "x", "a") "]",
		  "The edge \"e\" has a source that does not exist (\"x\")" },
		{ "[" NODE("a") "]", "[{\"id\":\"e\"}]", "The edge \"e\" has a source" },
		{ "[" NODE("a") "]", "[null]", "The edge \"?\" has a source" },
		{ "[" NODE("a") "]", "[" EDGE("e", "a", "a") "]", "is part of a cycle" },
		{ "[" NODE("a") "," NODE("b") "]",
		  "[" EDGE("1", "a", "b") "," EDGE("2", "b", "a") "]", "is part of a cycle" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct graph g = { 0 };
		assert_error(graph_read(cases[i].nodes, cases[i].edges, &g), ERR_INVALID,
			     cases[i].message);
		assert_null(g.nodes);
	}
}

/* The details of the error that reading gives, as an array. */
static struct json_object *details(const char *nodes, const char *edges)
{
	struct graph g = { 0 };
	cleanup(cleanup_err) struct err *e = graph_read(nodes, edges, &g);
	assert_non_null(e);
	assert_true(utf8_is_valid(err_message(e), strlen(err_message(e))));
	struct json_object *list = NULL;
	assert_ok(js_parse(err_details(e), strlen(err_details(e)), &list));
	return list;
}

static void all_faults_are_told_at_once_by_their_place(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *nodes = details(
		"[{\"id\":\"a\",\"type\":\"x\"}," NODE("b") ",{\"id\":\"c\",\"type\":\"y\"}]",
		"[]");
	assert_int_equal(json_object_array_length(nodes), 2);
	assert_has(json_object_to_json_string_ext(nodes, JSON_C_TO_STRING_PLAIN),
		   "{\"path\":[\"nodes\",\"c\"],\"message\":");
	cleanup(cleanup_json) struct json_object *edges = details(
		"[" NODE("a") "," NODE("b") "," NODE("c") "]",
		"[" EDGE("1", "a", "x") "," EDGE("2", "a", "b") "," EDGE("3", "b", "a") "]");
	const char *text = json_object_to_json_string_ext(edges, JSON_C_TO_STRING_PLAIN);
	assert_int_equal(json_object_array_length(edges), 3);
	assert_has(text, "[\"edges\",\"1\"]");
	assert_has(text, "[\"nodes\",\"a\"]");
	assert_has(text, "[\"nodes\",\"b\"]");
}

static void a_long_title_is_cut_between_characters(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		cleanup(buf_clear) struct buf nodes = BUF(10000);
		buf_adds(&nodes,
			 "[{\"id\":\"a\",\"type\":\"x\",\"data\":{\"definition\":{\"title\":\"");
		for (size_t i = 0; i < shift; i++)
			buf_adds(&nodes, ".");
		for (int i = 0; i < 200; i++)
			buf_adds(&nodes, "\xe2\x82\xac");
		buf_adds(&nodes, "\"}}}]");
		cleanup(cleanup_json) struct json_object *list = details(nodes.data, "[]");
		assert_int_equal(json_object_array_length(list), 1);
	}
}

/* `nodes` nodes in a row in reverse, and as many edges, some of them over and over. */
static struct err *read_row(size_t nodes, size_t edges, struct graph *ret)
{
	cleanup(buf_clear) struct buf n = BUF(1 << 20), e = BUF(1 << 20);
	for (size_t i = nodes; i > 0; i--)
		buf_addf(&n, "%s{\"id\":\"n%zu\",\"type\":\"logger\"}", i < nodes ? "," : "[",
			 i - 1);
	for (size_t i = 0; i < edges; i++)
		buf_addf(&e, "%s{\"id\":\"e%zu\",\"source\":\"n%zu\",\"target\":\"n%zu\"}",
			 i ? "," : "[", i, i % (nodes - 1), i % (nodes - 1) + 1);
	buf_adds(&n, "]");
	buf_adds(&e, "]");
	return graph_read(n.data, e.data, ret);
}

static void the_largest_graph_is_read(void **state)
{
	(void)state;
	cleanup(cleanup_graph) struct graph g = { 0 };
	assert_ok(read_row(GRAPH_MAX_NODES, GRAPH_MAX_EDGES, &g));
	assert_int_equal(g.count, GRAPH_MAX_NODES);
	for (size_t i = 0; i < g.count; i++) {
		assert_int_equal(strtol(g.nodes[i].id + 1, NULL, 10), i);
		assert_int_equal(g.nodes[i].edge_count, i > 0);
	}
}

static void more_is_refused(void **state)
{
	(void)state;
	struct graph g = { 0 };
	assert_error(read_row(GRAPH_MAX_NODES + 1, 1, &g), ERR_INVALID, "more than 1000 nodes");
	assert_error(read_row(2, GRAPH_MAX_EDGES + 1, &g), ERR_INVALID, "more than 5000 edges");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_the_editors_as_far_as_the_edges_allow),
		cmocka_unit_test(sources_come_in_the_order_of_the_edges),
		cmocka_unit_test(disabled_nodes_are_left_out),
		cmocka_unit_test(a_node_is_read_as_the_editor_wrote_it),
		cmocka_unit_test(every_fault_is_told),
		cmocka_unit_test(all_faults_are_told_at_once_by_their_place),
		cmocka_unit_test(a_long_title_is_cut_between_characters),
		cmocka_unit_test(the_largest_graph_is_read),
		cmocka_unit_test(more_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
