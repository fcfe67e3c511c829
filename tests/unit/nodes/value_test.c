#include "jobs/nodes/value.h"

#include "tests/unit/nodes/fixture.h"

/* The order of two values by the four tests of it, as "<", "=", ">" or "" for none. */
static const char *order_of(struct json_object *a, struct json_object *b)
{
	bool above = value_is_above(a, b), below = value_is_below(a, b);
	assert_true(value_is_at_least(a, b) == (above || (value_is_at_most(a, b) && !below)));
	if (above || below) {
		assert_true(above != below);
		assert_true(value_is_at_most(a, b) == below);
		return above ? ">" : "<";
	}
	return value_is_at_least(a, b) ? "=" : "";
}

static void compares_numbers_as_numbers_and_the_rest_as_text(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool equal;
		const char *order;
	} cases[] = {
		{ "5", "5.0", true, "=" },
		{ "5", "\"5\"", true, "=" },
		{ "\" 5.0 \"", "\"5\"", true, "=" },
		{ "\"10\"", "\"9\"", false, ">" },
		{ "10", "\"9a\"", false, "<" },
		{ "\"1e3\"", "1000", true, "=" },
		{ "\"0x10\"", "16", false, "<" },
		{ "\"inf\"", "\"Infinity\"", false, ">" },
		{ "\"\"", "0", false, "<" },
		{ "\"abc\"", "\"abd\"", false, "<" },
		{ "\"a\"", "\"A\"", false, ">" },
		{ "\"ä\"", "\"ä\"", true, "=" },
		{ "true", "true", true, "" },
		{ "true", "\"TRUE\"", true, "" },
		{ "false", "\"no\"", false, "" },
		{ "true", "1", false, "" },
		{ "null", "null", true, "" },
		{ "null", "\"\"", false, "" },
		{ "null", "0", false, "" },
		{ "null", "false", false, "" },
		{ "[1,2]", "[1,2]", true, "" },
		{ "[1,2]", "[2,1]", false, "" },
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true, "" },
		{ "[1,2]", "\"[1,2]\"", true, "" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *a = parsed(cases[i].a);
		cleanup(cleanup_json) struct json_object *b = parsed(cases[i].b);
		if (value_equals(a, b) != cases[i].equal ||
		    strcmp(order_of(a, b), cases[i].order) != 0)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
		assert_true(value_equals(b, a) == cases[i].equal);
		assert_true(value_differs(a, b) == !cases[i].equal);
	}
}

static void looks_into_texts_lists_and_objects(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool contains;
	} cases[] = {
		{ "\"the cat\"", "\"cat\"", true },
		{ "\"the cat\"", "\"Cat\"", false },
		{ "\"the cat\"", "\"\"", true },
		{ "[1,\"2\",null]", "2", true },
		{ "[1,\"23\"]", "2", false },
		{ "[[1],[2]]", "[2]", true },
		{ "{\"cat\":1}", "\"cat\"", true },
		{ "{\"cat\":1}", "\"ca\"", false },
		{ "12345", "34", true },
		{ "null", "\"\"", false },
		{ "\"null\"", "null", false },
		{ "true", "\"ru\"", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *a = parsed(cases[i].a);
		cleanup(cleanup_json) struct json_object *b = parsed(cases[i].b);
		if (value_contains(a, b) != cases[i].contains)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

static void knows_what_is_empty_and_what_is_true(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool empty, truth;
	} cases[] = {
		{ "null", true, false },       { "\"\"", true, false },
		{ "\" \\n\"", true, false },   { "[]", true, false },
		{ "{}", true, false },         { "0", false, false },
		{ "0.0", false, false },       { "-1", false, true },
		{ "0.5", false, true },        { "false", false, false },
		{ "true", false, true },       { "\"false\"", false, false },
		{ "\"False\"", false, false }, { "\"0\"", false, false },
		{ "\"no\"", false, true },     { "[0]", false, true },
		{ "{\"a\":0}", false, true },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *value = parsed(cases[i].value);
		if (value_is_empty(value) != cases[i].empty ||
		    value_is_true(value) != cases[i].truth)
			fail_msg("%s", cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_numbers_as_numbers_and_the_rest_as_text),
		cmocka_unit_test(looks_into_texts_lists_and_objects),
		cmocka_unit_test(knows_what_is_empty_and_what_is_true),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
