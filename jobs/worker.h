/*
 * A runner's threads, and what they share. Nobody but jobs/runner.c, jobs/worker.c and
 * jobs/keeper.c includes this.
 *
 * DESIGN. Of the threads that have nothing to run one leads: it takes work, waits for it where
 * there is none, and on finding some passes the lead on to another idle thread, or to a new one,
 * before it runs what it found. So what arrives is run by the thread that saw it arrive. A thread
 * that ends a job takes the next one in the same round trip and goes on, without leading. While all
 * are busy nobody leads, and so nobody takes the news of a job away from a runner that has room.
 */
#pragma once
#include "jobs/runner.h"
#include "jobs/source.h"

#include <pthread.h>

struct worker {
	struct runner *runner;
	pthread_t thread;
	struct http *http;
	pthread_cond_t called; /* to lead, or to end */
	/* The rest is guarded by the runner's lock, but for the assignment's flags; while a worker
	 * is busy it alone changes its assignment. */
	bool has_lead, busy;
	unsigned long serial; /* tells one assignment from the next */
	struct assignment assignment;
};

struct runner {
	struct runner_options options;
	struct source source;
	char name[80]; /* host and process, shown with claims and jobs */
	pthread_t keeper;
	struct chores *chores;
	pthread_mutex_t lock;
	pthread_cond_t changed;          /* a worker became free, a wake-up, a close, a stop */
	struct worker **workers, **idle; /* the last idle one is called first: it is warm */
	int worker_count, idle_count, busy_count;
	bool is_led, taking; /* by one of the workers; that one may be about to run something */
	bool closed, woken, told;
	bool ended, cancelled; /* runner_stop was called; its grace is over */
	int64_t trouble_until; /* monotonic ms: nothing is taken before */
	int64_t trouble_since; /* monotonic ms; 0 while all is well */
	bool looked;           /* the duties have been done once */
	struct runner_summary summary;
};

/* Starts a worker, which leads. Call with the lock held, or before other threads exist. */
void worker_start(struct runner *r);

/* Waits up to `ms` for a change. Call with the lock held. */
void runner_wait(struct runner *r, int64_t ms);

/* Nothing new is taken from now on; idle workers end. Call with the lock held. */
void runner_close_locked(struct runner *r);

/* The keeper's thread: renews the locks and leases of all that runs, and does the duties. */
void *keeper_main(void *arg);

/* Starts a thread of the size that all of a runner have. */
void runner_start_thread(pthread_t *thread, void *(*run)(void *), void *arg);
