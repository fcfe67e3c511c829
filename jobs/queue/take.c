/* Taking jobs, and waiting for them. */
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/queue/internal.h"
#include "jobs/queue/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDLE_WAIT_MS = 5000, /* without news a fetch is tried so often, in case some were lost */
	MAX_WAIT_MS = 10000, /* connections die quietly: nobody waits longer for news */
	MIN_WAIT_MS = 2,     /* Redis before 7.0.8 takes less for "without end" */
};

static struct err *offset_of(struct queue *q, const char *scheduler, int64_t *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	size_t base = strlen(q->meta_key) - strlen("meta");
	cleanup(cleanup_free) char *key =
		mem_printf("%.*srepeat:%s", (int)base, q->meta_key, scheduler);
	redis_arg(&args, "HGET");
	redis_arg(&args, key);
	redis_arg(&args, "offset");
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(redis_pipeline_command(q->commands, &args, &reply));
	*ret = reply->str ? strtoll(reply->str, NULL, 10) : 0;
	return NULL;
}

static struct err *add_next(struct queue *q, const struct queue_job *job, const char *scheduler)
{
	struct scheduler_times times = { .now_ms = clock_ms() };
	cleanup(scheduler_next_clear) struct scheduler_next next = { 0 };
	TRY(offset_of(q, scheduler, &times.offset_ms));
	TRY(scheduler_next(job, &times, &next));
	if (!next.opts)
		return NULL; /* it has reached its end */
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg(&args, scheduler);
	redis_arg(&args, job->id);
	redis_arg_int(&args, next.due_ms);
	redis_arg(&args, next.opts);
	int64_t added = 0;
	return queue_run_number(q, SCRIPT_REARM, &args, &added);
}

/*
 * Makes sure that the scheduler that the job comes from goes on. False where that is not known: the
 * job must not be run then, so that it stalls, and whoever recovers it tries again.
 */
static bool rearm(struct queue *q, const struct queue_job *job)
{
	const char *scheduler = queue_job_field(job, FIELD_SCHEDULER);
	if (!scheduler || job->poison)
		return true;
	cleanup(cleanup_err) struct err *e = add_next(q, job, scheduler);
	bool is_unknown = e && err_kind(e) == ERR_INVALID;
	if (is_unknown && !atomic_flag_test_and_set(&q->warned))
		log_error(
			"the scheduler %s of job %s MAKES NO FURTHER JOBS: %s; let a BullMQ worker "
			"serve its queue, or use a schedule-trigger",
			scheduler, job->id, err_message(e));
	if (e && !is_unknown)
		log_warn("job %s is left until its scheduler can go on: %s", job->id,
			 err_message(e));
	return !e || is_unknown;
}

static void take_job(struct queue *q, redisReply *reply, const char *token, int64_t lock_ms,
		     struct queue_fetched *ret)
{
	struct queue_job *job = queue_job_new(reply, token, lock_ms);
	if (!rearm(q, job)) {
		queue_job_free(job);
		return;
	}
	if (job->policy.unknown_backoff)
		log_warn("job %s asks for a backoff that only its producer knows; its delay is "
			 "taken as fixed",
			 job->id);
	*ret = (struct queue_fetched){ .state = QUEUE_JOB, .job = job };
}

void queue_take(struct queue *q, redisReply *reply, const char *token, int64_t lock_ms,
		struct queue_fetched *ret)
{
	static const struct {
		const char *tag;
		enum queue_state state;
		bool is_relative;
	} states[] = {
		{ "none", QUEUE_EMPTY, false },
		{ "blocked", QUEUE_EMPTY, false },
		{ "until", QUEUE_DELAYED, false },
		{ "limited", QUEUE_LIMITED, true },
	};
	enum { STATES = sizeof(states) / sizeof(states[0]) };
	cleanup(cleanup_reply) redisReply *owned = reply;
	*ret = (struct queue_fetched){ .state = QUEUE_EMPTY };
	const char *tag = reply->element[0]->str;
	size_t i = 0;
	while (i < STATES && strcmp(tag, states[i].tag) != 0)
		i++;
	if (i == STATES) {
		take_job(q, take(owned), token, lock_ms, ret);
		return;
	}
	ret->state = states[i].state;
	if (reply->elements > 1)
		ret->at_ms = strtoll(reply->element[1]->str, NULL, 10) +
			     (states[i].is_relative ? clock_ms() : 0);
}

struct err *queue_fetch(struct queue *q, const char *token, int64_t lock_ms,
			struct queue_fetched *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg(&args, token);
	redis_arg_int(&args, lock_ms);
	redis_arg(&args, q->worker);
	redisReply *reply = NULL;
	TRY(queue_run(q, SCRIPT_FETCH, &args, &reply));
	queue_take(q, reply, token, lock_ms, ret);
	return NULL;
}

/* Waits for news at most so long; *ret_at is when they say a job is due, -1 where none came. */
static struct err *wait_for_marker(struct queue *q, int64_t ms, int64_t *ret_at)
{
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	char seconds[32];
	snprintf(seconds, sizeof(seconds), "%.3f", (double)ms / 1000);
	redis_arg(&args, "BZPOPMIN");
	redis_arg(&args, q->marker_key);
	redis_arg(&args, seconds);
	args.block_ms = ms;
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(redis_command(q->waiting, &args, &reply));
	bool has_news = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3;
	*ret_at = has_news ? (int64_t)strtod(reply->element[2]->str, NULL) : -1;
	return NULL;
}

struct err *queue_wait(struct queue *q, int64_t until_ms)
{
	for (;;) {
		int64_t left = until_ms ? until_ms - clock_ms() : IDLE_WAIT_MS;
		if (left < 1)
			return NULL;
		left = left < MIN_WAIT_MS ? MIN_WAIT_MS : left > MAX_WAIT_MS ? MAX_WAIT_MS : left;
		int64_t at = 0;
		TRY(wait_for_marker(q, left, &at));
		if (at <= 0)
			return NULL; /* a job is ready, or it is time to look without news */
		if (!until_ms || at < until_ms)
			until_ms = at;
	}
}

void queue_interrupt(struct queue *q)
{
	redis_interrupt(q->waiting);
}
