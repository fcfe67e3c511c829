#include "jobs/base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static struct tm utc(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	return tm;
}

char *clock_iso(int64_t ms, char text[static CLOCK_ISO_SIZE])
{
	struct tm tm = utc(ms);
	size_t n = strftime(text, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, CLOCK_ISO_SIZE - n, ".%03uZ", (unsigned)(ms % 1000) % 1000);
	return text;
}

char *clock_basic(int64_t ms, char text[static CLOCK_BASIC_SIZE])
{
	struct tm tm = utc(ms);
	strftime(text, CLOCK_BASIC_SIZE, "%Y%m%dT%H%M%SZ", &tm);
	return text;
}
