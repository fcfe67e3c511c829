#include "jobs/nodes/input.h"

#include "jobs/base/mem.h"

#include "tests/unit/nodes/fixture.h"

static const char inputs[] = "{\"script\":{\"text\":\"Hello\",\"model\":\"m\",\"tokens\":12,"
			     "\"parts\":[\"a\",{\"b\":true}],"
			     "\"none\":null},\"n.1\":{\"x\":1},\"n\":{\"1\":{\"x\":2}}}";

static void assert_filled(const char *text, const char *from, const char *wanted)
{
	cleanup(cleanup_json) struct json_object *values = parsed(from);
	cleanup(cleanup_free) char *filled = NULL;
	assert_ok(input_fill(text, values, &filled));
	assert_string_equal(filled, wanted);
}

static void assert_not_filled(const char *text, const char *from, const char *message)
{
	cleanup(cleanup_json) struct json_object *values = parsed(from);
	cleanup(cleanup_free) char *filled = NULL;
	assert_error(input_fill(text, values, &filled), ERR_INVALID, message);
	assert_null(filled);
}

static void puts_values_into_text(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "{{script.text}}", "Hello" },
		{ "<{{ script.text }}|{{\tscript.model\n}}>", "<Hello|m>" },
		{ "{{script.tokens}}", "12" },
		{ "{{script.parts}}", "[\"a\",{\"b\":true}]" },
		{ "{{script.parts.0}}{{script.parts[1].b}}", "atrue" },
		{ "[{{script.none}}]", "[]" },
		{ "{{n.1.x}}", "1" },
		{ "{{n[1].x}}", "2" },
		{ "{{input}}", "Hello" },
		{ "{{input.script.model}}", "m" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_filled(cases[i][0], inputs, cases[i][1]);
}

