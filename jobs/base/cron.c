#include "jobs/base/cron.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/date.h"

#include <ctype.h>
#include <string.h>

enum {
	MAX_TEXT = 200,
	MAX_WORD = 60,
	SEARCH_DAYS = 100 * 366, /* a leap day on a given weekday takes up to 40 years */
	MAX_SHIFT_S = 3 * 3600,  /* a change of this much is no daylight saving */
	MINUTE_S = 60,
	DAY_MINUTES = 24 * 60,
};

static const char *const months[] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
				      "AUG", "SEP", "OCT", "NOV", "DEC", NULL };
static const char *const weekdays[] = { "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL };

static const struct field {
	const char *label;
	int min, max;
	const char *const *names; /* of min and those that follow; or NULL */
} fields[] = {
	{ "minute", 0, 59, NULL },
	{ "hour", 0, 23, NULL },
	{ "day of the month", 1, 31, NULL },
	{ "month", 1, 12, months },
	{ "day of the week", 0, 7, weekdays },
};
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct {
	const char *name, *text;
} shorthands[] = {
	{ "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

/* The five fields of a schedule, each with its blanks cut off. */
struct words {
	char text[FIELDS][MAX_WORD];
};

static const char *expand(const char *text)
{
	for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++)
		if (!strcasecmp(text, shorthands[i].name))
			return shorthands[i].text;
	return text;
}

/* A number or name of the field at `*text`, which moves behind it; -1 where there is none. */
static int read_value(const struct field *f, const char **text)
{
	for (int i = 0; f->names && f->names[i]; i++) {
		if (strncasecmp(*text, f->names[i], 3) != 0 || isalnum((unsigned char)(*text)[3]))
			continue;
		*text += 3;
		return f->min + i;
	}
	int value = 0;
	const char *at = *text;
	for (; isdigit((unsigned char)*at) && value < 1000; at++)
		value = value * 10 + (*at - '0');
	bool good = at > *text && !isalnum((unsigned char)*at);
	*text = at;
	return good ? value : -1;
}

static struct err *bad_value(const struct field *f, const char *item)
{
	return err_new(ERR_INVALID, "\"%s\" is no %s: it takes %d to %d%s%s", item, f->label,
		       f->min, f->max, f->names ? " or names like " : "",
		       f->names ? f->names[1] : "");
}

/* What a list's item names before its step. */
struct range {
	int low, high;
	bool single; /* one value, no range */
};

/* *, a value or a range at the beginning of `item`; *ret_rest is what follows. */
static struct err *read_range(const struct field *f, const char *item, struct range *ret,
			      const char **ret_rest)
{
	const char *at = item;
	*ret = (struct range){ f->min, f->max, false };
	if (*at == '*') {
		*ret_rest = at + 1;
		return NULL;
	}
	ret->low = ret->high = read_value(f, &at);
	ret->single = *at != '-';
	if (!ret->single) {
		at++;
		ret->high = read_value(f, &at);
	}
	if (ret->low < f->min || ret->low > f->max || ret->high < f->min || ret->high > f->max)
		return bad_value(f, item);
	if (f == &fields[WEEKDAY] && ret->low > 0 && ret->high == 0 && !ret->single)
		ret->high = 7; /* FRI-SUN */
	if (ret->low > ret->high)
		return err_new(ERR_INVALID, "The range \"%s\" of the %s runs backwards", item,
			       f->label);
	*ret_rest = at;
	return NULL;
}

/* "/n" at the end of an item. */
static struct err *read_step(const struct field *f, const char *item, const char *rest,
			     const struct range *range, int *ret)
{
	*ret = 1;
	if (!*rest)
		return NULL;
	if (*rest != '/')
		return bad_value(f, item);
	rest++;
	*ret = read_value(&fields[MINUTE], &rest);
	if (*ret < 1 || *rest)
		return err_new(ERR_INVALID, "The step of \"%s\" has to be a number from 1", item);
	if (range->single)
		return err_new(
			ERR_INVALID,
			"\"%s\" has a step over a single value; write a range, like %d-%d/%d", item,
			range->low, f->max, *ret);
	return NULL;
}

/* Sets the bits of one item of a list. */
static struct err *read_item(const struct field *f, const char *item, uint64_t *bits)
{
	struct range range;
	const char *rest = "";
	int step;
	TRY(read_range(f, item, &range, &rest));
	TRY(read_step(f, item, rest, &range, &step));
	for (int value = range.low; value <= range.high; value += step)
		*bits |= UINT64_C(1) << value;
	return NULL;
}

static struct err *read_field(const struct field *f, const char *word, uint64_t *ret)
{
	*ret = 0;
	for (;;) {
		char item[MAX_WORD];
		size_t len = strcspn(word, ",");
		snprintf(item, sizeof(item), "%.*s", (int)len, word);
		if (len == 0)
			return err_new(ERR_INVALID, "An item is missing in the list of the %s",
				       f->label);
		TRY(read_item(f, item, ret));
		if (!word[len])
			return NULL;
		word += len + 1;
	}
}

static struct err *split(const char *text, struct words *ret)
{
	static const char blanks[] = " \t";
	int n = 0;
	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t len = strcspn(text, blanks);
		if (n < FIELDS && len >= MAX_WORD)
			return err_new(ERR_INVALID, "The %s is too long", fields[n].label);
		if (n < FIELDS)
			snprintf(ret->text[n], MAX_WORD, "%.*s", (int)len, text);
		n++;
		text += len;
	}
	if (n != FIELDS)
		return err_new(ERR_INVALID,
			       "It has %d field%s instead of 5 (minute, hour, day of the month, "
			       "month, day of the week)",
			       n, n == 1 ? "" : "s");
	return NULL;
}

static struct err *parse(const char *text, struct cron *ret)
{
	struct words words;
	uint64_t bits[FIELDS] = { 0 };
	if (*text == '@' && expand(text) == text)
		return err_new(ERR_INVALID, "It takes @hourly, @daily, @weekly, @monthly or "
					    "@yearly");
	TRY(split(expand(text), &words));
	for (int i = 0; i < FIELDS; i++)
		TRY(read_field(&fields[i], words.text[i], &bits[i]));
	bits[WEEKDAY] |= bits[WEEKDAY] >> 7 & 1;
	*ret = (struct cron){
		.minutes = bits[MINUTE],
		.hours = bits[HOUR],
		.days = bits[DAY],
		.months = bits[MONTH],
		.weekdays = bits[WEEKDAY],
		.any_day = words.text[DAY][0] == '*',
		.any_weekday = words.text[WEEKDAY][0] == '*',
		.wall = words.text[MINUTE][0] == '*' || words.text[HOUR][0] == '*',
	};
	return NULL;
}

struct err *cron_parse(const char *text, struct cron *ret)
{
	if (strlen(text) > MAX_TEXT)
		return err_new(ERR_INVALID, "The schedule is longer than %d characters", MAX_TEXT);
	if (text[strspn(text, " \t")] == '\0')
		return err_new(ERR_INVALID, "There is no schedule");
	cleanup(cleanup_err) struct err *e = parse(text, ret);
	if (e)
		return err_new(ERR_INVALID, "The schedule \"%s\" cannot be read: %s", text,
			       err_message(e));
	return NULL;
}

static bool has(uint64_t bits, int value)
{
	return bits >> value & 1;
}

static bool fits_day(const struct cron *c, int64_t day)
{
	struct date date = date_of_days(day);
	if (!has(c->months, date.month))
		return false;
	bool by_day = has(c->days, date.day), by_weekday = has(c->weekdays, date_weekday(day));
	return c->any_day || c->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* The first fitting minute of a day from `minute` on; DAY_MINUTES where there is none. */
static int next_minute(const struct cron *c, int minute)
{
	while (minute < DAY_MINUTES) {
		if (!has(c->hours, minute / 60))
			minute += 60 - minute % 60;
		else if (!has(c->minutes, minute % 60))
			minute++;
		else
			break;
	}
	return minute;
}

/* The first fitting local time from `from` until before `to`; `to` where there is none. */
static int64_t first_fit(const struct cron *c, int64_t from, int64_t to)
{
	int64_t minute = -floor_div(-from, MINUTE_S);
	while (minute < -floor_div(-to, MINUTE_S)) {
		int64_t day = floor_div(minute, DAY_MINUTES);
		int in_day = (int)(minute - day * DAY_MINUTES);
		int fit = fits_day(c, day) ? next_minute(c, in_day) : DAY_MINUTES;
		minute = day * DAY_MINUTES + fit;
		if (fit < DAY_MINUTES)
			break;
	}
	int64_t at = minute * MINUTE_S;
	return at < to ? at : to;
}

/* Whether the change that begins the span is one that a schedule of fixed times is spared. */
static bool is_smoothed(const struct cron *c, const struct zone_span *s)
{
	return !c->wall && s->begin != INT64_MIN && abs(s->offset - s->before) < MAX_SHIFT_S;
}

/* The first time from `from` on within the span, until `limit`; the earlier end if there is none.
 */
static int64_t due_in(const struct cron *c, const struct zone_span *s, int64_t from, int64_t limit)
{
	int64_t end = s->end < limit ? s->end : limit;
	int64_t local = from + s->offset;
	if (is_smoothed(c, s)) {
		int64_t was = s->begin + s->before, is = s->begin + s->offset;
		if (from == s->begin && first_fit(c, was, is) < is)
			return from; /* it was due in what is skipped */
		if (local < was)
			local = was; /* up to there, it is repeated */
	}
	return first_fit(c, local, end + s->offset) - s->offset;
}

struct err *cron_next(const struct cron *c, const struct zone *zone, int64_t after_ms,
		      int64_t *ret_ms)
{
	int64_t from = floor_div(after_ms, 1000) + 1;
	int64_t limit = from + (int64_t)SEARCH_DAYS * DAY_S;
	while (from < limit) {
		struct zone_span span = zone_span(zone, from);
		int64_t at = due_in(c, &span, from, limit);
		if (at < span.end && at < limit) {
			*ret_ms = at * 1000;
			return NULL;
		}
		from = span.end;
	}
	return err_new(ERR_INVALID, "It is never due: no date fits it");
}

struct err *cron_next_named(const char *text, const char *zone_name, int64_t after_ms,
			    int64_t *ret_ms)
{
	struct cron cron;
	cleanup(cleanup_zone) struct zone *zone = NULL;
	TRY(cron_parse(text ? text : "", &cron));
	TRY(zone_open(zone_name && *zone_name ? zone_name : "UTC", &zone));
	return cron_next(&cron, zone, after_ms, ret_ms);
}
