/* Time: the wall clock in milliseconds since the Unix epoch, a monotonic one, and their text. */
#pragma once
#include <stdint.h>

enum {
	CLOCK_ISO_SIZE = 25,   /* "2026-02-21T03:52:43.123Z" and the NUL */
	CLOCK_BASIC_SIZE = 17, /* "20260221T035243Z" and the NUL */
};

/* Milliseconds since the Unix epoch. */
int64_t clock_ms(void);

/* Milliseconds that only ever grow; for durations and deadlines. */
int64_t clock_monotonic_ms(void);

/* Writes `ms` as ISO 8601 in UTC with milliseconds, and returns `text`. */
char *clock_iso(int64_t ms, char text[static CLOCK_ISO_SIZE]);

/* Writes `ms` in ISO 8601's basic form in UTC ("20260221T035243Z"), and returns `text`. */
char *clock_basic(int64_t ms, char text[static CLOCK_BASIC_SIZE]);
