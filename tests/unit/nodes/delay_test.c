#include "tests/unit/nodes/fixture.h"

#include "jobs/base/clock.h"

static void waits_as_long_as_it_is_told(void **state)
{
	(void)state;
	cleanup(fixture_clear) struct fixture f = { 0 };
	int64_t begin = clock_monotonic_ms();
	assert_ok(run_node(&f, "delay", "{\"duration\":\"0.15\"}", "{\"a\":{\"text\":\"x\"}}"));
	assert_true(clock_monotonic_ms() - begin >= 150);
	assert_json(js_get(f.output, "delayed"), "true");
	assert_json(js_get(f.output, "durationSeconds"), "0.15");
	assert_json(js_get(f.output, "data"), "{\"text\":\"x\"}");
	const char *started = js_string(f.output, "startedAt");
	const char *completed = js_string(f.output, "completedAt");
	assert_int_equal(strlen(started), CLOCK_ISO_SIZE - 1);
	assert_true(strcmp(started, completed) < 0);
}

static void takes_less_than_nothing_for_none(void **state)
{
	(void)state;
	cleanup(fixture_clear) struct fixture f = { 0 };
	assert_ok(run_node(&f, "delay", "{\"duration\":-3}", "{}"));
	assert_json(js_get(f.output, "durationSeconds"), "0.0");
}

static void ends_when_it_is_stopped(void **state)
{
	(void)state;
	static const char *const configs[] = { "{}", "{\"duration\":\"\"}", "{\"duration\":9999}" };
	const atomic_bool asked = true;
	const struct stop stop = { .asked = &asked };
	for (size_t i = 0; i < COUNT(configs); i++) {
		cleanup(fixture_clear) struct fixture f = { 0 };
		assert_error(run_under(&f, "delay", configs[i], "{}", &stop), ERR_CANCELLED,
			     "stopped");
		assert_null(f.output);
	}
}

static void says_that_it_waits_no_longer_than_it_may(void **state)
{
	(void)state;
	const atomic_bool asked = true;
	const struct stop stop = { .asked = &asked };
	cleanup(fixture_clear) struct fixture f = { 0 };
	assert_error(run_under(&f, "delay", "{\"duration\":9999}", "{}", &stop), ERR_CANCELLED, "");
	assert_json(f.run.notes, "[\"A delay is 300 seconds at most; 9999 were asked for\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_as_long_as_it_is_told),
		cmocka_unit_test(takes_less_than_nothing_for_none),
		cmocka_unit_test(ends_when_it_is_stopped),
		cmocka_unit_test(says_that_it_waits_no_longer_than_it_may),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
