/*
 * What the files of the queue share, and nobody else needs: the queue itself, and how a transition
 * is called. Each call is begun with queue_args, to which a transition's own arguments are added.
 */
#pragma once
#include "jobs/io/redis_pipeline.h"
#include "jobs/queue/queue.h"
#include "jobs/queue/script.h"

#include <stdatomic.h>

struct queue {
	char *meta_key, *marker_key, *worker;
	enum queue_layout layout;
	int metrics_minutes;
	struct redis_script scripts[SCRIPTS];

	struct redis_pipeline *commands;
	struct redis *waiting; /* queue_wait's alone, but for interrupts */
	atomic_flag warned;    /* about a scheduler */
};

/* The arguments that every script has; redis_args_clear frees them. */
struct redis_args queue_args(const struct queue *q);

/* Runs a script; the caller owns *ret. */
must_check struct err *queue_run(struct queue *q, enum script which, const struct redis_args *args,
				 redisReply **ret);

/* Runs a script that answers with a number. */
must_check struct err *queue_run_number(struct queue *q, enum script which,
					const struct redis_args *args, int64_t *ret);

/* Runs a script that answers with 0 or one of BullMQ's codes for a refusal. */
must_check struct err *queue_run_result(struct queue *q, enum script which,
					const struct redis_args *args, enum queue_result *ret);
enum queue_result queue_result_of(int64_t code);

/* ERR_INVALID, beginning with `what`, for what is no JSON. */
must_check struct err *queue_check_json(const char *what, const char *text);

/* Where a job enters the list of those that are ready. */
const char *queue_side(const struct policy *policy);

/*
 * Makes of the answer of a script that takes a job (see lua/next.lua) what a fetch returns; takes
 * `reply` over. A job of a scheduler is only handed out once the scheduler's next job exists.
 */
void queue_take(struct queue *q, redisReply *reply, const char *token, int64_t lock_ms,
		struct queue_fetched *ret);
