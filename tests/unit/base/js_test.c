#include "jobs/base/js.h"

#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "tests/unit/check.h"

#include <math.h>
#include <stdio.h>

#define BYTES(s) (s), sizeof(s) - 1

struct text {
	const char *bytes;
	size_t len;
};

static struct json_object *parsed(const char *text)
{
	struct json_object *o = NULL;
	assert_ok(js_parse(text, strlen(text), &o));
	return o;
}

static void takes_what_the_standard_has(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{}",
		"[]",
		" \t\r\n{ \"a\" : [ 1 , 2 ] } \n",
		"{\"a\":null,\"b\":true,\"c\":false}",
		"[0,-0,-1,1.5,-1.5e10,1E+2,1e-2,0.0]",
		"\"\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83c\\udf99\"",
		"\"Gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x99 \x7f\"",
		"\"{[NaN 'x' // 1. ,]}\"",
		"9223372036854775807",
		"[1.7976931348623157e308]",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		cleanup(cleanup_json) struct json_object *o = NULL;
		cleanup(cleanup_err) struct err *e = js_parse(texts[i], strlen(texts[i]), &o);
		if (e || !o)
			fail_msg("%s: %s", texts[i], e ? err_message(e) : "nothing");
	}
}

static void scalars_at_the_top(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *number = parsed("12"), *yes = parsed(" true"),
						 *text = parsed("\"a\""), *null = parsed("null");
	assert_int_equal(json_object_get_int(number), 12);
	assert_true(json_object_get_boolean(yes));
	assert_string_equal(json_object_get_string(text), "a");
	assert_null(null);
}

static const struct text malformed[] = {
	{ BYTES("") },
	{ BYTES("  ") },
	{ BYTES("'a'") },
	{ BYTES("{'a':1}") },
	{ BYTES("{\"a\":'b'}") },
	{ BYTES("{a:1}") },
	{ BYTES("NaN") },
	{ BYTES("[NaN]") },
	{ BYTES("[nan]") },
	{ BYTES("[Infinity]") },
	{ BYTES("[-Infinity]") },
	{ BYTES("[inf]") },
	{ BYTES("True") },
	{ BYTES("[NULL]") },
	{ BYTES("[1.]") },
	{ BYTES("1.") },
	{ BYTES("[1.e5]") },
	{ BYTES("[.5]") },
	{ BYTES("[+1]") },
	{ BYTES("[01]") },
	{ BYTES("[-]") },
	{ BYTES("-") },
	{ BYTES("[1e]") },
	{ BYTES("[1e+]") },
	{ BYTES("[0x10]") },
	{ BYTES("[1 2]") },
	{ BYTES("[1,]") },
	{ BYTES("{\"a\":1,}") },
	{ BYTES("[,1]") },
	{ BYTES("{\"a\" 1}") },
	{ BYTES("{1:2}") },
	{ BYTES("[1]]") },
	{ BYTES("{}{}") },
	{ BYTES("[] x") },
	{ BYTES("1 1") },
	{ BYTES("null null") },
	{ BYTES("[1]/**/") },
	{ BYTES("/**/[1]") },
	{ BYTES("[1] // x") },
	{ BYTES("\xef\xbb\xbf{}") },
	{ BYTES("{}\0") },
	{ BYTES("\0{}") },
	{ BYTES("{\"a\0\":1}") },
	{ BYTES("[1]\0[2]") },
	{ BYTES("\"a\nb\"") },
	{ BYTES("\"\t\"") },
	{ BYTES("\"\x1f\"") },
	{ BYTES("\"a\0b\"") },
	{ BYTES("{\"a\n\":1}") },
	{ BYTES("\"\\x\"") },
	{ BYTES("\"\\'\"") },
	{ BYTES("\"\\u12\"") },
	{ BYTES("\"\\u12g4\"") },
	{ BYTES("[\v1]") },
	{ BYTES("\xc2\xa0[]") },
	{ BYTES("\"\xff\"") },
	{ BYTES("\"\xc0\xaf\"") },
	{ BYTES("\"\xed\xa0\x80\"") },
	{ BYTES("\"\xe2\x82\"") },
	{ BYTES("\"\xf4\x90\x80\x80\"") },
	{ BYTES("{\"\xff\":1}") },
	{ BYTES("\xff\xfe{\0}\0") },
};

