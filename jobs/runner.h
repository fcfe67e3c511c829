/*
 * The runner: takes executions and runs them on threads of its own.
 *
 * Workers are started as they are needed, up to the concurrency, and keep their connections to
 * providers; how they share the work is told in worker.h. A keeper thread renews the locks and
 * leases of all that runs, tells a worker whose claim is lost, or whose user has cancelled, to
 * stop, and does the duties (duties.h). Not promised: that an execution is run only once; that its
 * steps are written by one runner at a time is (see execution.h).
 */
#pragma once
#include "jobs/assignment.h"
#include "jobs/io/services.h"
#include "jobs/queue/queue.h"

#include <stdbool.h>

struct runner;

struct runner_options {
	const struct services *services;
	struct queue *queue;        /* NULL: executions are taken from the database */
	int concurrency;            /* executions at a time, 1 or more */
	bool drain;                 /* close when nothing is due and nothing runs */
	void (*on_over)(void *arg); /* called by one of its threads, once, when it has closed and
				     * nothing runs; may be NULL, must not call the runner */
	void *arg;
};

/* How executions ended here. */
struct runner_summary {
	long ends[ASSIGNMENT_ENDS]; /* by enum assignment_end */
	int running;                /* that have not ended; 0 at the end */
	bool gave_up; /* it drained, but could not reach queue or database for a minute */
};

/* Starts the threads; signals should be blocked, so that they inherit that. Never NULL. */
struct runner *runner_start(const struct runner_options *options) __attribute__((returns_nonnull));

/* Without a queue: says that there is a new execution, so that it need not wait for the next look.
 */
void runner_wake(struct runner *r);

/* Takes nothing new from now on; what runs goes on. */
void runner_close(struct runner *r);

/* What has ended so far. */
struct runner_summary runner_look(struct runner *r);

/*
 * Takes nothing new, lets what runs go on for `grace_s` seconds, hands back the rest, ends the
 * threads, and frees the runner.
 */
void runner_stop(struct runner *r, int grace_s, struct runner_summary *ret);
