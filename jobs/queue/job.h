/* A job as a fetch hands it out: its hash, and what our code needs of it in C's types. */
#pragma once
#include "jobs/queue/policy.h"

struct json_object;
struct redisReply;

/* The fields of a job's hash that a fetch brings, in the order of FIELDS in lua/next.lua. */
enum queue_field {
	FIELD_NAME,
	FIELD_DATA,
	FIELD_OPTS,
	FIELD_TIMESTAMP,
	FIELD_PRIORITY,
	FIELD_ATTEMPTS_STARTED,
	FIELD_ATTEMPTS_MADE,
	FIELD_ATTEMPTS_MADE_OF_OLD, /* before BullMQ 5 */
	FIELD_STALLED_COUNT,
	FIELD_DEFERRED_FAILURE,
	FIELD_FAILED_REASON,
	FIELD_STACKTRACE,
	FIELD_SCHEDULER,
};

struct queue_job {
	const char *id, *token;      /* the token that holds its lock */
	int64_t lock_ms;             /* for how long, unless renewed */
	const char *name, *data;     /* data is JSON unless `poison` says otherwise */
	struct json_object *content; /* of the data, owned; unset with `poison` */
	struct policy policy;
	int64_t attempts_made;    /* tries that have ended */
	int64_t attempts_started; /* with this one; more than made + 1 after a stall */
	int64_t stalled_count;
	int64_t priority;
	int64_t timestamp_ms; /* of its creation */

	/* Why it must be failed for good instead of run; NULL where it may run. */
	const char *deferred_failure; /* somebody decided so while it was not running */
	const char *poison;           /* its data or options are not JSON */

	struct redisReply *raw; /* owns the strings above */
	char *owned_token, *owned_poison;
};

/*
 * Makes a job of the fetch script's reply {'job', id, values}, which it takes over. The caller
 * owns it (queue_job_free).
 */
struct queue_job *queue_job_new(struct redisReply *reply, const char *token, int64_t lock_ms)
	__attribute__((returns_nonnull));
void queue_job_free(struct queue_job *job);

/* A field of the job's hash as stored, borrowed; NULL where it has none. */
const char *queue_job_field(const struct queue_job *job, enum queue_field field);

/*
 * How many ms from now the job is to be tried again if this try fails now; 0 for at once, -1 for
 * never: it is out of tries, poisoned, or was failed before it ran.
 */
int64_t queue_job_retry_delay(const struct queue_job *job);

static inline void cleanup_queue_job(struct queue_job **job)
{
	queue_job_free(*job);
}
