/*
 * Schedules as crontab(5) of Debian's cron writes them: five fields (minute, hour, day of the
 * month, month, day of the week) or @hourly, @daily (@midnight), @weekly, @monthly, @yearly
 * (@annually).
 *
 * Fields take numbers, names (JAN-DEC, SUN-SAT), lists, ranges, and steps over ranges; 0 and 7 are
 * Sunday. Where both the day of the month and the day of the week are restricted, i.e. neither
 * begins with *, either of them suffices.
 *
 * When a clock is changed by less than three hours, as for daylight saving, what was due in the
 * time that is skipped comes once, at the change, and nothing comes again in the time that is
 * repeated. Schedules whose minute or hour begins with * follow the wall clock instead: they leave
 * out what is skipped, and come again in what is repeated.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/zone.h"

#include <stdbool.h>
#include <stdint.h>

struct cron {
	uint64_t minutes, hours, days, months, weekdays; /* bit n stands for n */
	bool any_day, any_weekday;                       /* the field begins with * */
	bool wall; /* minute or hour begins with *: follows the wall clock */
};

/* Reads a schedule. ERR_INVALID, with a sentence that names the field and what is wrong with it. */
must_check struct err *cron_parse(const char *text, struct cron *ret);

/*
 * The first time after `after_ms` at which the schedule is due in the zone; both in milliseconds
 * since the Unix epoch. ERR_INVALID where it is never due, like 30 February.
 */
must_check struct err *cron_next(const struct cron *c, const struct zone *zone, int64_t after_ms,
				 int64_t *ret_ms);

/*
 * The same of a schedule as text, in the zone of that name; NULL stands for no schedule, NULL and
 * "" for UTC. Fails as cron_parse, zone_open and cron_next do.
 */
must_check struct err *cron_next_named(const char *text, const char *zone_name, int64_t after_ms,
				       int64_t *ret_ms);
