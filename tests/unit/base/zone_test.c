#include "jobs/base/zone.h"

#include "jobs/base/zone_rule.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static const char *const names[] = {
	"UTC",
	"Etc/GMT+5",
	"Europe/Berlin",
	"Europe/London",
	"Europe/Dublin",
	"America/New_York",
	"America/Sao_Paulo",
	"America/St_Johns",
	"America/Nuuk",
	"America/Argentina/Buenos_Aires",
	"Australia/Lord_Howe",
	"Asia/Kolkata",
	"Asia/Tehran",
	"Asia/Gaza",
	"Africa/Casablanca",
	"Pacific/Apia",
	"Pacific/Chatham",
	"Antarctica/Troll",
	"Pacific/Kwajalein",
};

/* What the C library takes for local time, by a zone's name or rule. */
static void set_local_time(const char *tz)
{
	setenv("TZ", tz, 1); /* NOLINT(concurrency-mt-unsafe): there is one thread */
	tzset();
}

static long local_offset(int64_t t)
{
	time_t seconds = (time_t)t;
	struct tm tm;
	localtime_r(&seconds, &tm);
	return tm.tm_gmtoff;
}

/* Offsets every few hours until the year 2150, against the C library's. */
static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		cleanup(cleanup_zone) struct zone *zone = NULL;
		assert_ok(zone_open(names[i], &zone));
		set_local_time(names[i]);
		for (int64_t t = -2000000000; t < 5680000000; t += 31337)
			assert_int_equal(zone_span(zone, t).offset, local_offset(t));
	}
}

/* Spans join without gaps, from one end of time to the other. */
static void spans_join(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		cleanup(cleanup_zone) struct zone *zone = NULL;
		assert_ok(zone_open(names[i], &zone));
		struct zone_span last = zone_span(zone, -100000000000);
		assert_true(last.begin == INT64_MIN);
		for (int n = 0; n < 1000 && last.end != INT64_MAX; n++) {
			struct zone_span next = zone_span(zone, last.end);
			assert_int_equal(next.begin, last.end);
			assert_int_equal(next.before, last.offset);
			assert_int_equal(zone_span(zone, last.end - 1).begin, last.begin);
			last = next;
		}
	}
}

static void knows_the_changes(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t t, begin, end;
		int offset, before;
	} cases[] = {
		/* 31 March 2024 01:00 to 27 October 01:00 UTC */
		{ "Europe/Berlin", 1720000000, 1711846800, 1729990800, 7200, 3600 },
		/* by the rule alone: 2060, 28 March to 31 October */
		{ "Europe/Berlin", 2850000000, 2847661200, 2866410000, 7200, 3600 },
		/* half an hour */
		{ "Australia/Lord_Howe", 1720000000, 1712415600, 1728142200, 37800, 39600 },
		/* over the date line: the 30th of December 2011 did not happen */
		{ "Pacific/Apia", 1325300000, 1325239200, 1333202400, 50400, -36000 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_zone) struct zone *zone = NULL;
		assert_ok(zone_open(cases[i].name, &zone));
		struct zone_span span = zone_span(zone, cases[i].t);
		assert_int_equal(span.begin, cases[i].begin);
		assert_int_equal(span.end, cases[i].end);
		assert_int_equal(span.offset, cases[i].offset);
		assert_int_equal(span.before, cases[i].before);
	}
}

static void takes_names_only(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		" ",
		"/",
		"Europe",
		"Europe/",
		"/Europe/Berlin",
		"Europe//Berlin",
		"europe/berlin",
		"Mars/Olympus",
		"../../../etc/passwd",
		"Europe/../Europe/Berlin",
		"./UTC",
		"tzdata.zi",
		"zone.tab",
		"leapseconds",
		"right/UTC",
		"UTC\n",
		"CET-1CEST",
		":UTC",
		"Europe/Berlin;",
		"A/very/long/name/that/no/zone/has/and/that/goes/on/and/on/and/on/and/on",
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct zone *zone = NULL;
		struct err *e = zone_open(wrong[i], &zone);
		if (!e)
			print_error("\"%s\" is taken\n", wrong[i]);
		assert_error(e, ERR_INVALID, "time zone");
		assert_null(zone);
	}
}

static void reads_rules(void **state)
{
	(void)state;
	static const char *const good[] = {
		"UTC0",
		"EST5EDT,M3.2.0,M11.1.0",
		"CET-1CEST,M3.5.0,M10.5.0/3",
		"IST-1GMT0,M10.5.0,M3.5.0/1",
		"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
		"<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
		"EET-2EEST,M3.4.4/50,M10.4.4/50",
		"AAA3BBB,J60/0,J300/24",
		"AAA3BBB,59/0:30:15,365",
	};
	static const char *const bad[] = {
		"",
		"5",
		"UTC",
		"<UTC0",
		"CET-1CEST",
		"CET-1CEST,",
		"CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,J0,J1",
		"CET-1CEST,366,1",
		"CET-168",
		"CET-1CEST,M3.5.0,M10.5.0/3x",
		"CET-1:60",
	};
	struct zone_rule rule;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!zone_rule_parse(good[i], &rule))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (zone_rule_parse(bad[i], &rule))
			fail_msg("%s", bad[i]);
}

/* Days of the year, which no zone uses today, against the C library's reading of the same rule. */
static void follows_rules(void **state)
{
	(void)state;
	static const char *const rules[] = {
		"AAA3BBB,J60/0,J300/24",
		"AAA3BBB,59/0:30:15,364",
		"AAA-3BBB-5,J59,J61",
		"IST-1GMT0,M10.5.0,M3.5.0/1",
	};
	for (size_t i = 0; i < COUNT(rules); i++) {
		struct zone_rule rule;
		assert_true(zone_rule_parse(rules[i], &rule));
		set_local_time(rules[i]);
		for (int64_t t = 0; t < 4000000000; t += 3541)
			assert_int_equal(zone_rule_span(&rule, t).offset, local_offset(t));
	}
}

static void *look_around(void *arg)
{
	const struct zone *zone = arg;
	long long sum = 0;
	for (int64_t t = 0; t < 4000000000; t += 100003)
		sum += zone_span(zone, t).offset;
	return (void *)(intptr_t)sum;
}

static void is_shared_by_threads(void **state)
{
	(void)state;
	cleanup(cleanup_zone) struct zone *zone = NULL;
	assert_ok(zone_open("Europe/Berlin", &zone));
	pthread_t threads[4];
	void *sums[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_around, zone), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], &sums[i]);
	for (int i = 1; i < 4; i++)
		assert_ptr_equal(sums[i], sums[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(spans_join),
		cmocka_unit_test(knows_the_changes),
		cmocka_unit_test(takes_names_only),
		cmocka_unit_test(reads_rules),
		cmocka_unit_test(follows_rules),
		cmocka_unit_test(is_shared_by_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
