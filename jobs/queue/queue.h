/*
 * A job queue on Redis in BullMQ's layout, so that its dashboards, producers and workers (versions
 * 5 and 6) can be used beside ours.
 *
 * Delivery is at least once. Whoever fetches a job holds its lock until lock_ms after the fetch or
 * the last queue_extend; once it has run out, another worker's queue_recover gives the job to
 * somebody else. Every function is one atomic script and one round trip (a job of a BullMQ
 * scheduler needs a second one, which adds the scheduler's next). All but queue_wait may be called
 * from any thread. Where Redis is away they fail with ERR_UNAVAILABLE, and the call may have been
 * carried out or not: it can be repeated.
 *
 * PROTOCOL. All keys begin with <prefix>:<name>: (B below); on a Redis Cluster the prefix has a
 * hash tag, so that they share a slot. There is no server but Redis: every client brings scripts of
 * its own (ours are in lua/), and they agree on what is stored:
 *
 *   B<job>          hash     name data opts timestamp delay priority, and what happened since:
 *                            processedOn finishedOn progress returnvalue failedReason stacktrace
 *                            ats (tries begun) atm (tries ended) stc (stalls) defa (a failure that
 *                            is due) pb (worker) deid rjk parentKey parent
 *   B<job>:lock     string   token of the worker that holds the job; expires
 *   B<job>:logs     list     the job's log
 *   Bwait           list     ready; in at the left, out at the right
 *   Bprioritized    zset     ready, with a priority: priority * 2^32 + counter pc
 *   Bdelayed        zset     due ms * 4096 + place within that ms
 *   Bactive         list     being run
 *   Bcompleted, Bfailed  zset  finished, by ms
 *   Bpaused         list     what BullMQ 5 calls `wait` while the queue is paused
 *   Bmarker         zset     what idle workers block on: "0" for a ready job, "1" scored with the
 * ms at which the next delayed one is due Bmeta           hash     paused, concurrency, max and
 * duration (rate), opts.maxLenEvents, version Bevents         stream   a row for each transition
 *   Bstalled, Bstalled-check, Blimiter, Bpc, Bid, Brepeat, Bde:*, Bdn:*, Bmetrics:*
 *
 * A job's id is in exactly one of the containers. Times are ms of the caller's clock.
 *
 *   add       -> wait | prioritized | delayed              added, waiting | delayed
 *   fetch     delayed that is due -> wait | prioritized    waiting
 *             wait, then prioritized -> active, with lock  active
 *   complete  active -> completed, or gone                 completed, drained
 *   fail      active -> failed, or gone                    failed, retries-exhausted, drained
 *   retry     active -> delayed | wait | prioritized       delayed | waiting
 *   give back active -> wait (next) | prioritized          waiting
 *   recover   active without lock, twice -> wait (next)    waiting, stalled
 *   remove    any but a locked one -> gone                 removed
 *
 * What would stop BullMQ's clients is refused: ids that are names of keys, and JSON that is none.
 * Not done here: children of a flow are not removed with their parent, a producer of ours does not
 * deduplicate but by the job's id, and cron patterns of six fields are not kept going.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/queue/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_EXECUTIONS "workflow-execution"

enum {
	QUEUE_MAX_PRIORITY = 2097151, /* above it the scores of equal priorities collide */
	QUEUE_LOCK_MS = 30000,        /* BullMQ's default; to be renewed twice as often */
	QUEUE_CHECK_MS = 30000,       /* BullMQ's interval between two queue_recover */
	QUEUE_MAX_STALLED = 1,        /* BullMQ's default of how often a job may stall */
};

/* Where ready jobs wait while the queue is paused: BullMQ 5 moves them to a list of their own. */
enum queue_layout { QUEUE_LAYOUT_AUTO, QUEUE_LAYOUT_5, QUEUE_LAYOUT_6 };

struct queue_options {
	const char *url;    /* see redis_new */
	const char *prefix; /* of the keys; with a {hash tag} on a Redis Cluster; NULL: "bull" */
	const char *name;   /* without a colon */
	const char *worker; /* shown as the one that ran a job; printable, no blanks; or NULL */
	enum queue_layout layout; /* AUTO: as the last BullMQ client that opened the queue */
	int metrics_minutes;      /* how long counts of what ended in a minute are kept; 0: none */
};

struct queue;

/* Does not connect yet. Fails with ERR_INVALID. The caller owns *ret (queue_free). */
must_check struct err *queue_new(const struct queue_options *options, struct queue **ret);
void queue_free(struct queue *q);

struct queue_spec {
	const char *id;   /* no integer, no colon, and no name of the queue's own keys */
	const char *name; /* UTF-8 */
	const char *data; /* JSON */
	struct policy policy;
	int64_t delay_ms; /* 0: at once */
	int priority;     /* 1 first, QUEUE_MAX_PRIORITY last; 0: before all of them */
};

/*
 * Adds a job. *ret_added is false if its id exists already, be the job waiting, running, or
 * finished and kept: nothing changes then. Fails with ERR_INVALID for what would harm the queue.
 */
must_check struct err *queue_add(struct queue *q, const struct queue_spec *spec, bool *ret_added);

/* The same for `count` jobs, a hundred a round trip; one that would do harm is refused with all. */
must_check struct err *queue_add_many(struct queue *q, const struct queue_spec *specs, size_t count,
				      bool *ret_added);

