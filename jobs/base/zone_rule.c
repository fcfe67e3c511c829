#include "jobs/base/zone_rule.h"

#include "jobs/base/date.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HOURS = 167, DEFAULT_TIME = 2 * 3600, HOUR = 3600 };

/* The letters of a name, or anything between angle brackets. */
static bool read_name(const char **text)
{
	const char *at = *text;
	if (*at == '<') {
		at += strcspn(at, ">");
		if (!*at)
			return false;
		*text = at + 1;
		return true;
	}
	while (isalpha((unsigned char)*at))
		at++;
	bool any = at > *text;
	*text = at;
	return any;
}

static bool read_number(const char **text, int min, int max, int *ret)
{
	int value = 0;
	const char *at = *text;
	for (; isdigit((unsigned char)*at) && value <= max; at++)
		value = value * 10 + (*at - '0');
	if (at == *text || value < min || value > max)
		return false;
	*text = at;
	*ret = value;
	return true;
}

/* [+-]hh[:mm[:ss]], in seconds. */
static bool read_time(const char **text, int *ret)
{
	int hours, parts[2] = { 0, 0 }, sign = **text == '-' ? -1 : 1;
	*text += **text == '-' || **text == '+';
	if (!read_number(text, 0, MAX_HOURS, &hours))
		return false;
	for (int i = 0; i < 2 && **text == ':'; i++) {
		++*text;
		if (!read_number(text, 0, 59, &parts[i]))
			return false;
	}
	*ret = sign * (hours * HOUR + parts[0] * 60 + parts[1]);
	return true;
}

static bool read_mark(const char **text, char mark)
{
	bool there = **text == mark;
	*text += there;
	return there;
}

/* Mm.w.d, Jn or n, and /time. */
static bool read_day(const char **text, struct zone_rule_day *d)
{
	bool good;
	*d = (struct zone_rule_day){ .time = DEFAULT_TIME };
	if (**text == 'M' || **text == 'J')
		d->form = *(*text)++;
	if (d->form == 'M')
		good = read_number(text, 1, 12, &d->month) && read_mark(text, '.') &&
		       read_number(text, 1, 5, &d->week) && read_mark(text, '.') &&
		       read_number(text, 0, 6, &d->day);
	else
		good = read_number(text, d->form == 'J', 365, &d->day);
	return good && (!read_mark(text, '/') || read_time(text, &d->time));
}

bool zone_rule_parse(const char *text, struct zone_rule *ret)
{
	int west;
	if (!read_name(&text) || !read_time(&text, &west))
		return false;
	*ret = zone_rule_fixed(-west);
	if (!*text)
		return true;
	if (!read_name(&text))
		return false;
	ret->changes = true;
	ret->daylight = ret->standard + HOUR;
	if (*text != ',') {
		if (!read_time(&text, &west))
			return false;
		ret->daylight = -west;
	}
	return read_mark(&text, ',') && read_day(&text, &ret->start) && read_mark(&text, ',') &&
	       read_day(&text, &ret->end) && !*text;
}

struct zone_rule zone_rule_fixed(int offset)
{
	return (struct zone_rule){ .standard = offset, .daylight = offset };
}

/* The first weekday `d->day` of the month, then `d->week - 1` weeks on, but within the month. */
static int64_t weekday_of_month(const struct zone_rule_day *d, int64_t year)
{
	int64_t first = date_to_days((struct date){ year, d->month, 1 });
	int day = (d->day - date_weekday(first) + 7) % 7 + (d->week - 1) * 7;
	if (day >= date_month_length(year, d->month))
		day -= 7;
	return first + day;
}

/* The instant of the change in `year`, when `offset` holds until then. */
static int64_t instant(const struct zone_rule_day *d, int64_t year, int offset)
{
	int64_t day;
	if (d->form == 'M')
		day = weekday_of_month(d, year);
	else
		day = date_to_days((struct date){ year, 1, 1 }) + d->day;
	if (d->form == 'J') /* counts from 1, and never counts 29 February */
		day += (date_is_leap_year(year) && d->day >= 60) - 1;
	return day * DAY_S + d->time - offset;
}

/* Narrows a span around `t` by a change at `at` from one offset to another. */
static void narrow(struct zone_span *span, int64_t t, int64_t at, int from, int to)
{
	if (at > t) {
		if (at < span->end)
			span->end = at;
	} else if (at >= span->begin) {
		span->begin = at;
		span->offset = to;
		span->before = from;
	}
}

struct zone_span zone_rule_span(const struct zone_rule *r, int64_t t)
{
	struct zone_span span = { INT64_MIN, INT64_MAX, r->standard, r->standard };
	if (!r->changes)
		return span;
	int64_t year = date_of_days(floor_div(t, DAY_S)).year;
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t start = instant(&r->start, y, r->standard);
		int64_t end = instant(&r->end, y, r->daylight);
		narrow(&span, t, start, r->standard, r->daylight);
		narrow(&span, t, end, r->daylight, r->standard);
	}
	return span;
}
