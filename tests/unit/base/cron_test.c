#include "jobs/base/cron.h"

#include "jobs/base/clock.h"
#include "jobs/base/date.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <time.h>

static int64_t utc(const char *text)
{
	struct tm tm = { 0 };
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
	return (int64_t)timegm(&tm) * 1000;
}

/* Each: when is it due after that instant? Both in UTC. */
static const struct {
	const char *schedule, *zone, *after, *next;
} cases[] = {
	/* fields */
	{ "* * * * *", "UTC", "2026-01-01T00:00:00", "2026-01-01T00:01:00" },
	{ "* * * * *", "UTC", "2026-01-01T00:00:59", "2026-01-01T00:01:00" },
	{ "* * * * *", "UTC", "2025-12-31T23:59:30", "2026-01-01T00:00:00" },
	{ "0 * * * *", "UTC", "2026-01-01T00:00:00", "2026-01-01T01:00:00" },
	{ "*/15 * * * *", "UTC", "2026-01-01T00:46:00", "2026-01-01T01:00:00" },
	{ "*/25 * * * *", "UTC", "2026-01-01T00:26:00", "2026-01-01T00:50:00" },
	{ "5-10/2 * * * *", "UTC", "2026-01-01T00:07:00", "2026-01-01T00:09:00" },
	{ "5-10/2 * * * *", "UTC", "2026-01-01T00:09:00", "2026-01-01T01:05:00" },
	{ "3,1,2 * * * *", "UTC", "2026-01-01T00:01:00", "2026-01-01T00:02:00" },
	{ "59 23 31 12 *", "UTC", "2026-01-01T00:00:00", "2026-12-31T23:59:00" },
	{ "0 9 * * 1-5", "UTC", "2026-01-02T09:00:00", "2026-01-05T09:00:00" },
	{ "0 9 * * MON-FRI", "UTC", "2026-01-02T08:59:59", "2026-01-02T09:00:00" },
	{ "0 9 * * mon,Wed", "UTC", "2026-01-05T09:00:00", "2026-01-07T09:00:00" },
	{ "0 0 * * 0", "UTC", "2026-01-01T00:00:00", "2026-01-04T00:00:00" },
	{ "0 0 * * 7", "UTC", "2026-01-01T00:00:00", "2026-01-04T00:00:00" },
	{ "0 0 * * SUN", "UTC", "2026-01-01T00:00:00", "2026-01-04T00:00:00" },
	{ "0 0 * * 5-7", "UTC", "2026-01-03T00:00:00", "2026-01-04T00:00:00" },
	{ "0 0 * * FRI-SUN", "UTC", "2026-01-03T00:00:00", "2026-01-04T00:00:00" },
	{ "0 0 * * SUN-TUE", "UTC", "2026-01-06T00:00:00", "2026-01-11T00:00:00" },
	{ "0 0 * * */2", "UTC", "2026-01-04T00:00:00", "2026-01-06T00:00:00" },
	{ "0 0 1 JAN-MAR *", "UTC", "2026-03-01T00:00:00", "2027-01-01T00:00:00" },
	{ "0 0 1 */3 *", "UTC", "2026-02-01T00:00:00", "2026-04-01T00:00:00" },
	{ "0 0 1 dec *", "UTC", "2026-02-01T00:00:00", "2026-12-01T00:00:00" },
	{ "  0\t0  1   1 * ", "UTC", "2026-02-01T00:00:00", "2027-01-01T00:00:00" },
	/* day of the month, day of the week, or both */
	{ "0 0 13 * *", "UTC", "2026-02-14T00:00:00", "2026-03-13T00:00:00" },
	{ "0 0 13 * 5", "UTC", "2026-02-10T00:00:00", "2026-02-13T00:00:00" },
	{ "0 0 13 * 5", "UTC", "2026-02-13T00:00:00", "2026-02-20T00:00:00" },
	{ "0 0 1,15 * MON", "UTC", "2026-06-02T00:00:00", "2026-06-08T00:00:00" },
	{ "0 0 */2 * MON", "UTC", "2026-06-02T00:00:00", "2026-06-15T00:00:00" },
	{ "0 0 1-7 * */7", "UTC", "2026-06-02T00:00:00", "2026-06-07T00:00:00" },
	{ "0 0 31 * *", "UTC", "2026-04-01T00:00:00", "2026-05-31T00:00:00" },
	/* shorthands */
	{ "@hourly", "UTC", "2026-01-01T00:30:00", "2026-01-01T01:00:00" },
	{ "@daily", "UTC", "2026-01-01T00:30:00", "2026-01-02T00:00:00" },
	{ "@midnight", "UTC", "2026-01-01T00:30:00", "2026-01-02T00:00:00" },
	{ "@weekly", "UTC", "2026-01-01T00:30:00", "2026-01-04T00:00:00" },
	{ "@monthly", "UTC", "2026-01-01T00:30:00", "2026-02-01T00:00:00" },
	{ "@yearly", "UTC", "2026-01-01T00:30:00", "2027-01-01T00:00:00" },
	{ "@Annually", "UTC", "2026-01-01T00:30:00", "2027-01-01T00:00:00" },
	/* leap days */
	{ "0 0 29 2 *", "UTC", "2026-01-01T00:00:00", "2028-02-29T00:00:00" },
	{ "0 0 29 2 *", "UTC", "2096-02-29T00:00:00", "2104-02-29T00:00:00" },
	{ "0 0 29 2 */7", "UTC", "2026-01-01T00:00:00", "2032-02-29T00:00:00" },
	{ "0 0 29 2 */7", "UTC", "2088-02-29T00:00:00", "2128-02-29T00:00:00" },
	{ "0 0 29 2 1", "UTC", "2026-02-01T00:00:00", "2026-02-02T00:00:00" },
	{ "0 12 28-31 2 *", "UTC", "2028-02-28T12:00:00", "2028-02-29T12:00:00" },
	/* zones without changes */
	{ "0 9 * * *", "Asia/Kolkata", "2026-01-01T00:00:00", "2026-01-01T03:30:00" },
	{ "0 9 * * *", "Asia/Kolkata", "2026-01-01T03:30:00", "2026-01-02T03:30:00" },
	{ "*/30 * * * *", "Asia/Kolkata", "2026-01-01T03:30:00", "2026-01-01T04:00:00" },
	{ "45 5 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00", "2026-01-02T00:00:00" },
	{ "0 0 * * *", "Etc/GMT+5", "2026-01-01T00:00:00", "2026-01-01T05:00:00" },
	/* Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC */
	{ "30 2 * * *", "Europe/Berlin", "2026-03-28T01:30:00", "2026-03-29T01:00:00" },
	{ "30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00", "2026-03-30T00:30:00" },
	{ "15,45 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-29T01:00:00" },
	{ "15,45 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00", "2026-03-30T00:15:00" },
	{ "0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-29T01:00:00" },
	{ "0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00", "2026-03-29T01:00:00" },
	{ "0 2,3 * * *", "Europe/Berlin", "2026-03-29T01:00:00", "2026-03-30T00:00:00" },
	{ "0 2 29 3 *", "Europe/Berlin", "2026-01-01T00:00:00", "2026-03-29T01:00:00" },
	{ "*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-30T00:00:00" },
	{ "30 * * * *", "Europe/Berlin", "2026-03-29T00:30:00", "2026-03-29T01:30:00" },
	{ "0 9 * * *", "Europe/Berlin", "2026-03-28T08:00:00", "2026-03-29T07:00:00" },
	/* Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC */
	{ "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00", "2026-10-25T00:30:00" },
	{ "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00", "2026-10-26T01:30:00" },
	{ "30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00", "2026-10-26T01:30:00" },
	{ "0 3 * * *", "Europe/Berlin", "2026-10-25T00:00:00", "2026-10-25T02:00:00" },
	{ "0 2-4 * * *", "Europe/Berlin", "2026-10-25T00:00:00", "2026-10-25T02:00:00" },
	{ "*/30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00", "2026-10-25T01:00:00" },
	{ "*/30 2 * * *", "Europe/Berlin", "2026-10-25T01:30:00", "2026-10-26T01:00:00" },
	{ "@hourly", "Europe/Berlin", "2026-10-25T00:00:00", "2026-10-25T01:00:00" },
	{ "@daily", "Europe/Berlin", "2026-10-24T22:00:00", "2026-10-25T23:00:00" },
	/* New York: 8 March and 1 November 2026 */
	{ "30 2 * * *", "America/New_York", "2026-03-07T12:00:00", "2026-03-08T07:00:00" },
	{ "30 2 * * *", "America/New_York", "2026-03-08T07:00:00", "2026-03-09T06:30:00" },
	{ "30 1 * * *", "America/New_York", "2026-10-31T12:00:00", "2026-11-01T05:30:00" },
	{ "30 1 * * *", "America/New_York", "2026-11-01T05:30:00", "2026-11-02T06:30:00" },
	{ "30 * * * *", "America/New_York", "2026-11-01T05:30:00", "2026-11-01T06:30:00" },
	{ "0 17 * * FRI", "America/New_York", "2050-07-01T12:00:00", "2050-07-01T21:00:00" },
	{ "0 17 * * FRI", "America/New_York", "2050-12-30T12:00:00", "2050-12-30T22:00:00" },
	/* Lord Howe: half an hour, 4 October 2026 at 15:30 UTC the day before, and 4 April */
	{ "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00", "2026-10-03T15:30:00" },
	{ "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T15:30:00", "2026-10-04T15:15:00" },
	{ "30 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00", "2026-10-03T15:30:00" },
	{ "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00", "2026-04-04T14:45:00" },
	{ "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:45:00", "2026-04-05T15:15:00" },
	{ "*/15 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:45:00", "2026-04-04T15:00:00" },
	{ "*/15 1 * * *", "Australia/Lord_Howe", "2026-04-04T15:00:00", "2026-04-04T15:15:00" },
	/* Apia left out 30 December 2011: no daylight saving, so what was due then is not made up
	 */
	{ "0 12 * * *", "Pacific/Apia", "2011-12-29T22:00:00", "2011-12-30T22:00:00" },
	{ "0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00", "2012-12-29T22:00:00" },
	{ "0 0 31 12 *", "Pacific/Apia", "2011-12-01T00:00:00", "2011-12-30T10:00:00" },
	{ "* * * * *", "Pacific/Apia", "2011-12-30T09:59:00", "2011-12-30T10:00:00" },
	/* São Paulo: at midnight, until 2019 */
	{ "0 0 * * *", "America/Sao_Paulo", "2017-10-14T12:00:00", "2017-10-15T03:00:00" },
	{ "30 0 15 10 *", "America/Sao_Paulo", "2017-01-01T00:00:00", "2017-10-15T03:00:00" },
	{ "@daily", "America/Sao_Paulo", "2018-02-17T02:00:00", "2018-02-18T03:00:00" },
	{ "30 23 * * *", "America/Sao_Paulo", "2018-02-18T01:30:00", "2018-02-19T02:30:00" },
	{ "0 0 * * *", "America/Sao_Paulo", "2026-10-14T12:00:00", "2026-10-15T03:00:00" },
	/* Nuuk's change of 2023 was its last for a while, and falls on the evening before */
	{ "30 22 * * *", "America/Nuuk", "2023-03-25T12:00:00", "2023-03-26T01:00:00" },
};

