#include "jobs/nodes/expression.h"

#include "jobs/base/buf.h"
#include "jobs/base/mem.h"

#include "tests/unit/nodes/fixture.h"

static const char inputs[] = "{\"script\":{\"score\":7,\"lang\":\"en\",\"tags\":[\"a\",\"b\"],"
			     "\"ok\":true,\"empty\":\"\",\"evil\":\"\\\" || true || \\\"\"}}";

static bool holds(const char *text)
{
	cleanup(cleanup_json) struct json_object *values = parsed(inputs);
	bool result = false;
	assert_ok(expression_test(text, values, &result));
	return result;
}

static void decides(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool result;
	} cases[] = {
		{ "true", true },
		{ "false", false },
		{ "null", false },
		{ "0", false },
		{ "'x'", true },
		{ "{{input.score}} > 5 && {{input.lang}} == \"en\"", true },
		{ "{{script.score}} > 7", false },
		{ "{{ script.score }}>=7", true },
		{ "{{script.score}} < 10", true },
		{ "{{script.score}} <= 6.5", false },
		{ "{{script.score}} == '7'", true },
		{ "{{script.score}} != -7e0", true },
		{ "{{script.tags}} contains 'b'", true },
		{ "{{script.lang}} contains \"x\"", false },
		{ "{{script.tags[0]}} == 'a'", true },
		{ "{{script.ok}}", true },
		{ "!{{script.ok}}", false },
		{ "!{{script.ok}} == false", true },
		{ "!!{{script.ok}}", true },
		{ "{{script.missing}} == null", true },
		{ "{{script.missing}} > 5", false },
		{ "{{script.empty}}", false },
		{ "true || false && false", true },
		{ "(true || false) && false", false },
		{ "false || false || true", true },
		{ "true && true && false", false },
		{ "false && {{gone.x}} > 1", false },
		{ "true || {{gone.x}}", true },
		{ "false && (false || {{gone.x}}) || true", true },
		{ "\"a\\\"b\" contains '\"'", true },
		{ "'it\\'s' == \"it's\"", true },
		{ "'a\\nb' == 'a\nb'", true },
		{ "\"{{script.lang}}\" == 'en'", false },
		{ "  ( ( true ) )  ", true },
		{ "(1 < 2) == true", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (holds(cases[i].text) != cases[i].result)
			fail_msg("%s", cases[i].text);
}

/* Inserted as text it would end the literal and decide by itself. */
static void takes_values_as_values(void **state)
{
	(void)state;
	assert_false(holds("{{script.evil}} == \"en\""));
	assert_true(holds("{{script.evil}} contains '|| true ||'"));
}

static void says_where_it_is_wrong(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "", "ends too early, at character 1" },
		{ "{{script.score}} >", "ends too early, at character 19" },
		{ "{{script.score}} = 5", "wrong at character 18 (= 5)" },
		{ "'ä' == 'ö' 5", "wrong at character 12 (5)" },
		{ "true && || true", "wrong at character 9 (|| true)" },
		{ "(true", "ends too early, at character 6: a ) has to close" },
		{ "true)", "wrong at character 5" },
		{ "'open", "wrong at character 2 (open): the text" },
		{ "'open\\", "no closing quote" },
		{ "{{script.score > 5", "not closed by }}" },
		{ "1.2.3", "wrong at character 1 (1.2.3): this is no number" },
		{ "01 == 1", "this is no number" },
		{ "script.score > 5",
		  "wrong at character 1 (script.score > 5): a value has to stand" },
		{ "trueish", "wrong at character 1" },
		{ "'a' containsx 'b'", "wrong at character 5" },
		{ "1 < 2 < 3", "wrong at character 7" },
		{ "{{gone.x}} > 5",
		  "{{gone.x}}: no such node feeds this one; those that do: script" },
	};
	cleanup(cleanup_json) struct json_object *values = parsed(inputs);
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool result = false;
		assert_error(expression_test(cases[i][0], values, &result), ERR_INVALID,
			     cases[i][1]);
	}
}

