/*
 * What speech costs a user, by day, provider and profile, and the user's monthly budget of
 * characters. What is bought is counted by segment_store, in the statement that stores it.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"
#include "jobs/io/db.h"

#include <stdint.h>

#define USAGE_RESERVED_S "120" /* a reservation lasts so long unless held on to (segment_hold) */

/* What is about to be bought. Borrowed. */
struct usage_wish {
	const char *user_id, *run_id, *node_id;
	int iteration;
	int64_t characters;
};

/*
 * Reserves characters of the user's budget; what the same step of the same run had reserved before
 * is replaced. `ret_id` is the reservation's, to be settled when the step is over, or "" where the
 * user has no budget. Fails with ERR_FORBIDDEN, naming what is left, where there is no room.
 */
must_check struct err *usage_reserve(struct db *db, const struct usage_wish *wish,
				     char ret_id[static ID_SIZE]);

/* Gives back what is left of a reservation. */
must_check struct err *usage_settle(struct db *db, const char *user_id, const char *id);

/* Counts characters that did not have to be bought; `profile_id` or NULL. */
must_check struct err *usage_count_cached(struct db *db, const char *user_id, const char *provider,
					  const char *profile_id, int64_t characters);

/* The usage of the days from..to (YYYY-MM-DD, UTC), as the API shows it; the caller frees
 * *ret_json. */
must_check struct err *usage_report(struct db *db, const char *user_id, const char *from,
				    const char *to, char **ret_json);

/* The budget as the API shows it; the caller frees *ret_json. */
must_check struct err *budget_get(struct db *db, const char *user_id, char **ret_json);

/* Sets the budget to a decimal number of characters a month, or NULL for none. */
must_check struct err *budget_put(struct db *db, const char *user_id, const char *characters,
				  char **ret_json);
