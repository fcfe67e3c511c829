/*
 * Time zones by their IANA names, from the system's TZif files (RFC 8536) in /usr/share/zoneinfo;
 * beyond the last change that a file lists, its rule (a POSIX TZ string) goes on.
 *
 * A zone is constant once opened, so any number of threads may share it. Neither TZ nor the C
 * library's time zone plays a part. All times are seconds since the Unix epoch.
 */
#pragma once
#include "jobs/base/err.h"

#include <stdint.h>

struct zone;

/*
 * Opens a zone by its name ("Europe/Berlin", "UTC"); zone_free frees it and takes NULL.
 * ERR_INVALID where there is no zone of that name, or it counts leap seconds; ERR_INTERNAL where
 * its file is damaged.
 */
must_check struct err *zone_open(const char *name, struct zone **ret);
void zone_free(struct zone *z);

/* A stretch of time with one offset from UTC. */
struct zone_span {
	int64_t begin, end; /* begin <= t < end; INT64_MIN and INT64_MAX at the ends of time */
	int offset;         /* seconds east of UTC: local time is UTC plus this */
	int before;         /* the offset of the span before; the same as this in the first one */
};

/* The span that `t` lies in. */
struct zone_span zone_span(const struct zone *z, int64_t t);

static inline void cleanup_zone(struct zone **z)
{
	zone_free(*z);
}