static void knows_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cron cron;
		cleanup(cleanup_zone) struct zone *zone = NULL;
		int64_t next = 0;
		char text[CLOCK_ISO_SIZE];
		assert_ok(cron_parse(cases[i].schedule, &cron));
		assert_ok(zone_open(cases[i].zone, &zone));
		assert_ok(cron_next(&cron, zone, utc(cases[i].after), &next));
		if (next != utc(cases[i].next))
			fail_msg("\"%s\" in %s after %s: %s, not %s", cases[i].schedule,
				 cases[i].zone, cases[i].after, clock_iso(next, text),
				 cases[i].next);
	}
}

static void names_what_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *text, *part;
	} wrong[] = {
		{ "", "There is no schedule" },
		{ " \t ", "There is no schedule" },
		{ "* * * *", "4 fields instead of 5" },
		{ "*", "1 field instead of 5" },
		{ "* * * * * *", "6 fields instead of 5" },
		{ "60 * * * *", "\"60\" is no minute: it takes 0 to 59" },
		{ "* 24 * * *", "\"24\" is no hour" },
		{ "* * 0 * *", "\"0\" is no day of the month: it takes 1 to 31" },
		{ "* * 32 * *", "no day of the month" },
		{ "* * * 13 *", "no month: it takes 1 to 12 or names like FEB" },
		{ "* * * 0 *", "no month" },
		{ "* * * * 8", "no day of the week" },
		{ "* * * FOO *", "\"FOO\" is no month" },
		{ "* * * MONDAY *", "no month" },
		{ "* * * * MONDAY", "\"MONDAY\" is no day of the week" },
		{ "MON * * * *", "no minute" },
		{ "-1 * * * *", "no minute" },
		{ "1- * * * *", "no minute" },
		{ "1-2-3 * * * *", "no minute" },
		{ "1.5 * * * *", "no minute" },
		{ "4294967297 * * * *", "no minute" },
		{ "? * * * *", "no minute" },
		{ "*5 * * * *", "no minute" },
		{ "* * L * *", "no day of the month" },
		{ "30-10 * * * *", "\"30-10\" of the minute runs backwards" },
		{ "* * * * SAT-MON", "runs backwards" },
		{ "*/0 * * * *", "has to be a number from 1" },
		{ "*/ * * * *", "has to be a number from 1" },
		{ "*/x * * * *", "has to be a number from 1" },
		{ "*/5/5 * * * *", "has to be a number from 1" },
		{ "5/15 * * * *", "like 5-59/15" },
		{ "1,,2 * * * *", "missing in the list of the minute" },
		{ ", * * * *", "missing" },
		{ "1, * * * *", "missing" },
		{ "@reboot", "@hourly" },
		{ "@daily x", "@hourly" },
		{ "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23 * * * *",
		  "The minute is too long" },
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct cron cron;
		struct err *e = cron_parse(wrong[i].text, &cron);
		if (!e)
			print_error("\"%s\" is taken\n", wrong[i].text);
		assert_error(e, ERR_INVALID, wrong[i].part);
	}
	char endless[1000];
	memset(endless, '*', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	struct cron cron;
	assert_error(cron_parse(endless, &cron), ERR_INVALID, "longer than");
}

