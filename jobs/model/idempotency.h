/*
 * Idempotency keys: a request that comes again with the key it came with is answered again with
 * what it was answered, and not done again, for 24 hours.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

/* Which request; all borrowed. A key counts for one user and route. */
struct idempotency_key {
	const char *user_id, *route, *key;
	const char *hash; /* of what was asked for */
};

enum idempotency_state {
	IDEMPOTENCY_CLAIMED, /* it is new, and ours to answer */
	IDEMPOTENCY_RUNNING, /* somebody is at it, since less than 60 seconds ago */
	IDEMPOTENCY_OTHER,   /* the key came with another hash */
	IDEMPOTENCY_ANSWERED,
};

struct idempotency {
	enum idempotency_state state;
	char *claimed_at; /* of IDEMPOTENCY_CLAIMED: tells this claim from a later one */
	int status;       /* of IDEMPOTENCY_ANSWERED, with the answer */
	char *response;
};

/* Claims a key, or says what has become of it. idempotency_clear frees *ret. */
must_check struct err *idempotency_claim(struct db *db, const struct idempotency_key *key,
					 struct idempotency *ret);
void idempotency_clear(struct idempotency *i);

/* Keeps the answer of a claimed key; or gives it free, for the request to be tried again. */
must_check struct err *idempotency_answer(struct db *db, const struct idempotency_key *key,
					  const struct idempotency *claim, int status,
					  const char *response);
must_check struct err *idempotency_release(struct db *db, const struct idempotency_key *key,
					   const struct idempotency *claim);

/* Deletes what is older than 24 hours. */
must_check struct err *idempotency_sweep(struct db *db);
