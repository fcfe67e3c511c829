#include "jobs/base/id.h"

#include "jobs/base/clock.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MANY = 20000 };

static char ids[MANY][ID_SIZE];

/* The time that a version 7 UUID begins with: 48 bits of milliseconds (RFC 9562, 5.7). */
static int64_t time_of(const char *id)
{
	char hex[13];
	snprintf(hex, sizeof(hex), "%.8s%.4s", id, id + 9);
	return strtoll(hex, NULL, 16);
}

static void is_a_version_7_uuid_of_now(void **state)
{
	(void)state;
	char id[ID_SIZE];
	for (int i = 0; i < 1000; i++) {
		int64_t before = clock_ms();
		id_new(id);
		assert_in_range(time_of(id), before, clock_ms());
		assert_true(id_is_valid(id));
		assert_int_equal(id[14], '7');
		assert_non_null(strchr("89ab", id[19]));
	}
}

/* Apart by more than the quarter of a microsecond that an id tells, and mostly in one millisecond.
 */
static void sorts_by_time(void **state)
{
	(void)state;
	char last[ID_SIZE], next[ID_SIZE];
	id_new(last);
	for (int i = 0; i < 1000; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
		assert_true(strcmp(last, id_new(next)) < 0);
		memcpy(last, next, ID_SIZE);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void is_unique(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++)
		id_new(ids[i]);
	qsort(ids, MANY, ID_SIZE, compare);
	for (int i = 1; i < MANY; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
}

static void knows_its_canonical_form(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ "0190d3a1-7e4c-7abc-9def-0123456789ab", true },
		{ "0190D3A1-7E4C-7ABC-9DEF-0123456789AB", true },
		{ "00000000-0000-0000-0000-000000000000", true },
		{ "", false },
		{ "0190d3a1", false },
		{ "0190d3a17e4c7abc9def0123456789ab", false },
		{ "0190d3a1-7e4c-7abc-9def-0123456789a", false },
		{ "0190d3a1-7e4c-7abc-9def-0123456789abc", false },
		{ "0190d3a1-7e4c-7abc-9def-0123456789ag", false },
		{ "0190d3a1-7e4c-7abc-9def_0123456789ab", false },
		{ "{0190d3a1-7e4c-7abc-9def-0123456789ab}", false },
		{ " 0190d3a1-7e4c-7abc-9def-0123456789ab", false },
		{ "0190d3a1-7e4c-7abc-9def-0123456789ab\n", false },
		{ "0190d3a1-7e4c-7abc-9def-0123456789\xc3\xa4", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (id_is_valid(cases[i].text) != cases[i].valid)
			fail_msg("\"%s\"", cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_version_7_uuid_of_now),
		cmocka_unit_test(sorts_by_time),
		cmocka_unit_test(is_unique),
		cmocka_unit_test(knows_its_canonical_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
