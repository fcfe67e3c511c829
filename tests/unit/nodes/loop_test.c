#include "tests/unit/nodes/fixture.h"

static void assert_items(const char *config, const char *inputs, const char *items)
{
	cleanup(fixture_clear) struct fixture f = { 0 };
	assert_ok(run_node(&f, "loop", config, inputs));
	assert_json(js_get(f.output, "items"), items);
	assert_json(js_get(f.output, "completed"), "true");
	assert_int_equal(json_object_get_int(js_get(f.output, "iterations")),
			 json_object_array_length(js_get(f.output, "items")));
}

static void finds_the_list(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{\"a\":[1,2]}", "[1,2]" },
		{ "{\"a\":[]}", "[]" },
		{ "{\"a\":{\"n\":1,\"tags\":[1],\"items\":[2]}}", "[2]" },
		{ "{\"a\":{\"items\":\"x\",\"tags\":[1],\"more\":[2]}}", "[1]" },
		{ "{\"t\":{\"triggered\":true},\"a\":{\"tags\":[1]}}", "[1]" },
		{ "{\"a\":{\"text\":\"x\\ny\"},\"b\":[3]}", "[3]" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_items("{}", cases[i][0], cases[i][1]);
}

static void splits_a_text(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{\"a\":{\"text\":\"one\\ntwo\\r\\n\\r\\n \\t\\n three \\n\"}}",
		  "[\"one\",\"two\",\" three \"]" },
		{ "{\"a\":\"one\"}", "[\"one\"]" },
		{ "{\"a\":\"\"}", "[]" },
		{ "{\"a\":\"  [1,\\n\\\"b\\\"] \"}", "[1,\"b\"]" },
		{ "{\"a\":\"[1,\\n2\"}", "[\"[1,\",\"2\"]" },
		{ "{\"a\":\"{\\\"b\\\":1}\"}", "[\"{\\\"b\\\":1}\"]" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_items("{}", cases[i][0], cases[i][1]);
}

static void cuts_the_list_and_says_so(void **state)
{
	(void)state;
	assert_items("{\"maxIterations\":\"2\"}", "{\"a\":[1,2,3]}", "[1,2]");
	assert_items("{\"maxIterations\":0}", "{\"a\":[1,2,3]}", "[1]");
	cleanup(fixture_clear) struct fixture f = { 0 };
	assert_ok(run_node(&f, "loop", "{\"maxIterations\":2}", "{\"a\":[1,2,3]}"));
	assert_json(f.run.notes, "[\"Only the first 2 of 3 items: that is the maximum set\"]");
	assert_json(js_get(f.run.inputs, "a"), "[1,2,3]");
}

static void has_a_limit_of_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *config;
		int iterations;
	} cases[] = { { "{}", 100 }, { "{\"maxIterations\":1e9}", 1000 } };
	cleanup(cleanup_json) struct json_object *many = json_object_new_object();
	struct json_object *list = json_object_new_array();
	js_set(many, "a", list);
	for (int i = 0; i < 1500; i++)
		json_object_array_add(list, json_object_new_int(i));
	cleanup(cleanup_free) char *inputs = js_text(many);
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(fixture_clear) struct fixture f = { 0 };
		assert_ok(run_node(&f, "loop", cases[i].config, inputs));
		assert_int_equal(json_object_get_int(js_get(f.output, "iterations")),
				 cases[i].iterations);
	}
}

static void refuses_what_has_no_list(void **state)
{
	(void)state;
	assert_refused("loop", "{}", "{}", "nothing to go through");
	assert_refused("loop", "{}", "{\"a\":{\"n\":1}}", "nothing to go through");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_list),
		cmocka_unit_test(splits_a_text),
		cmocka_unit_test(cuts_the_list_and_says_so),
		cmocka_unit_test(has_a_limit_of_its_own),
		cmocka_unit_test(refuses_what_has_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
