#include "jobs/base/stop.h"

#include "jobs/base/clock.h"

#include <stddef.h>
#include <unistd.h>

enum { LOOK_MS = 100 };

bool stop_is_asked(const struct stop *s)
{
	return s && s->asked && atomic_load(s->asked);
}

bool stop_is_due(const struct stop *s)
{
	return stop_is_asked(s) || (s && s->deadline_ms && clock_monotonic_ms() >= s->deadline_ms);
}

bool stop_sleep(const struct stop *s, int64_t ms)
{
	int64_t until = clock_monotonic_ms() + ms, left = ms;
	while (!stop_is_due(s) && left > 0) {
		usleep((useconds_t)(left < LOOK_MS ? left : LOOK_MS) * 1000);
		left = until - clock_monotonic_ms();
	}
	return !stop_is_due(s);
}

int64_t stop_left_ms(const struct stop *s, int64_t limit)
{
	if (!s || !s->deadline_ms)
		return limit;
	int64_t left = s->deadline_ms - clock_monotonic_ms();
	return left < 0 ? 0 : left < limit ? left : limit;
}
