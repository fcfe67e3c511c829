#include "jobs/queue/policy.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct policy parse(const char *opts)
{
	cleanup(cleanup_json) struct json_object *o = NULL;
	assert_null(js_parse(opts, strlen(opts), &o));
	return policy_parse(o);
}

static void test_keep_rules(void **state)
{
	(void)state;
	static const struct {
		const char *opts;
		int64_t count, seconds, limit;
	} cases[] = {
		{ "{}", -1, -1, 1000 },
		{ "{\"removeOnFail\":true}", 0, -1, 1000 },
		{ "{\"removeOnFail\":false}", -1, -1, 1000 },
		{ "{\"removeOnFail\":7}", 7, -1, 1000 },
		{ "{\"removeOnFail\":-1}", -1, -1, 1000 },
		{ "{\"removeOnFail\":{\"count\":0}}", 0, -1, 1000 },
		{ "{\"removeOnFail\":{\"age\":60}}", -1, 60, 1000 },
		{ "{\"removeOnFail\":{\"age\":60,\"count\":5,\"limit\":2}}", 5, 60, 2 },
		{ "{\"removeOnFail\":{\"limit\":99999}}", -1, -1, 1000 },
		{ "{\"removeOnFail\":1e300}", INT32_MAX, -1, 1000 },
		{ "{\"removeOnFail\":[3]}", -1, -1, 1000 },
		{ "{\"removeOnComplete\":3}", -1, -1, 1000 },
		{ "[]", -1, -1, 1000 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy p = parse(cases[i].opts);
		assert_int_equal(p.keep_failed.count, cases[i].count);
		assert_int_equal(p.keep_failed.seconds, cases[i].seconds);
		assert_int_equal(p.keep_failed.limit, cases[i].limit);
	}
}

static void test_retry_delays(void **state)
{
	(void)state;
	static const struct {
		const char *opts;
		int64_t made, delay;
	} cases[] = {
		{ "{}", 1, -1 },
		{ "{\"attempts\":1}", 1, -1 },
		{ "{\"attempts\":2}", 1, 0 },
		{ "{\"attempts\":2}", 2, -1 },
		{ "{\"attempts\":5,\"backoff\":300}", 4, 300 },
		{ "{\"attempts\":5,\"backoff\":{\"type\":\"fixed\",\"delay\":300}}", 3, 300 },
		{ "{\"attempts\":9,\"backoff\":{\"type\":\"exponential\",\"delay\":300}}", 1, 300 },
		{ "{\"attempts\":9,\"backoff\":{\"type\":\"exponential\",\"delay\":300}}", 4,
		  2400 },
		{ "{\"attempts\":9,\"backoff\":{\"type\":\"exponential\",\"delay\":1.3}}", 2, 3 },
		{ "{\"attempts\":9000,\"backoff\":{\"type\":\"exponential\",\"delay\":1}}", 5000,
		  31536000000 },
		{ "{\"attempts\":9000,\"backoff\":{\"type\":\"exponential\",\"delay\":0}}", 5000,
		  0 },
		{ "{\"attempts\":9,\"backoff\":{\"type\":\"tidal\",\"delay\":40}}", 3, 40 },
		{ "{\"attempts\":9,\"backoff\":-1}", 1, -1 },
		{ "{\"attempts\":9,\"backoff\":{\"type\":\"fixed\",\"delay\":100,\"jitter\":0.5}}",
		  1, 75 },
		{ "{\"attempts\":9,\"backoff\":{\"type\":\"fixed\",\"delay\":100,\"jitter\":7}}", 1,
		  50 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy p = parse(cases[i].opts);
		assert_int_equal(policy_retry_delay(&p, cases[i].made, 0.5), cases[i].delay);
	}
	assert_true(parse("{\"backoff\":{\"type\":\"tidal\"}}").unknown_backoff);
	assert_true(parse("{\"backoff\":{\"delay\":1}}").unknown_backoff);
	assert_false(parse("{\"backoff\":{\"type\":\"fixed\"}}").unknown_backoff);
	assert_false(parse("{\"backoff\":5}").unknown_backoff);
	assert_false(parse("{}").unknown_backoff);
}

static void test_json_reads_back(void **state)
{
	(void)state;
	struct policy ours = POLICY_RUN;
	cleanup(cleanup_json) struct json_object *o = policy_json(&ours);
	cleanup(cleanup_free) char *text = js_text(o);
	assert_string_equal(text,
			    "{\"attempts\":2,\"backoff\":{\"type\":\"exponential\",\"delay\":2000},"
			    "\"removeOnComplete\":{\"count\":500},"
			    "\"removeOnFail\":{\"count\":200}}");

	static const char full[] =
		"{\"attempts\":4,\"backoff\":{\"type\":\"fixed\",\"delay\":5,\"jitter\":0.5},"
		"\"lifo\":true,\"stackTraceLimit\":0,\"kl\":9,"
		"\"removeOnComplete\":{\"count\":0},"
		"\"removeOnFail\":{\"count\":2,\"age\":60,\"limit\":7}}";
	struct policy p = parse(full);
	cleanup(cleanup_json) struct json_object *again = policy_json(&p);
	cleanup(cleanup_free) char *again_text = js_text(again);
	assert_string_equal(again_text, full);
}

static void test_stacks(void **state)
{
	(void)state;
	static const struct {
		const char *old;
		int64_t limit;
		const char *want;
	} cases[] = {
		{ NULL, -1, "[\"x\\n\\\"y\\\"\"]" },
		{ "[]", 1, "[\"x\\n\\\"y\\\"\"]" },
		{ "[\"a\",\"b\"]", -1, "[\"a\",\"b\",\"x\\n\\\"y\\\"\"]" },
		{ "[\"a\",\"b\"]", 2, "[\"b\",\"x\\n\\\"y\\\"\"]" },
		{ "[\"a\"]", 0, "[]" },
		{ "{}", -1, "[\"x\\n\\\"y\\\"\"]" },
		{ "[\"a\"", -1, "[\"x\\n\\\"y\\\"\"]" },
		{ "null", -1, "[\"x\\n\\\"y\\\"\"]" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(cleanup_free) char *got =
			policy_stacks(cases[i].old, "x\n\"y\"", cases[i].limit);
		assert_string_equal(got, cases[i].want);
	}
}

static void test_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "a\xff\xfe"
		  "b",
		  "a\xef\xbf\xbd\xef\xbf\xbd"
		  "b" },
		{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(cleanup_free) char *got = policy_utf8(cases[i].text);
		assert_string_equal(got, cases[i].want);
	}
	cleanup(cleanup_free) char *stacks = policy_stacks(NULL, "bad \xff", -1);
	assert_string_equal(stacks, "[\"bad \xef\xbf\xbd\"]");
}

int main(void)
{
	js_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keep_rules),
		cmocka_unit_test(test_retry_delays),
		cmocka_unit_test(test_json_reads_back),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
