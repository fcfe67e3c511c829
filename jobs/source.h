/*
 * Where a runner's executions come from: the queue, or without one the database; and how they
 * get into a worker's hands, with a claim on them.
 */
#pragma once
#include "jobs/assignment.h"

struct source {
	const struct services *services;
	struct queue *queue; /* NULL: executions are taken from the database */
	const char *runner;  /* shown with claims */
};

enum taken {
	TAKEN,
	TAKEN_NOTHING, /* there is nothing to do, as far as is known until *ret_until_ms (0:
			  unknown) */
	TAKEN_LIMITED, /* a rate limit forbids it before *ret_until_ms */
	TAKEN_TROUBLE, /* it failed, which was logged */
};

/*
 * Takes something to do: a job, which is still to be claimed (source_claim), or, without a queue, a
 * claimed execution. Only the job or the claim of *ret are set, on TAKEN.
 */
enum taken source_take(const struct source *s, struct assignment *ret, int64_t *ret_until_ms);

/* Waits for a change in the queue, until it is interrupted, or until `until_ms`; false on trouble.
 */
bool source_wait(const struct source *s, int64_t until_ms);

/*
 * Claims the execution that a job is about. On anything but TAKEN the job has been settled: given
 * back on TAKEN_TROUBLE, else ended or delayed, because the execution is over or somebody
 * else has it.
 */
enum taken source_claim(const struct source *s, const struct queue_job *job,
			struct execution_claim *ret);
