/* When long work is to be given up: because somebody asks, or because its time is over. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct stop {
	const atomic_bool *asked; /* set by another thread; or NULL */
	int64_t deadline_ms;      /* clock_monotonic_ms; 0 for none */
};

/* True once the work should end, for either reason; a NULL stop never says so. */
bool stop_is_due(const struct stop *s);

/* True if somebody asked for it; a deadline alone does not count. */
bool stop_is_asked(const struct stop *s);

/* Sleeps for `ms`; false where a stop fell due first, which is noticed within 100 ms. */
bool stop_sleep(const struct stop *s, int64_t ms);

/* Milliseconds until the deadline, at least 0; `limit` where there is none or it is farther away.
 */
int64_t stop_left_ms(const struct stop *s, int64_t limit);