static void refuses_what_it_has_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(malformed); i++) {
		cleanup(cleanup_json) struct json_object *o = NULL;
		cleanup(cleanup_err) struct err *e =
			js_parse(malformed[i].bytes, malformed[i].len, &o);
		if (!e)
			fail_msg("row %zu is taken: %s", i, malformed[i].bytes);
		else if (err_kind(e) != ERR_INVALID || o)
			fail_msg("row %zu: %s", i, err_message(e));
		else
			assert_has(err_message(e), "Malformed JSON: ");
	}
}

/* A message names what is wrong and where. */
static void says_what_is_wrong(void **state)
{
	(void)state;
	struct json_object *o = NULL;
	assert_error(js_parse(BYTES("{\"a\":1} x"), &o), ERR_INVALID, "at byte 8");
	assert_error(js_parse(BYTES("{} 2"), &o), ERR_INVALID, "at byte 3");
	assert_error(js_parse(BYTES("[1,"), &o), ERR_INVALID, "the document is cut off");
	assert_error(js_parse(BYTES("\"\n\""), &o), ERR_INVALID, "a control character");
	assert_error(js_parse(BYTES("\"\xff\""), &o), ERR_INVALID, "not valid UTF-8");
}

static void refuses_every_beginning_of_a_document(void **state)
{
	(void)state;
	static const char text[] =
		"{\"a\":[true,null,-1.5e3,\"\\u00e9\\\\\"],\"b\":{\"c\":\"\xc3\xa4\"}}";
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		cleanup(cleanup_free) char *begin = mem_strndup(text, len); /* for ASan's sake */
		struct json_object *o = NULL;
		assert_error(js_parse(begin, len, &o), ERR_INVALID, "Malformed JSON");
		assert_null(o);
	}
	cleanup(cleanup_json) struct json_object *whole = parsed(text);
	assert_non_null(whole);
}

/* `depth` arrays in each other. */
static char *nested(size_t depth)
{
	char *text = mem_alloc(2 * depth + 1);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	return text;
}

static void depth_is_limited(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *deepest = nested(JS_MAX_DEPTH);
	cleanup(cleanup_json) struct json_object *o = parsed(deepest);
	assert_non_null(o);
	static const size_t too_deep[] = { JS_MAX_DEPTH + 1, 10000, 1000000 };
	for (size_t i = 0; i < COUNT(too_deep); i++) {
		cleanup(cleanup_free) char *text = nested(too_deep[i]);
		struct json_object *none = NULL;
		assert_error(js_parse(text, strlen(text), &none), ERR_INVALID, "Malformed JSON");
	}
}

/* An escape that is half of a pair is valid JSON but no character: it becomes U+FFFD. */
static void lone_surrogates_become_valid_text(void **state)
{
	(void)state;
	static const char *const texts[] = { "\"\\ud83c\"", "\"\\udf99\"", "\"\\ud83cx\"",
					     "\"\\ud83c\\ud83c\"" };
	for (size_t i = 0; i < COUNT(texts); i++) {
		cleanup(cleanup_json) struct json_object *o = parsed(texts[i]);
		const char *text = json_object_get_string(o);
		assert_true(utf8_is_valid(text, strlen(text)));
		assert_has(text, "\xef\xbf\xbd");
	}
}

