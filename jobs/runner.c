#include "jobs/runner.h"

#include "jobs/base/clock.h"
#include "jobs/base/mem.h"
#include "jobs/base/thread.h"
#include "jobs/chores.h"
#include "jobs/worker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void runner_wait(struct runner *r, int64_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&r->changed, &r->lock, &until);
}

void runner_start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	if (!thread_start(thread, run, arg))
		abort();
}

struct runner *runner_start(const struct runner_options *options)
{
	struct runner *r = mem_alloc(sizeof(*r));
	r->options = *options;
	char host[60] = "";
	gethostname(host, sizeof(host) - 1);
	snprintf(r->name, sizeof(r->name), "%s:%d", host, (int)getpid());
	r->source = (struct source){ .services = options->services,
				     .queue = options->queue,
				     .runner = r->name };
	r->workers = mem_alloc((size_t)options->concurrency * sizeof(struct worker *));
	r->idle = mem_alloc((size_t)options->concurrency * sizeof(struct worker *));
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&r->lock);
	worker_start(r);
	pthread_mutex_unlock(&r->lock);
	runner_start_thread(&r->keeper, keeper_main, r);
	r->chores = chores_start(options->services);
	return r;
}

void runner_wake(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	r->woken = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void runner_close(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	runner_close_locked(r);
	pthread_mutex_unlock(&r->lock);
}

struct runner_summary runner_look(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	struct runner_summary summary = r->summary;
	summary.running = r->busy_count;
	pthread_mutex_unlock(&r->lock);
	return summary;
}

/* Waits for all workers to be free, at most until `deadline` (monotonic ms; 0 for no limit). */
static void wait_until_free(struct runner *r, int64_t deadline)
{
	enum { STEP_MS = 100 };
	while ((r->busy_count > 0 || r->taking) &&
	       (deadline == 0 || clock_monotonic_ms() < deadline))
		runner_wait(r, STEP_MS);
}

static void free_workers(struct runner *r)
{
	for (int i = 0; i < r->worker_count; i++) {
		struct worker *w = r->workers[i];
		pthread_join(w->thread, NULL);
		pthread_cond_destroy(&w->called);
		http_free(w->http);
		free(w);
	}
	free(r->workers);
	free(r->idle);
}

void runner_stop(struct runner *r, int grace_s, struct runner_summary *ret)
{
	int64_t deadline_ms = clock_monotonic_ms() + (int64_t)grace_s * 1000;
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	runner_close_locked(r);
	wait_until_free(r, clock_monotonic_ms() + (int64_t)grace_s * 1000);
	r->cancelled = true;
	for (int i = 0; i < r->worker_count; i++)
		if (r->workers[i]->busy)
			atomic_store(&r->workers[i]->assignment.cancel, true);
	wait_until_free(r, 0);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->keeper, NULL);
	chores_stop(r->chores, deadline_ms);
	free_workers(r);
	*ret = r->summary;
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
