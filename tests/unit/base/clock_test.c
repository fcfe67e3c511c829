#include "jobs/base/clock.h"

#include "tests/unit/check.h"

#include <time.h>

static void writes_utc(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *iso, *basic;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z", "19700101T000000Z" },
		{ 999, "1970-01-01T00:00:00.999Z", "19700101T000000Z" },
		{ 1771645963123, "2026-02-21T03:52:43.123Z", "20260221T035243Z" },
		{ 1709251199007, "2024-02-29T23:59:59.007Z", "20240229T235959Z" },
		{ 2147483648000, "2038-01-19T03:14:08.000Z", "20380119T031408Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z", "99991231T235959Z" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char iso[CLOCK_ISO_SIZE], basic[CLOCK_BASIC_SIZE];
		assert_string_equal(clock_iso(cases[i].ms, iso), cases[i].iso);
		assert_string_equal(clock_basic(cases[i].ms, basic), cases[i].basic);
	}
}

static void is_the_wall_clock(void **state)
{
	(void)state;
	struct timespec before, after;
	clock_gettime(CLOCK_REALTIME, &before);
	int64_t now = clock_ms();
	clock_gettime(CLOCK_REALTIME, &after);
	assert_in_range(now, before.tv_sec * 1000, after.tv_sec * 1000 + 999);
}

static void monotonic_never_goes_back(void **state)
{
	(void)state;
	int64_t last = clock_monotonic_ms(), first = last;
	while (last < first + 3) {
		int64_t now = clock_monotonic_ms();
		assert_true(now >= last);
		last = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_utc),
		cmocka_unit_test(is_the_wall_clock),
		cmocka_unit_test(monotonic_never_goes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