static void knows_never(void **state)
{
	(void)state;
	static const struct {
		const char *text, *zone;
	} never[] = {
		{ "0 0 30 2 *", "UTC" },
		{ "0 0 31 2,4,6,9,11 *", "Europe/Berlin" },
		{ "0 0 30-31 FEB *", "Asia/Kolkata" },
		{ "0 0 30 2 */7", "UTC" },
		/* the hour that is skipped, by the wall clock */
		{ "* 2 25-31 3 */7", "Europe/Berlin" },
	};
	for (size_t i = 0; i < COUNT(never); i++) {
		struct cron cron;
		cleanup(cleanup_zone) struct zone *zone = NULL;
		int64_t next;
		assert_ok(cron_parse(never[i].text, &cron));
		assert_ok(zone_open(never[i].zone, &zone));
		assert_error(cron_next(&cron, zone, utc("2026-01-01T00:00:00"), &next), ERR_INVALID,
			     "never due");
	}
}

/* A small generator, so that a failure can be repeated. */
static uint32_t random_state = 20260221;

static int random_below(int limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return (int)(random_state % (uint32_t)limit);
}

/* A schedule as a set of values a field, which the reference looks up, and as text. */
struct sample {
	char text[200];
	bool fits[5][60], star[5];
};

static const int lowest[] = { 0, 0, 1, 1, 0 }, highest[] = { 59, 23, 31, 12, 6 };

