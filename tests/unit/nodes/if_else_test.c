#include "tests/unit/nodes/fixture.h"

#include "jobs/nodes/input.h"

static const char inputs[] =
	"{\"http\":{\"statusCode\":200,\"body\":{\"items\":[{\"name\":\"x\"}],\"none\":null}},"
	"\"script\":{\"text\":\"\",\"lang\":\"en\",\"statusCode\":500}}";

static bool result_of(const char *config)
{
	cleanup(fixture_clear) struct fixture f = { 0 };
	assert_ok(run_node(&f, "if-else", config, inputs));
	bool result = json_object_get_boolean(js_get(f.output, "result"));
	assert_string_equal(js_string(f.output, "branch"), result ? "true" : "false");
	return result;
}

static void checks_a_field(void **state)
{
	(void)state;
	static const struct {
		const char *config;
		bool result;
	} cases[] = {
		{ "{\"field\":\"lang\",\"compareValue\":\"en\"}", true },
		{ "{\"field\":\"lang\",\"operator\":\"\",\"compareValue\":\"de\"}", false },
		{ "{\"field\":\"statusCode\",\"operator\":\"equals\",\"compareValue\":\"200\"}",
		  true },
		{ "{\"field\":\"script.statusCode\",\"operator\":\"equals\",\"compareValue\":500}",
		  true },
		{ "{\"field\":\"input.script.lang\",\"compareValue\":\"en\"}", true },
		{ "{\"field\":\"{{ script.lang }}\",\"compareValue\":\"en\"}", true },
		{ "{\"field\":\"lang\",\"compareValue\":\"{{script.lang}}\"}", true },
		{ "{\"field\":\"lang\",\"operator\":\"not_equals\",\"compareValue\":\"de\"}",
		  true },
		{ "{\"field\":\"gone\",\"operator\":\"not_equals\",\"compareValue\":\"de\"}",
		  true },
		{ "{\"field\":\"gone\",\"operator\":\"equals\"}", false },
		{ "{\"field\":\"text\",\"operator\":\"equals\"}", true },
		{ "{\"field\":\"lang\",\"operator\":\"contains\",\"compareValue\":\"n\"}", true },
		{ "{\"field\":\"statusCode\",\"operator\":\"greater_than\",\"compareValue\":"
		  "\"99\"}",
		  true },
		{ "{\"field\":\"statusCode\",\"operator\":\"less_than\",\"compareValue\":\"99\"}",
		  false },
		{ "{\"field\":\"gone\",\"operator\":\"less_than\",\"compareValue\":\"99\"}",
		  false },
		{ "{\"field\":\"body.items[0].name\",\"operator\":\"exists\"}", true },
		{ "{\"field\":\"body.items.0.name\",\"operator\":\"exists\"}", true },
		{ "{\"field\":\"body.items.1.name\",\"operator\":\"exists\"}", false },
		{ "{\"field\":\"body.none\",\"operator\":\"exists\"}", false },
		{ "{\"field\":\"gone.x\",\"operator\":\"exists\",\"compareValue\":\"{{no.y}}\"}",
		  false },
		{ "{\"field\":\"text\",\"operator\":\"is_empty\"}", true },
		{ "{\"field\":\"gone\",\"operator\":\"is_empty\"}", true },
		{ "{\"field\":\"body\",\"operator\":\"is_empty\"}", false },
		{ "{\"field\":\"statusCode\",\"operator\":\"is_truthy\"}", true },
		{ "{\"field\":\"gone\",\"operator\":\"is_truthy\"}", false },
		{ "{\"conditionType\":\"expression\","
		  "\"condition\":\"{{http.statusCode}} == 200 && !{{script.text}}\"}",
		  true },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (result_of(cases[i].config) != cases[i].result)
			fail_msg("%s", cases[i].config);
}

static void gives_the_condition_and_what_it_looked_at(void **state)
{
	(void)state;
	assert_output("if-else",
		      "{\"field\":\"n\",\"operator\":\"greater_than\",\"compareValue\":5}",
		      "{\"a\":{\"n\":7}}",
		      "{\"condition\":\"n greater_than 5\",\"result\":true,\"branch\":\"true\","
		      "\"evaluatedInput\":{\"n\":7}}");
	assert_output("if-else", "{\"field\":\"n\",\"operator\":\"exists\",\"compareValue\":5}",
		      "{\"a\":1,\"b\":2}",
		      "{\"condition\":\"n exists\",\"result\":false,\"branch\":\"false\","
		      "\"evaluatedInput\":{\"a\":1,\"b\":2}}");
	assert_output("if-else", "{\"conditionType\":\"expression\",\"condition\":\"{{a}} < 1\"}",
		      "{\"a\":\"0\"}",
		      "{\"condition\":\"{{a}} < 1\",\"result\":true,\"branch\":\"true\","
		      "\"evaluatedInput\":\"0\"}");
}

static void leaves_the_text_to_be_found_behind_it(void **state)
{
	(void)state;
	static const char *const upstream[] = { "{\"a\":{\"text\":\"Hello\"}}",
						"{\"a\":\"Hello\"}" };
	for (size_t i = 0; i < COUNT(upstream); i++) {
		cleanup(fixture_clear) struct fixture f = { 0 };
		assert_ok(run_node(&f, "if-else", "{\"field\":\"x\"}", upstream[i]));
		cleanup(cleanup_json) struct json_object *next = json_object_new_object();
		js_set(next, "if", json_object_get(f.output));
		assert_string_equal(input_text(next), "Hello");
	}
}

static void says_what_is_wrong_with_its_settings(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{}", "Name the field" },
		{ "{\"field\":\"  \"}", "Name the field" },
		{ "{\"field\":\"x\",\"operator\":\"matches\"}", "operator \"matches\"" },
		{ "{\"field\":\"x\",\"compareValue\":\"{{gone.x}}\"}", "{{gone.x}}: no such node" },
		{ "{\"conditionType\":\"script\"}", "not \"script\"" },
		{ "{\"conditionType\":\"expression\"}", "Enter a condition" },
		{ "{\"conditionType\":\"expression\",\"condition\":\"1 +\"}", "at character 3" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused("if-else", cases[i][0], inputs, cases[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_a_field),
		cmocka_unit_test(gives_the_condition_and_what_it_looked_at),
		cmocka_unit_test(leaves_the_text_to_be_found_behind_it),
		cmocka_unit_test(says_what_is_wrong_with_its_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
