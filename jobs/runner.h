/*
 * The runner: takes executions and runs them on threads of its own.
 *
 * DESIGN. One control thread takes work, from the queue or, without one, from the database, and
 * hands it to a worker thread; workers are started as they are needed, up to the concurrency, and
 * keep their connections to providers. A keeper thread renews the locks and leases of all that
 * runs, and tells a worker whose claim is lost, or whose user has cancelled, to stop. Not promised:
 * that an execution is run only once; that its steps are written by one runner at a time is
 * (see execution.h).
 */
#pragma once
#include "jobs/assignment.h"
#include "jobs/io/services.h"
#include "jobs/queue/queue.h"

#include <stdbool.h>

struct runner;

struct runner_options {
	const struct services *services;
	struct queue *queue;           /* NULL: executions are taken from the database */
	int concurrency;               /* executions at a time, 1 or more */
	bool drain;                    /* end when nothing is due and nothing runs */
	void (*on_drained)(void *arg); /* called by the control thread then; may be NULL */
	void *arg;
};

/* How executions ended here. */
struct runner_summary {
	long ends[ASSIGNMENT_ENDS]; /* by enum assignment_end */
};

/* Starts the threads; signals should be blocked, so that they inherit that. Never NULL. */
struct runner *runner_start(const struct runner_options *options) __attribute__((returns_nonnull));

/* Without a queue: says that there is a new execution, so that it need not wait for the next look.
 */
void runner_wake(struct runner *r);

/*
 * Takes nothing new, lets what runs go on for `grace_s` seconds, hands back the rest, ends the
 * threads, and frees the runner.
 */
void runner_stop(struct runner *r, int grace_s, struct runner_summary *ret);