static void add_star(struct sample *s, int field, char *word, size_t size)
{
	int step = 1 + random_below(3) * random_below(5);
	snprintf(word, size, step > 1 ? "*/%d" : "*", step);
	s->star[field] = true;
	for (int v = lowest[field]; v <= highest[field]; v += step)
		s->fits[field][v] = true;
}

static void add_list(struct sample *s, int field, char *word, size_t size)
{
	size_t len = 0;
	for (int n = 1 + random_below(3); n > 0; n--) {
		int low = lowest[field] + random_below(highest[field] - lowest[field] + 1);
		int high = low + random_below(highest[field] - low + 1) / 2;
		len += (size_t)snprintf(word + len, size - len, len ? ",%d" : "%d", low);
		if (high > low)
			len += (size_t)snprintf(word + len, size - len, "-%d", high);
		for (int v = low; v <= high; v++)
			s->fits[field][v] = true;
	}
}

static struct sample random_sample(void)
{
	struct sample s = { 0 };
	size_t len = 0;
	for (int field = 0; field < 5; field++) {
		char word[60];
		if (random_below(5) < (field < 2 ? 2 : 4))
			add_star(&s, field, word, sizeof(word));
		else
			add_list(&s, field, word, sizeof(word));
		len += (size_t)snprintf(s.text + len, sizeof(s.text) - len, "%s ", word);
	}
	return s;
}

