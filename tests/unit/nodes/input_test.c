#include "jobs/nodes/input.h"

#include "jobs/base/js.h"
#include "tests/unit/check.h"

static struct json_object *parsed(const char *json)
{
	struct json_object *o = NULL;
	assert_ok(js_parse(json, strlen(json), &o));
	return o;
}

static void one_source_is_its_value_several_are_an_object(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{\"a\":\"x\"}", "\"x\"" },
		{ "{\"a\":{\"b\":1}}", "{\"b\":1}" },
		{ "{\"a\":null}", "null" },
		{ "{}", "{}" },
		{ "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *inputs = parsed(cases[i][0]);
		cleanup(cleanup_free) char *value = js_text(input_value(inputs));
		assert_string_equal(value, cases[i][1]);
	}
}

static void the_first_upstream_text(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{\"a\":\"one\",\"b\":\"two\"}", "one" },
		{ "{\"a\":7,\"b\":\"two\"}", "two" },
		{ "{\"a\":{\"text\":\"inside\"}}", "inside" },
		{ "{\"a\":{\"b\":\"deeper\"}}", "deeper" },
		{ "{\"a\":{\"b\":{\"text\":\"deeper\"}}}", "deeper" },
		{ "{\"a\":{\"b\":\"deeper\"},\"c\":\"near\"}", "near" },
		{ "{\"a\":{\"b\":{\"c\":\"too deep\"}}}", NULL },
		{ "{\"a\":{\"text\":7}}", NULL },
		{ "{\"a\":[\"item\"]}", NULL },
		{ "{\"a\":null}", NULL },
		{ "{}", NULL },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *inputs = parsed(cases[i][0]);
		const char *text = input_text(inputs);
		if (cases[i][1])
			assert_string_equal(text, cases[i][1]);
		else
			assert_null(text);
	}
}

static void templates_are_filled(void **state)
{
	(void)state;
	static const struct {
		const char *inputs, *text, *want;
	} cases[] = {
		{ "{\"a\":\"x\"}", "", "" },
		{ "{\"a\":\"x\"}", "plain { } text", "plain { } text" },
		{ "{\"a\":\"x\"}", "<{{input}}> <{{ input }}>", "<x> <x>" },
		{ "{\"a\":{\"text\":\"t\",\"n\":1}}", "{{input}} {{input.n}}", "t 1" },
		{ "{\"a\":{\"n\":1.5,\"b\":true,\"z\":null,\"o\":{\"k\":\"v\"}}}",
		  "{{input.n}} {{input.b}} {{input.z}} {{input.o}} {{input.o.k}}",
		  "1.5 true  {\"k\":\"v\"} v" },
		{ "{\"a\":{\"list\":[\"x\",{\"k\":\"y\"}]}}",
		  "{{input.list.0}} {{input.list.1.k}} {{input.list.2}} {{input.list.x}}",
		  "x y  " },
		{ "{\"a\":\"x\",\"b\":{\"text\":\"y\"}}", "{{a}} {{b.text}} {{b}}",
		  "x y {\"text\":\"y\"}" },
		{ "{\"a\":\"x\",\"b\":\"y\"}", "{{input.b}}", "y" },
		{ "{\"n.1\":{\"k\":\"dots\"},\"n\":{\"1\":{\"k\":\"no\"}}}", "{{n.1.k}}", "dots" },
		{ "{\"a\":\"x\"}", "{{nothing}} {{a.b.c}} {{}} {{ab}}", "   " },
		{ "{}", "<{{input}}>", "<{}>" },
		{ "{\"a\":7}", "{{input}}", "7" },
		{ "{\"a\":\"x\"}", "{{input", "{{input" },
		{ "{\"a\":\"x\"}", "{{input}", "{{input}" },
		{ "{\"a\":\"{{input}}\"}", "{{input}}", "{{input}}" },
		{ "{\"a\":\"Gr\xc3\xbc\xc3\x9f \\\"x\\\"\"}", "{{a}}", "Gr\xc3\xbc\xc3\x9f \"x\"" },
		{ "{\"input\":\"named so\"}", "{{input}}", "named so" },
		{ "{\"inputs\":\"other\"}", "{{inputs}}", "other" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *inputs = parsed(cases[i].inputs);
		cleanup(cleanup_free) char *filled = input_fill(cases[i].text, inputs);
		assert_string_equal(filled, cases[i].want);
	}
}

int main(void)
{
	js_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_is_its_value_several_are_an_object),
		cmocka_unit_test(the_first_upstream_text),
		cmocka_unit_test(templates_are_filled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