static void notices_nul_in_a_string(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *o =
		parsed("{\"with\":\"a\\u0000b\",\"without\":\"ab\",\"number\":0}");
	assert_true(js_has_nul(js_get(o, "with")));
	assert_false(js_has_nul(js_get(o, "without")));
	assert_false(js_has_nul(js_get(o, "number")));
	assert_false(js_has_nul(NULL));
}

static void finds_members(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *o =
		parsed("{\"text\":\"x\",\"null\":null,\"number\":1,\"twice\":1,\"twice\":2}");
	assert_string_equal(js_string(o, "text"), "x");
	assert_null(js_string(o, "number"));
	assert_null(js_string(o, "null"));
	assert_null(js_string(o, "absent"));
	assert_null(js_get(o, "null"));
	assert_int_equal(json_object_get_int(js_get(o, "twice")), 2);
	assert_null(js_get(js_get(o, "number"), "text"));
	assert_null(js_get(NULL, "text"));
}

static void reads_numbers_also_from_texts(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		double number; /* -1: the fallback */
	} cases[] = {
		{ "0.5", 0.5 },          { "2", 2 },        { "\"0.5\"", 0.5 }, { "\" 2 \"", 2 },
		{ "\"1e2\"", 100 },      { "\"\"", -1 },    { "\"  \"", -1 },   { "\"abc\"", -1 },
		{ "\"1x\"", -1 },        { "\"nan\"", -1 }, { "\"inf\"", -1 },  { "\"1e999\"", -1 },
		{ "1e999", -1 },         { "true", -1 },    { "null", -1 },     { "[1]", -1 },
		{ "\"1\\u00002\"", -1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *text = mem_printf("{\"n\":%s}", cases[i].json);
		cleanup(cleanup_json) struct json_object *o = parsed(text);
		if (fabs(js_number(o, "n", -1) - cases[i].number) > 1e-9)
			fail_msg("%s is %g", text, js_number(o, "n", -1));
	}
	assert_true(isnan(js_number(NULL, "n", NAN)));
}

static void reads_booleans_also_from_texts(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *o =
		parsed("{\"yes\":true,\"no\":false,\"text\":\"True\",\"off\":\"false\","
		       "\"other\":\"yes\",\"one\":1}");
	assert_true(js_bool(o, "yes", false));
	assert_false(js_bool(o, "no", true));
	assert_true(js_bool(o, "text", false));
	assert_false(js_bool(o, "off", true));
	for (int fallback = 0; fallback <= 1; fallback++) {
		assert_int_equal(js_bool(o, "other", fallback), fallback);
		assert_int_equal(js_bool(o, "one", fallback), fallback);
		assert_int_equal(js_bool(o, "absent", fallback), fallback);
	}
}

static void writes_compact_text(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_string(o, "url", "https://x/y");
	js_set_string(o, "none", NULL);
	js_set_int(o, "int", INT64_MIN);
	js_set_double(o, "double", 0.1);
	js_set_bool(o, "bool", true);
	js_set(o, "list", parsed("[1, \"\\u0000\\n\\\"\xc3\xa4\"]"));
	cleanup(cleanup_free) char *text = js_text(o), *null = js_text(NULL);
	assert_string_equal(text, "{\"url\":\"https://x/y\",\"none\":null,"
				  "\"int\":-9223372036854775808,\"double\":0.1,\"bool\":true,"
				  "\"list\":[1,\"\\u0000\\n\\\"\xc3\xa4\"]}");
	assert_string_equal(null, "null");
}

static int start(void **state)
{
	(void)state;
	js_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_standard_has),
		cmocka_unit_test(scalars_at_the_top),
		cmocka_unit_test(refuses_what_it_has_not),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(refuses_every_beginning_of_a_document),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(lone_surrogates_become_valid_text),
		cmocka_unit_test(notices_nul_in_a_string),
		cmocka_unit_test(finds_members),
		cmocka_unit_test(reads_numbers_also_from_texts),
		cmocka_unit_test(reads_booleans_also_from_texts),
		cmocka_unit_test(writes_compact_text),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