static bool fits_local(const struct sample *s, int64_t local)
{
	time_t seconds = (time_t)local;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	bool day = s->fits[2][tm.tm_mday], weekday = s->fits[4][tm.tm_wday];
	bool either = s->star[2] || s->star[4] ? day && weekday : day || weekday;
	return tm.tm_sec == 0 && s->fits[0][tm.tm_min] && s->fits[1][tm.tm_hour] &&
	       s->fits[3][tm.tm_mon + 1] && either;
}

/* Is it due in this minute? Said without any search, from crontab(5) and cron(8). */
static bool is_due(const struct sample *s, const struct zone *zone, int64_t t)
{
	int now = zone_span(zone, t).offset;
	bool fits = fits_local(s, t + now);
	if (s->star[0] || s->star[1])
		return fits;
	int before = zone_span(zone, t - 60).offset;
	if (now > before && now - before < 10800)
		for (int64_t skipped = t + before; skipped < t + now; skipped += 60)
			fits |= fits_local(s, skipped);
	for (int64_t ago = 60; ago < 10800 && fits; ago += 60)
		if (t - ago + zone_span(zone, t - ago).offset == t + now)
			fits = false;
	return fits;
}

static const struct {
	const char *zone, *around;
} places[] = {
	{ "Europe/Berlin", "2026-03-29T01:00:00" },
	{ "Europe/Berlin", "2026-10-25T01:00:00" },
	{ "America/New_York", "2026-11-01T06:00:00" },
	{ "America/New_York", "2061-03-13T07:00:00" },
	{ "Australia/Lord_Howe", "2026-10-03T15:30:00" },
	{ "Australia/Lord_Howe", "2026-04-04T15:00:00" },
	{ "America/Sao_Paulo", "2017-10-15T03:00:00" },
	{ "Pacific/Apia", "2011-12-30T10:00:00" },
	{ "Antarctica/Troll", "2026-03-29T01:00:00" },
	{ "Asia/Kolkata", "2026-02-28T18:30:00" },
};

/* The next time as the code under test finds it; INT64_MAX for never. In seconds. */
static int64_t next_after(const struct cron *cron, const struct zone *zone, int64_t t)
{
	int64_t next;
	cleanup(cleanup_err) struct err *e = cron_next(cron, zone, t * 1000, &next);
	return e ? INT64_MAX : next / 1000;
}

/* Every minute from `begin` until before `end`: is it due exactly where it is said to be? */
static void compare(const struct sample *sample, const char *name, int64_t begin, int64_t end)
{
	struct cron cron;
	cleanup(cleanup_zone) struct zone *zone = NULL;
	assert_ok(zone_open(name, &zone));
	assert_ok(cron_parse(sample->text, &cron));
	int64_t next = next_after(&cron, zone, begin);
	for (int64_t t = begin + 60; t < end; t += 60) {
		bool said = next == t;
		if (is_due(sample, zone, t) != said || next < t)
			fail_msg("\"%s\" in %s: %s at %lld", sample->text, name,
				 said ? "not due" : "due", (long long)t);
		if (said)
			next = next_after(&cron, zone, t);
	}
}

/* Around changes of clocks, minute by minute, for random schedules. */
static void agrees_with_the_slow_way(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t place = (size_t)random_below(COUNT(places));
		struct sample sample = random_sample();
		int64_t begin =
			utc(places[place].around) / 1000 - 60LL * (200 + random_below(1500));
		compare(&sample, places[place].zone, begin, begin + 60LL * 4000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_when),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(knows_never),
		cmocka_unit_test(agrees_with_the_slow_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
