/*
 * The ledger of bought speech: one row for one text in one voice with one set of settings, so that
 * no speech is paid for twice.
 *
 * The order is the rule: a segment is taken (and that is written) before its provider is called,
 * and stored when its audio is. Whoever finds one that was taken and neither stored nor released
 * knows that its call may have been done.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"
#include "jobs/io/db.h"

#include <stdbool.h>
#include <stdint.h>

#define SEGMENT_LEASE_S "30" /* a taken segment is held for so long unless held on to */

/*
 * Who takes segments: a run with the number of its claim ("0" outside of executions), and what it
 * has reserved of the user's budget (jobs/model/usage.h), or NULL. Borrowed.
 */
struct segment_owner {
	const char *user_id, *run_id, *claim, *reservation;
};

/* What all segments of a text have in common. Borrowed; model and profile may be NULL. */
struct segment_terms {
	const char *provider, *voice, *model, *format, *profile_id;
};

/* The step that a text is spoken for. Borrowed. */
struct segment_step {
	const char *execution_id; /* NULL outside of executions */
	const char *node_id;
	int iteration;
};

/* A segment. segment_clear frees it. */
struct segment {
	char id[ID_SIZE];
	bool stored;
	bool taken;          /* by segment_plan, as segment_take would have */
	char *audio_key;     /* NULL before it is stored */
	double duration_sec; /* then */
	char *alignment;     /* JSON array of milliseconds, one a character; NULL where not known */
	char run_id[ID_SIZE]; /* who took it last; "" for nobody */
};
void segment_clear(struct segment *s);

/* The segments of a text. */
struct segment_plan {
	struct segment *segments; /* one a piece */
	bool budgeted;            /* what is bought has to be reserved (jobs/model/usage.h) */
};

/*
 * The segments of a text, one for each of `pieces`, a JSON array of {hash, n, id, text,
 * characters}; those that are missing are made, and the step's list of segments written. A single
 * one that is missing and needs no reservation is taken as well, and has to be released where it is
 * not bought. The caller frees ret->segments, an array of as many, to be cleared one by one.
 */
must_check struct err *segment_plan(struct db *db, const struct segment_owner *owner,
				    const struct segment_terms *terms,
				    const struct segment_step *step, const char *pieces,
				    struct segment_plan *ret);

/* Lets those of the hashes (a JSON array) that are older than the owner's run be bought anew. */
must_check struct err *segment_supersede(struct db *db, const struct segment_owner *owner,
					 const char *hashes);

/* What came of the wish to take a segment. */
enum segment_state {
	SEGMENT_TAKEN,     /* it is the owner's now, and has not been called for */
	SEGMENT_UNCERTAIN, /* so too, but an earlier call for it may have been done */
	SEGMENT_STORED,    /* somebody has bought it meanwhile; *s is filled in anew */
	SEGMENT_BUSY,      /* somebody else holds it; look again in a moment */
};

/* Tries to take segment s->id; with SEGMENT_UNCERTAIN *ret_age_ms says how long ago that call was.
 */
must_check struct err *segment_take(struct db *db, const struct segment_owner *owner,
				    struct segment *s, enum segment_state *ret_state,
				    int64_t *ret_age_ms);

/* Holds on to those of the segments `ids`, a JSON array, that the owner has taken, and to its
 * reservation. */
must_check struct err *segment_hold(struct db *db, const struct segment_owner *owner,
				    const char *ids);

/* Gives back a segment that was not bought; `uncertain`: it may have been all the same. */
must_check struct err *segment_release(struct db *db, const struct segment_owner *owner,
				       const char *id, bool uncertain);

/* What was bought. Borrowed; the optional ones NULL, billed_characters -1 where not known. */
struct segment_purchase {
	const char *provider, *profile_id; /* for which it counts */
	const char *audio_key, *request_id, *alignment;
	double duration_sec;
	long billed_characters;
};

/* Writes that a segment is bought, which counts as the user's usage from then on. */
must_check struct err *segment_store(struct db *db, const struct segment_owner *owner,
				     const char *id, const struct segment_purchase *purchase);

/* The stored audio of a segment is not there any more: it counts as not bought. */
must_check struct err *segment_lost(struct db *db, const char *user_id, const struct segment *s);

/* Writes where the segments of a step begin in its audio: a JSON array of seconds. */
must_check struct err *segment_starts(struct db *db, const struct segment_step *step,
				      const char *starts);

/* The segments of an execution, as the API shows them; the caller frees *ret_json. */
must_check struct err *segment_list(struct db *db, const char *user_id, const char *workflow_id,
				    const char *execution_id, char **ret_json);

/* The segment of number `n`, as text, of an execution; segment_place_clear frees it.
 * ERR_NOT_FOUND where there is none. */
struct segment_place {
	char *node_id, id[ID_SIZE];
};
must_check struct err *segment_find(struct db *db, const char *user_id, const char *workflow_id,
				    const char *execution_id, const char *n,
				    struct segment_place *ret);
void segment_place_clear(struct segment_place *p);

/* Lets a segment be bought anew by the next run that wants it. */
must_check struct err *segment_renew(struct db *db, const char *user_id, const char *id);

/* Of pieces: characters that would have to be bought, and how long all of them play. */
struct segment_estimate {
	int64_t billed;
	double seconds;
};

/* `pieces` is a JSON array of {hash, characters, seconds}, the latter for those not bought yet. */
must_check struct err *segment_estimate(struct db *db, const char *user_id, const char *pieces,
					struct segment_estimate *ret);
