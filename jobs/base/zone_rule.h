/*
 * The rule that a time zone follows from its last listed change on: a TZ string of POSIX.1-2017
 * (8.3), with the hours from -167 to 167 that RFC 8536 (3.3.1) adds.
 */
#pragma once
#include "jobs/base/zone.h"

#include <stdbool.h>

/* The day and time of a yearly change. */
struct zone_rule_day {
	char form;       /* 'M', 'J', or '\0' for a day that counts 29 February */
	int month, week; /* of 'M': week 5 is the last one */
	int day;         /* weekday of 'M' (0 is Sunday), or the day of the year */
	int time;        /* seconds after midnight, of the local time that the change ends */
};

struct zone_rule {
	int standard, daylight;          /* offsets east of UTC, in seconds */
	bool changes;                    /* else the standard time holds all year */
	struct zone_rule_day start, end; /* of daylight saving */
};

/* Reads a TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3"; false where it is malformed. */
bool zone_rule_parse(const char *text, struct zone_rule *ret);

/* A rule with one offset for ever. */
struct zone_rule zone_rule_fixed(int offset);

/* The span that `t` lies in, if the rule had always held. */
struct zone_span zone_rule_span(const struct zone_rule *r, int64_t t);