static void limits_its_depth_but_not_its_length(void **state)
{
	(void)state;
	static const char *const repeated[] = { "(", "!", "!(" };
	cleanup(cleanup_json) struct json_object *values = parsed(inputs);
	bool result = false;
	for (size_t i = 0; i < COUNT(repeated); i++) {
		cleanup(buf_clear) struct buf text = BUF(1 << 20);
		for (int n = 0; n < 100000; n++)
			buf_adds(&text, repeated[i]);
		assert_error(expression_test(text.data, values, &result), ERR_INVALID,
			     "inside of each other");
	}
	cleanup(buf_clear) struct buf text = BUF(1 << 20);
	buf_adds(&text, "'long' == \"long\"");
	for (int n = 0; n < 20000; n++)
		buf_adds(&text, " && ('a' == \"a\")");
	assert_ok(expression_test(text.data, values, &result));
	assert_true(result);
}

static uint32_t next_random(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % below;
}

/* Writes a random condition of numbers and returns what it has to be: C's rules are the same. */
static bool write_condition(struct buf *out, uint32_t *seed, int depth)
{
	int a = (int)next_random(seed, 4), b = (int)next_random(seed, 4);
	switch (depth ? next_random(seed, 5) : 4) {
	case 0:
		buf_adds(out, "!(");
		a = !write_condition(out, seed, depth - 1);
		break;
	case 1:
		buf_adds(out, "(");
		a = write_condition(out, seed, depth - 1);
		break;
	case 2:
		buf_adds(out, "(");
		a = write_condition(out, seed, depth - 1);
		buf_adds(out, "&&");
		b = write_condition(out, seed, depth - 1);
		a = a && b;
		break;
	case 3:
		buf_adds(out, "(");
		a = write_condition(out, seed, depth - 1);
		buf_adds(out, " || ");
		b = write_condition(out, seed, depth - 1);
		a = a || b;
		break;
	default:
		buf_addf(out, "( %d < '%d'", a, b);
		a = a < b;
		break;
	}
	buf_adds(out, ")");
	return a;
}

static void agrees_with_a_model(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (int i = 0; i < 3000; i++) {
		cleanup(buf_clear) struct buf text = BUF(1 << 20);
		bool wanted = write_condition(&text, &seed, 6);
		if (holds(text.data) != wanted)
			fail_msg("%s", text.data);
	}
}

static void reads_or_refuses_any_row_of_tokens(void **state)
{
	(void)state;
	static const char *const tokens[] = {
		"(",
		")",
		"!",
		"&&",
		"||",
		"==",
		"=",
		">=",
		"<",
		"{{",
		"}}",
		"\"",
		"'",
		"\\",
		"true",
		"contains",
		"1",
		"-",
		" ",
		"null",
		"\xc3",
		"{{script}}",
		"{{input.score}}",
		"{{gone}}",
	};
	cleanup(cleanup_json) struct json_object *values = parsed(inputs);
	uint32_t seed = 7;
	for (int i = 0; i < 30000; i++) {
		cleanup(buf_clear) struct buf text = BUF(1000);
		for (uint32_t n = next_random(&seed, 12) + 1; n > 0; n--)
			buf_adds(&text, tokens[next_random(&seed, COUNT(tokens))]);
		bool result = false;
		cleanup(cleanup_err) struct err *e = expression_test(text.data, values, &result);
		if (e && err_kind(e) != ERR_INVALID)
			fail_msg("%s: %s", text.data, err_message(e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(takes_values_as_values),
		cmocka_unit_test(says_where_it_is_wrong),
		cmocka_unit_test(limits_its_depth_but_not_its_length),
		cmocka_unit_test(agrees_with_a_model),
		cmocka_unit_test(reads_or_refuses_any_row_of_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
