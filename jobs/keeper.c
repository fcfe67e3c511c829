#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/duties.h"
#include "jobs/worker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_MS = 5000 }; /* how often locks and leases are renewed */

/* One busy worker as the keeper saw it; a copy, since the worker may finish meanwhile. */
struct kept {
	struct worker *worker;
	unsigned long serial;
	struct execution_claim claim; /* id and number only */
	struct queue_job job;         /* id and token only, owned; NULL without a queue */
};

static int snapshot(struct runner *r, struct kept *kept)
{
	int n = 0;
	for (int i = 0; i < r->worker_count; i++) {
		struct worker *w = r->workers[i];
		if (!w->busy)
			continue;
		struct kept *k = &kept[n++];
		*k = (struct kept){ .worker = w, .serial = w->serial };
		const struct assignment *a = &w->assignment;
		memcpy(k->claim.id, a->claim.id, sizeof(k->claim.id));
		memcpy(k->claim.number, a->claim.number, sizeof(k->claim.number));
		k->job.id = a->job ? mem_strdup(a->job->id) : NULL;
		k->job.token = a->job ? mem_strdup(a->job->token) : NULL;
	}
	return n;
}

/* Tells a worker to stop, if it is still at what the keeper saw. */
static void stop_worker(struct runner *r, const struct kept *k, bool by_user, const char *why)
{
	pthread_mutex_lock(&r->lock);
	if (k->worker->busy && k->worker->serial == k->serial &&
	    !atomic_load(&k->worker->assignment.cancel)) {
		log_info("stopping execution %s: %s", k->claim.id, why);
		atomic_store(&k->worker->assignment.by_user, by_user);
		atomic_store(&k->worker->assignment.cancel, true);
	}
	pthread_mutex_unlock(&r->lock);
}

/* False where the database is away: then it is for the others too. */
static bool renew_lease(struct runner *r, const struct kept *k)
{
	bool cancel = false;
	if (!*k->claim.number)
		return true; /* it is about to be claimed */
	struct err *e = execution_renew(r->options.services->db, &k->claim, &cancel);
	bool away = e && err_kind(e) == ERR_UNAVAILABLE;
	if (e && err_kind(e) == ERR_CANCELLED) {
		stop_worker(r, k, false, "its claim is lost");
		err_free(e);
		return true;
	}
	if (cancel)
		stop_worker(r, k, true, "the user cancelled it");
	assignment_survive(e, "renewing a lease");
	return !away;
}

static void renew_locks(struct runner *r, const struct kept *kept, int n)
{
	cleanup(cleanup_free) const struct queue_job **jobs = mem_alloc((size_t)n * sizeof(void *));
	cleanup(cleanup_free) bool *lost = mem_alloc((size_t)n);
	for (int i = 0; i < n; i++)
		jobs[i] = &kept[i].job;
	assignment_survive(queue_extend(r->options.queue, jobs, (size_t)n, QUEUE_LOCK_MS, lost),
			   "renewing locks");
	/* A lost lock alone is no reason to stop: the lease in the database decides. */
}

static void renew_all(struct runner *r)
{
	cleanup(cleanup_free) struct kept *kept =
		mem_alloc((size_t)r->options.concurrency * sizeof(*kept));
	pthread_mutex_lock(&r->lock);
	int n = snapshot(r, kept);
	pthread_mutex_unlock(&r->lock);
	if (n > 0 && r->options.queue)
		renew_locks(r, kept, n);
	bool reached = true;
	for (int i = 0; i < n; i++) {
		reached = reached && renew_lease(r, &kept[i]);
		free((void *)(uintptr_t)kept[i].job.id);
		free((void *)(uintptr_t)kept[i].job.token);
	}
}

/* Waits until `when` (monotonic ms); false where the runner has ended before. Takes the lock. */
static bool wait_until(struct runner *r, int64_t when)
{
	pthread_mutex_lock(&r->lock);
	for (;;) {
		bool ended = r->ended && r->busy_count == 0;
		int64_t left = when - clock_monotonic_ms();
		if (ended || left <= 0) {
			pthread_mutex_unlock(&r->lock);
			return !ended;
		}
		runner_wait(r, left);
	}
}

void *keeper_main(void *arg)
{
	struct runner *r = arg;
	struct duties duties = { .services = r->options.services, .queue = r->options.queue };
	struct duty_times times = { 0 };
	duties_run(&duties, &times);
	pthread_mutex_lock(&r->lock);
	r->looked = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	while (wait_until(r, clock_monotonic_ms() + KEEP_MS)) {
		renew_all(r);
		duties_run(&duties, &times);
	}
	return NULL;
}