/*
 * Adds those of the jobs that the queue has lost, and makes ready again those that it keeps as
 * finished; the others stay as they are, and nobody is told of them. *ret_restored says which
 * changed.
 */
must_check struct err *queue_restore_many(struct queue *q, const struct queue_spec *specs,
					  size_t count, bool *ret_restored);

enum queue_state {
	QUEUE_JOB,     /* here is a job */
	QUEUE_EMPTY,   /* nothing to do, as far as is known */
	QUEUE_DELAYED, /* nothing to do until `at_ms` */
	QUEUE_LIMITED, /* the rate limit forbids to fetch before `at_ms` */
};

struct queue_fetched {
	enum queue_state state;
	struct queue_job *job; /* the caller's (queue_job_free); NULL unless QUEUE_JOB */
	int64_t at_ms;         /* since the epoch; 0 where unknown */
};

/*
 * Takes the next job and its lock for lock_ms, under `token`, which no other fetch may use again
 * and which is not "0".
 */
must_check struct err *queue_fetch(struct queue *q, const char *token, int64_t lock_ms,
				   struct queue_fetched *ret);

/*
 * Blocks until a fetch is worth its while: a job was announced, `until_ms` (since the epoch; 0 for
 * unknown) has come, or some seconds have passed without news. The news are spent by this, so a
 * fetch must follow, and nobody may wait who has no room for a job. Fails with ERR_CANCELLED after
 * queue_interrupt. For one thread at a time, on a connection of its own.
 */
must_check struct err *queue_wait(struct queue *q, int64_t until_ms);

/* Ends the queue_wait under way, or else the next one. */
void queue_interrupt(struct queue *q);

/* Renews the locks of `count` jobs; ret_lost[i] tells whether job i is no longer ours. */
must_check struct err *queue_extend(struct queue *q, const struct queue_job *const *jobs,
				    size_t count, int64_t lock_ms, bool *ret_lost);

enum queue_result {
	QUEUE_DONE,
	QUEUE_LOST, /* nothing changed: no such job, or another holds it, or it was done before */
	QUEUE_CHILDREN_PENDING, /* nothing changed: children are not finished; may be retried */
	QUEUE_CHILDREN_FAILED,  /* nothing changed: a child has failed for good */
	QUEUE_REFUSED,          /* nothing changed: a worker, flow or scheduler needs the job */
};

/*
 * Ends a job with success; `value` (borrowed) is its result, NULL for none. Where `ret_next` is
 * not NULL the next job is taken in the same round trip, under the same token; it is QUEUE_EMPTY
 * unless *ret is QUEUE_DONE.
 */
must_check struct err *queue_complete(struct queue *q, const struct queue_job *job,
				      struct json_object *value, struct queue_fetched *ret_next,
				      enum queue_result *ret);

/* A failed try: a message, and the stack as a Node client would show it. */
struct queue_failure {
	const char *reason, *stack;
};

/* Ends a job as failed for good; `ret_next` as above. */
must_check struct err *queue_fail(struct queue *q, const struct queue_job *job,
				  const struct queue_failure *failure,
				  struct queue_fetched *ret_next, enum queue_result *ret);

/* Ends a try; the next one is due in delay_ms (see queue_job_retry_delay), 0 for at once. */
must_check struct err *queue_retry(struct queue *q, const struct queue_job *job,
				   const struct queue_failure *failure, int64_t delay_ms,
				   enum queue_result *ret);

/* Returns a job that was not run, to be the next; the fetch does not count as a try. */
must_check struct err *queue_give_back(struct queue *q, const struct queue_job *job,
				       enum queue_result *ret);

/*
 * Makes jobs ready again whose worker is gone, unless some worker did so within `interval_ms`.
 * A job that has stalled more than max_stalled times comes with a deferred_failure.
 */
must_check struct err *queue_recover(struct queue *q, int max_stalled, int64_t interval_ms,
				     int *ret_recovered);

/* Stores how far a job is; `json` else ERR_INVALID. */
must_check struct err *queue_progress(struct queue *q, const char *id, const char *json,
				      enum queue_result *ret);

/* Adds a row to a job's log, of which the last `keep` stay (0 for all). */
must_check struct err *queue_log(struct queue *q, const char *id, const char *row, int64_t keep,
				 enum queue_result *ret);

/* Deletes a job, wherever it waits; refused while a worker holds it. */
must_check struct err *queue_remove(struct queue *q, const char *id, enum queue_result *ret);

/* While a queue is paused no job is fetched; what runs goes on. */
must_check struct err *queue_pause(struct queue *q);
must_check struct err *queue_resume(struct queue *q);

/* What Redis does when its memory is full; any policy but noeviction loses jobs. "" where unknown.
 */
enum { QUEUE_POLICY_SIZE = 32 };
must_check struct err *queue_eviction_policy(struct queue *q, char ret[static QUEUE_POLICY_SIZE]);

struct queue_counts {
	int64_t waiting, active, prioritized, delayed, waiting_children, completed, failed;
	bool is_paused;
};
must_check struct err *queue_count(struct queue *q, struct queue_counts *ret);

static inline void cleanup_queue(struct queue **q)
{
	queue_free(*q);
}
