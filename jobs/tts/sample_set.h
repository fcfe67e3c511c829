/* The recordings of a voice profile, fetched back from the storage and checked. */
#pragma once
#include "jobs/io/services.h"
#include "jobs/tts/provider.h"

enum { SAMPLE_SET_MAX = 25, SAMPLE_MIN_SECONDS = 1 };

/* Zeroed = none; sample_set_clear closes and frees all of it. */
struct sample_set {
	struct tts_sample samples[SAMPLE_SET_MAX];
	char *filenames[SAMPLE_SET_MAX];
	size_t count;
};
void sample_set_clear(struct sample_set *set);

/* Whose recordings, and which: "sample" or "consent". Borrowed. */
struct sample_query {
	const char *user_id, *profile_id, *kind;
};

/*
 * Fetches them all, oldest first; none at all is fine. ERR_INVALID where there are too many, or
 * faulty ones: missing, unreadable, or not longer than SAMPLE_MIN_SECONDS (err_details names each).
 * ERR_UNAVAILABLE where the storage is away.
 */
must_check struct err *sample_set_fetch(const struct services *services, struct http *http,
					struct db *db, const struct sample_query *query,
					struct sample_set *ret);
