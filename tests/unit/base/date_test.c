#include "jobs/base/date.h"

#include "tests/unit/check.h"

#include <time.h>

/* Every day of eight centuries and more, against the C library. */
static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t days = -200000; days < 200000; days++) {
		time_t seconds = (time_t)(days * DAY_S);
		struct tm tm;
		gmtime_r(&seconds, &tm);
		struct date date = date_of_days(days);
		assert_int_equal(date.year, tm.tm_year + 1900);
		assert_int_equal(date.month, tm.tm_mon + 1);
		assert_int_equal(date.day, tm.tm_mday);
		assert_int_equal(date_weekday(days), tm.tm_wday);
		assert_int_equal(date_to_days(date), days);
	}
}

static void knows_the_months(void **state)
{
	(void)state;
	static const struct {
		int year, february;
	} cases[] = { { 1900, 28 }, { 1996, 29 }, { 2000, 29 }, { 2023, 28 }, { 2024, 29 },
		      { 2100, 28 }, { 2400, 29 }, { 0, 29 },    { -4, 29 },   { -100, 28 } };
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(date_month_length(cases[i].year, 2), cases[i].february);
	assert_int_equal(date_month_length(2023, 1), 31);
	assert_int_equal(date_month_length(2023, 4), 30);
	assert_int_equal(date_month_length(2023, 12), 31);
}

static void divides_downwards(void **state)
{
	(void)state;
	assert_int_equal(floor_div(7, 2), 3);
	assert_int_equal(floor_div(-7, 2), -4);
	assert_int_equal(floor_div(-8, 2), -4);
	assert_int_equal(floor_div(0, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(knows_the_months),
		cmocka_unit_test(divides_downwards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
