/*
 * What a job's options say about its end: how often it is tried, how long it waits in between,
 * how long it is kept. Pure functions over BullMQ's stored `opts`; unknown members are left alone.
 */
#pragma once
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

enum policy_backoff { BACKOFF_FIXED, BACKOFF_EXPONENTIAL };

/* Which finished jobs stay, of those that ended alike. */
struct policy_keep {
	int64_t count;   /* the newest so many; 0 none, -1 all */
	int64_t seconds; /* none older than this; -1 for ever */
	int64_t limit;   /* how many the end of one job deletes because of their age; up to 1000 */
};
#define POLICY_KEEP(n) ((struct policy_keep){ .count = (n), .seconds = -1, .limit = 1000 })

struct policy {
	int attempts; /* tries in all; 0 is one, too */
	enum policy_backoff backoff;
	bool unknown_backoff; /* of a type that only its producer knows; taken for fixed */
	double backoff_ms;
	double jitter; /* the part of the backoff that is left to chance, 0 to 1 */
	bool lifo;
	int64_t stack_limit; /* stacks kept; -1 all */
	int64_t log_limit;   /* log rows kept; 0 all */
	struct policy_keep keep_completed, keep_failed;
};

/* What BullMQ assumes where the options say nothing. */
#define POLICY_DEFAULT                                                                             \
	((struct policy){ .stack_limit = -1,                                                       \
			  .keep_completed = POLICY_KEEP(-1),                                       \
			  .keep_failed = POLICY_KEEP(-1) })

/* What our own jobs get: two tries, 2 s apart; the last 500 and 200 stay to be seen. */
#define POLICY_RUN                                                                                 \
	((struct policy){ .attempts = 2,                                                           \
			  .backoff = BACKOFF_EXPONENTIAL,                                          \
			  .backoff_ms = 2000,                                                      \
			  .stack_limit = -1,                                                       \
			  .keep_completed = POLICY_KEEP(500),                                      \
			  .keep_failed = POLICY_KEEP(200) })

/* Reads `opts`; whatever is absent or of another type is as in POLICY_DEFAULT. */
struct policy policy_parse(struct json_object *opts);

/* The policy as BullMQ's `opts`, what is as in POLICY_DEFAULT left out. The caller owns it. */
struct json_object *policy_json(const struct policy *p) __attribute__((returns_nonnull));

/*
 * How many ms after its `made`th failed try a job is to be tried again; 0 for at once, -1 for
 * never. `chance` (0 to 1, without 1) decides the jitter.
 */
int64_t policy_retry_delay(const struct policy *p, int64_t made, double chance);

/*
 * The job's list of stacks with `stack` appended, of which the last `limit` stay (-1 for all), as
 * a JSON array. `old` is the stored list; anything but a JSON array counts as empty. The caller
 * frees it.
 */
char *policy_stacks(const char *old, const char *stack, int64_t limit)
	__attribute__((returns_nonnull));

/* A copy with every byte that is no UTF-8 as U+FFFD; the caller frees it. */
char *policy_utf8(const char *text) __attribute__((returns_nonnull));
