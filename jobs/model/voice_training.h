/* Trainings that go on in the background; see the table voice_trainings. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"
#include "jobs/io/db.h"

#include <stdbool.h>
#include <stdint.h>

/* One that somebody works on; voice_training_clear frees it. */
struct voice_training {
	char profile_id[ID_SIZE], user_id[ID_SIZE];
	char id[ID_SIZE]; /* names at the provider what is made */
	char *stage;      /* "project", "consent" or "voice" */
	bool sent;        /* the stage's call was made; it is waited for */
	bool expired;     /* it was begun so long ago that it will not end well */
	char *options, *request_id;
	int tries; /* of this step; this one included */
};
void voice_training_clear(struct voice_training *t);

/*
 * Begins one for a profile that is "training", and records on the profile what will be made.
 * ERR_NOT_FOUND where the profile is gone.
 */
must_check struct err *voice_training_create(struct db *db, const char *user_id,
					     const char *profile_id, const char *options,
					     const char *request_id);

/* Takes one that is due, for five minutes; *ret_found tells whether there was one. */
must_check struct err *voice_training_take(struct db *db, struct voice_training *ret,
					   bool *ret_found);

/* Where it stands, and in how many milliseconds it is due. ERR_NOT_FOUND: the profile is gone. */
must_check struct err *voice_training_move(struct db *db, const struct voice_training *t,
					   int64_t due_ms);

/* The same step again in `due_ms` milliseconds. */
must_check struct err *voice_training_retry(struct db *db, const struct voice_training *t,
					    int64_t due_ms);

/* Ends it: the profile becomes "ready" with `voice`, or "failed" with `message`. */
must_check struct err *voice_training_end(struct db *db, const struct voice_training *t,
					  const char *voice, const char *message);