static void leaves_braces_that_are_no_template(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{{", "{{" },
		{ "}}", "}}" },
		{ "{}}", "{}}" },
		{ "{{script.text", "{{script.text" },
		{ "{ {script.text} }", "{ {script.text} }" },
		{ "{{ first {{script.text}}", "{{ first Hello" },
		{ "{{{script.text}}}", "{Hello}" },
		{ "}}{{script.text}}{{", "}}Hello{{" },
		{ "\\{{script.text}}", "{{script.text}}" },
		{ "\\{{a}} {{script.text}}", "{{a}} Hello" },
		{ "{\"a\":{\"b\":\"{{script.text}}\"}}", "{\"a\":{\"b\":\"Hello\"}}" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_filled(cases[i][0], inputs, cases[i][1]);
}

static void says_what_is_missing_and_what_there_is(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{{script.txt}}", "{{script.txt}}: the node \"script\" gave no \"txt\"; it gave: "
				    "text, model, tokens, parts, none" },
		{ "{{scrpt.text}}",
		  "{{scrpt.text}}: no such node feeds this one; those that do: script, n.1, n" },
		{ "{{}}", "{{}}: no such node feeds this one" },
		{ "{{inputs}}", "{{inputs}}: no such node" },
		{ "{{scripts.text}}", "{{scripts.text}}: no such node" },
		{ "{{script.parts.7}}",
		  "\"script.parts\" is a list of 2, counted from 0; it has no "
		  "\"7\"" },
		{ "{{script.parts.1.c}}", "\"script.parts.1\" has no \"c\"; it has: b" },
		{ "{{script.text.x}}",
		  "\"script.text\" is a single value (string); it has no \"x\"" },
		{ "{{script.none.x}}",
		  "\"script.none\" is a single value (null); it has no \"x\"" },
		{ "{{input.text}}", "\"input\" has no \"text\"; it has: script, n.1, n" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_not_filled(cases[i][0], inputs, cases[i][1]);
	assert_not_filled("{{input}}", "{}", "{{input}}: nothing feeds this node");
	assert_not_filled("{{a.x}}", "{\"a\":{}}", "it gave: nothing");
}

static void lists_no_more_names_than_one_can_read(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *values = json_object_new_object();
	struct json_object *many = json_object_new_object();
	js_set(values, "many", many);
	for (int i = 0; i < 1000; i++) {
		cleanup(cleanup_free) char *name = mem_printf("member_%d_%0200d", i, 0);
		js_set_int(many, name, i);
	}
	cleanup(cleanup_free) char *filled = NULL;
	cleanup(cleanup_err) struct err *e = input_fill("{{many.x}}", values, &filled);
	assert_non_null(e);
	assert_has(err_message(e), ", …");
	assert_true(strlen(err_message(e)) < 600);
}

static void inserts_hostile_text_once_and_as_it_is(void **state)
{
	(void)state;
	static const char *const hostile[] = {
		"{{secret.key}}",
		"{{input}}",
		"}}{{secret.key}}",
		"\\{{",
		"%s%n%1$s",
		"\\",
		"\"},\"admin\":true,\"x\":{\"",
		"\r\nX-Injected: 1",
		"{{",
		"}}",
	};
	for (size_t i = 0; i < COUNT(hostile); i++) {
		cleanup(cleanup_json) struct json_object *values =
			parsed("{\"secret\":{\"key\":1}}");
		js_set_string(values, "a", hostile[i]);
		cleanup(cleanup_free) char *filled = NULL;
		cleanup(cleanup_free) char *wanted = mem_printf("<%s%s>", hostile[i], hostile[i]);
		assert_ok(input_fill("<{{a}}{{a}}>", values, &filled));
		assert_string_equal(filled, wanted);
	}
}

static void refuses_a_nul_and_what_grows_too_large(void **state)
{
	(void)state;
	assert_not_filled("{{a}}", "{\"a\":\"x\\u0000y\"}", "NUL");
	cleanup(cleanup_json) struct json_object *values = json_object_new_object();
	static const size_t mebibyte = 1 << 20;
	cleanup(cleanup_free) char *big = mem_alloc(mebibyte + 1);
	memset(big, 'x', mebibyte);
	js_set_string(values, "a", big);
	cleanup(cleanup_json) struct json_object *template = json_object_new_array();
	cleanup(cleanup_free) char *filled = NULL;
	for (int i = 0; i < 17; i++)
		json_object_array_add(template, json_object_new_string("{{a}}"));
	cleanup(cleanup_free) char *text = js_text(template);
	struct json_object *ret = NULL;
	assert_error(input_fill(text, values, &filled), ERR_TOO_LARGE, "16 MiB");
	assert_error(input_fill_json(template, values, &ret), ERR_TOO_LARGE, "16 MiB");
	assert_null(ret);
}

static void fills_json_value_by_value(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *template =
		parsed("{\"a\":\"{{x}}\",\"b\":[\"<{{x}}>\",1,true,null,{\"{{x}}\":\"{{y.z}}\"}]}");
	cleanup(cleanup_json) struct json_object *values =
		parsed("{\"x\":\"\\\",\\\"admin\\\":true,\\\"\",\"y\":{\"z\":[1]}}");
	cleanup(cleanup_json) struct json_object *filled = NULL;
	assert_ok(input_fill_json(template, values, &filled));
	assert_json(filled, "{\"a\":\"\\\",\\\"admin\\\":true,\\\"\",\"b\":["
			    "\"<\\\",\\\"admin\\\":true,\\\">\",1,true,null,{\"{{x}}\":\"[1]\"}]}");
	assert_json(template, "{\"a\":\"{{x}}\",\"b\":[\"<{{x}}>\",1,true,null,"
			      "{\"{{x}}\":\"{{y.z}}\"}]}");
	struct json_object *none = NULL;
	cleanup(cleanup_json) struct json_object *wrong = parsed("[\"{{x}}\",[\"{{w}}\"]]");
	assert_error(input_fill_json(wrong, values, &none), ERR_INVALID, "{{w}}: no such node");
	cleanup(cleanup_json) struct json_object *nul = parsed("[\"a\\u0000{{x}}\"]");
	assert_error(input_fill_json(nul, values, &none), ERR_INVALID, "NUL");
	assert_null(none);
}

static void finds_the_text_that_is_meant_to_be_read(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{\"a\":\"plain\"}", "plain" },
		{ "{\"a\":{\"n\":1,\"text\":\"member\"}}", "member" },
		{ "{\"a\":{\"n\":1},\"b\":{\"text\":\"second\"}}", "second" },
		{ "{\"p\":{\"a\":{\"text\":\"passed on\"}}}", "passed on" },
		{ "{\"v\":{\"name\":\"variable\"}}", "variable" },
		{ "{\"d\":{\"startedAt\":\"now\",\"data\":{\"text\":\"not the time\"}}}",
		  "not the time" },
		{ "{\"a\":{\"name\":\"name\"},\"b\":\"own\"}", "own" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *values = parsed(cases[i][0]);
		assert_string_equal(input_text(values), cases[i][1]);
	}
	cleanup(cleanup_json) struct json_object *none =
		parsed("{\"a\":{\"text\":1,\"b\":[\"x\"]},\"c\":[\"y\"],\"d\":null}");
	assert_null(input_text(none));
}

/* Pieces of templates in any order: each either fills, or is refused as the user's fault. */
static void never_fails_but_by_refusing(void **state)
{
	(void)state;
	static const char *const pieces[] = { "{",  "{{", "}", "}}",    "input", "script", ".",
					      "[",  "]",  "0", "parts", "\\",    " ",      "ä",
					      "\n", "n",  "1", "x",     "text",  "%s" };
	cleanup(cleanup_json) struct json_object *values = parsed(inputs);
	uint32_t random = 12345;
	for (int i = 0; i < 20000; i++) {
		char text[200] = "";
		size_t len = 0;
		for (int n = 0; n < 12; n++) {
			random = random * 1664525 + 1013904223;
			const char *piece = pieces[(random >> 16) % COUNT(pieces)];
			memcpy(text + len, piece, strlen(piece) + 1);
			len += strlen(piece);
		}
		cleanup(cleanup_free) char *filled = NULL;
		cleanup(cleanup_err) struct err *e = input_fill(text, values, &filled);
		assert_true(e ? err_kind(e) == ERR_INVALID && !filled : filled != NULL);
		if (!strstr(text, "}}"))
			assert_string_equal(filled, text);
	}
}

static void add_starred(struct buf *b, const char *value)
{
	buf_addf(b, "*%s*", value);
}

static void puts_values_in_by_the_callers_way(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *values = parsed(inputs);
	cleanup(cleanup_free) char *filled = NULL;
	assert_ok(
		input_fill_by(add_starred, "a {{script.text}} {{script.parts}}", values, &filled));
	assert_string_equal(filled, "a *Hello* *[\"a\",{\"b\":true}]*");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_values_into_text),
		cmocka_unit_test(puts_values_in_by_the_callers_way),
		cmocka_unit_test(leaves_braces_that_are_no_template),
		cmocka_unit_test(says_what_is_missing_and_what_there_is),
		cmocka_unit_test(lists_no_more_names_than_one_can_read),
		cmocka_unit_test(inserts_hostile_text_once_and_as_it_is),
		cmocka_unit_test(refuses_a_nul_and_what_grows_too_large),
		cmocka_unit_test(fills_json_value_by_value),
		cmocka_unit_test(finds_the_text_that_is_meant_to_be_read),
		cmocka_unit_test(never_fails_but_by_refusing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
