/*
 * One execution in hand: the claim on it, the queue's job that brought it (if one did), and how
 * both end together.
 */
#pragma once
#include "jobs/io/services.h"
#include "jobs/model/execution.h"
#include "jobs/queue/queue.h"

#include <stdatomic.h>

struct assignment {
	const struct services *services;
	struct queue *queue;   /* NULL without one */
	struct queue_job *job; /* owned; NULL without a queue */
	struct execution_claim claim;
	atomic_bool cancel, by_user; /* see struct engine */
	bool takes_next;             /* the end of the job takes the queue's next one */
	struct queue_job *next;      /* that one, if there was one; the caller's */
};

enum assignment_end {
	ASSIGNMENT_COMPLETED,
	ASSIGNMENT_FAILED,
	ASSIGNMENT_CANCELLED,
	ASSIGNMENT_RETRIED,  /* a try has failed; there will be another one */
	ASSIGNMENT_RETURNED, /* not its fault: to be run again, here or elsewhere */
};
enum { ASSIGNMENT_ENDS = ASSIGNMENT_RETURNED + 1 };

/* Runs it with this thread's `http`, and settles the execution and its job. Errors are logged. */
enum assignment_end assignment_run(struct assignment *a, struct http *http);

/* Frees what it holds, but for the next job. */
void assignment_clear(struct assignment *a);

/* How a job is put back that was not assigned: because another runner holds its execution, because
 * the execution is over, because the job cannot be run, or because there was trouble. Errors are
 * logged. */
void assignment_defer_job(struct queue *queue, const struct queue_job *job);
void assignment_drop_job(struct queue *queue, const struct queue_job *job);
void assignment_refuse_job(struct queue *queue, const struct queue_job *job, const char *reason);
void assignment_return_job(struct queue *queue, const struct queue_job *job);

/* Logs and frees an error that was survived; takes NULL. */
void assignment_survive(struct err *e, const char *doing);
