#include "jobs/runner.h"

#include "jobs/assignment.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/chores.h"
#include "jobs/duties.h"
#include "jobs/model/execution.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	STACK_SIZE = 512 * 1024,
	KEEP_MS = 5000,         /* how often locks and leases are renewed */
	LOOK_MS = 5000,         /* how often the database is asked for work without a queue */
	MAX_LIMITED_MS = 30000, /* longest wait for a rate limit to pass */
	TROUBLE_MS = 1000,      /* wait after an error before the next try to take work */
};

struct worker {
	struct runner *runner;
	pthread_t thread;
	struct http *http;
	pthread_cond_t given;
	/* Set by the control thread, cleared by the worker, under the lock. */
	bool busy;
	unsigned long serial; /* tells one assignment from the next */
	struct assignment assignment;
};

struct runner {
	struct runner_options options;
	char name[80]; /* host and process, shown with claims and jobs */
	pthread_t control, keeper;
	struct chores *chores;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a worker became free, a wake-up, or a stop */
	struct worker **workers;
	int worker_count, busy_count;
	bool stopping, woken;
	struct duties duties; /* the keeper's */
	bool looked;          /* the duties have been done once */
	struct runner_summary summary;
};

static struct db *get_db(struct runner *r)
{
	return db_pool_get(r->options.services->pool);
}

static void put_db(struct runner *r, struct db *db)
{
	db_pool_put(r->options.services->pool, db);
}

/* Waits up to `ms` for a change; call with the lock held. */
static void wait_for_change(struct runner *r, int64_t ms)
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

static void pause_for_change(struct runner *r, int64_t ms)
{
	pthread_mutex_lock(&r->lock);
	if (!r->stopping && !r->woken)
		wait_for_change(r, ms);
	r->woken = false;
	pthread_mutex_unlock(&r->lock);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct runner *r = w->runner;
	pthread_mutex_lock(&r->lock);
	for (;;) {
		while (!w->busy && !r->stopping)
			pthread_cond_wait(&w->given, &r->lock);
		if (!w->busy)
			break;
		pthread_mutex_unlock(&r->lock);
		const struct execution_claim *claim = &w->assignment.claim;
		log_context(claim->request_id ? claim->request_id : claim->id);
		enum assignment_end end = assignment_run(&w->assignment, w->http);
		log_context(NULL);
		pthread_mutex_lock(&r->lock);
		r->summary.ends[end]++;
		assignment_clear(&w->assignment);
		w->busy = false;
		w->serial++;
		r->busy_count--;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (pthread_create(thread, &attr, run, arg) != 0)
		abort();
	pthread_attr_destroy(&attr);
}

static struct worker *add_worker(struct runner *r)
{
	struct worker *w = mem_alloc(sizeof(*w));
	w->runner = r;
	w->http = http_new();
	pthread_cond_init(&w->given, NULL);
	r->workers[r->worker_count++] = w;
	start_thread(&w->thread, worker_main, w);
	return w;
}

/* Gives a claimed execution (and its job) to a worker that is free, or a new one. */
static void assign(struct runner *r, struct queue_job *job, const struct execution_claim *claim)
{
	pthread_mutex_lock(&r->lock);
	struct worker *w = NULL;
	for (int i = 0; i < r->worker_count && !w; i++)
		if (!r->workers[i]->busy)
			w = r->workers[i];
	if (!w)
		w = add_worker(r);
	w->assignment.services = r->options.services;
	w->assignment.queue = r->options.queue;
	w->assignment.job = job;
	w->assignment.claim = *claim;
	atomic_store(&w->assignment.cancel, false);
	atomic_store(&w->assignment.by_user, false);
	w->busy = true;
	r->busy_count++;
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&r->lock);
}

enum taken { TAKEN, TAKEN_NOTHING, TAKEN_LIMITED, TAKEN_TROUBLE };

static struct err *take_from_database(struct runner *r, struct db *db, enum taken *ret)
{
	char id[ID_SIZE];
	*ret = TAKEN_NOTHING;
	TRY(execution_next(db, id));
	if (!*id)
		return NULL;
	struct execution_claim claim;
	enum claim_result result;
	TRY(execution_claim(db, id, r->name, &claim, &result));
	if (result == CLAIM_TAKEN)
		assign(r, NULL, &claim);
	*ret = TAKEN; /* or somebody else was faster: look again at once */
	return NULL;
}

/* The execution that a job is about: what its data says, or else its id. The caller frees it. */
static char *execution_of(const struct queue_job *job)
{
	cleanup(cleanup_json) struct json_object *data = NULL;
	if (!job->poison)
		err_free(js_parse(job->data, strlen(job->data), &data));
	const char *id = js_string(data, "executionId");
	return mem_strdup(id ? id : job->id);
}

static struct err *claim_for(struct runner *r, struct db *db, struct queue_job *job)
{
	cleanup(cleanup_free) char *id = execution_of(job);
	struct execution_claim claim;
	enum claim_result result;
	TRY(execution_claim(db, id, r->name, &claim, &result));
	if (result == CLAIM_TAKEN) {
		assign(r, job, &claim);
		return NULL;
	}
	if (result == CLAIM_BUSY)
		assignment_defer_job(r->options.queue, job);
	else
		assignment_drop_job(r->options.queue, job);
	queue_job_free(job);
	return NULL;
}

static struct err *take_from_queue(struct runner *r, struct db *db, enum taken *ret,
				   int64_t *ret_until)
{
	char token[ID_SIZE];
	struct queue_fetched fetched;
	*ret = TAKEN_NOTHING;
	TRY(queue_fetch(r->options.queue, id_new(token), QUEUE_LOCK_MS, &fetched));
	*ret_until = fetched.at_ms;
	if (fetched.state == QUEUE_LIMITED)
		*ret = TAKEN_LIMITED;
	if (fetched.state != QUEUE_JOB)
		return NULL;
	*ret = TAKEN;
	struct err *e = claim_for(r, db, fetched.job);
	if (e) {
		assignment_return_job(r->options.queue, fetched.job);
		queue_job_free(fetched.job);
	}
	return e;
}

static enum taken take_work(struct runner *r, int64_t *ret_until)
{
	enum taken taken;
	struct db *db = get_db(r);
	struct err *e = r->options.queue ? take_from_queue(r, db, &taken, ret_until)
					 : take_from_database(r, db, &taken);
	put_db(r, db);
	assignment_survive(e, "taking work");
	return e ? TAKEN_TROUBLE : taken;
}

static void wait_for_work(struct runner *r, int64_t until_ms)
{
	if (!r->options.queue) {
		pause_for_change(r, LOOK_MS);
		return;
	}
	struct err *e = queue_wait(r->options.queue, until_ms);
	if (e && err_kind(e) != ERR_CANCELLED) {
		assignment_survive(e, "waiting for work");
		pause_for_change(r, TROUBLE_MS);
	} else {
		err_free(e);
	}
}

/* Waits until a rate limit that somebody put on the queue lets the next job through. */
static void wait_for_limit(struct runner *r, int64_t until_ms)
{
	int64_t ms = until_ms - clock_ms();
	pause_for_change(r, ms < 0 ? 0 : ms < MAX_LIMITED_MS ? ms : MAX_LIMITED_MS);
}

/* Waits for a worker to be free; false when the runner stops. */
static bool has_room(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	while (!r->stopping && r->busy_count >= r->options.concurrency)
		wait_for_change(r, LOOK_MS);
	bool stopping = r->stopping;
	pthread_mutex_unlock(&r->lock);
	return !stopping;
}

/* When draining: nothing is due; true once nothing runs either. */
static bool has_drained(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	bool idle = r->busy_count == 0;
	if (!idle)
		wait_for_change(r, LOOK_MS);
	pthread_mutex_unlock(&r->lock);
	return idle;
}

static void wait_for_first_look(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	while (!r->looked && !r->stopping)
		wait_for_change(r, LOOK_MS);
	pthread_mutex_unlock(&r->lock);
}

static void *control_main(void *arg)
{
	struct runner *r = arg;
	bool drained = false;
	if (r->options.drain) /* only then an empty queue can be believed to be empty */
		wait_for_first_look(r);
	while (!drained && has_room(r)) {
		int64_t until = 0;
		enum taken taken = take_work(r, &until);
		if (taken == TAKEN_TROUBLE)
			pause_for_change(r, TROUBLE_MS);
		else if (taken == TAKEN_LIMITED)
			wait_for_limit(r, until);
		else if (taken == TAKEN_NOTHING && r->options.drain)
			drained = has_drained(r);
		else if (taken == TAKEN_NOTHING)
			wait_for_work(r, until);
	}
	if (drained && r->options.on_drained)
		r->options.on_drained(r->options.arg);
	return NULL;
}

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
	struct db *db = get_db(r);
	struct err *e = execution_renew(db, &k->claim, &cancel);
	put_db(r, db);
	bool away = e && err_kind(e) == ERR_UNAVAILABLE;
	if (e && err_kind(e) == ERR_CANCELLED)
		stop_worker(r, k, false, "its claim is lost");
	else if (cancel)
		stop_worker(r, k, true, "the user cancelled it");
	else
		assignment_survive(e, "renewing a lease");
	if (e && err_kind(e) == ERR_CANCELLED)
		err_free(e);
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
		bool ended = r->stopping && r->busy_count == 0;
		int64_t left = when - clock_monotonic_ms();
		if (ended || left <= 0) {
			pthread_mutex_unlock(&r->lock);
			return !ended;
		}
		wait_for_change(r, left);
	}
}

static void *keeper_main(void *arg)
{
	struct runner *r = arg;
	duties_run(&r->duties);
	pthread_mutex_lock(&r->lock);
	r->looked = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	while (wait_until(r, clock_monotonic_ms() + KEEP_MS)) {
		renew_all(r);
		duties_run(&r->duties);
	}
	return NULL;
}

struct runner *runner_start(const struct runner_options *options)
{
	struct runner *r = mem_alloc(sizeof(*r));
	r->options = *options;
	char host[60] = "";
	gethostname(host, sizeof(host) - 1);
	snprintf(r->name, sizeof(r->name), "%s:%d", host, (int)getpid());
	r->workers = mem_alloc((size_t)options->concurrency * sizeof(struct worker *));
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	r->duties = (struct duties){ .services = options->services, .queue = options->queue };
	start_thread(&r->control, control_main, r);
	start_thread(&r->keeper, keeper_main, r);
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

/* Waits for all workers to be free, at most until `deadline` (monotonic ms; 0 for no limit). */
static void wait_until_free(struct runner *r, int64_t deadline)
{
	while (r->busy_count > 0 && (deadline == 0 || clock_monotonic_ms() < deadline))
		wait_for_change(r, 100);
}

static void end_workers(struct runner *r)
{
	for (int i = 0; i < r->worker_count; i++) {
		struct worker *w = r->workers[i];
		pthread_mutex_lock(&r->lock);
		pthread_cond_signal(&w->given);
		pthread_mutex_unlock(&r->lock);
		pthread_join(w->thread, NULL);
		pthread_cond_destroy(&w->given);
		http_free(w->http);
		free(w);
	}
	free(r->workers);
}

void runner_stop(struct runner *r, int grace_s, struct runner_summary *ret)
{
	int64_t deadline_ms = clock_monotonic_ms() + (int64_t)grace_s * 1000;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (r->options.queue)
		queue_interrupt(r->options.queue);
	pthread_join(r->control, NULL);

	pthread_mutex_lock(&r->lock);
	wait_until_free(r, clock_monotonic_ms() + (int64_t)grace_s * 1000);
	for (int i = 0; i < r->worker_count; i++)
		if (r->workers[i]->busy)
			atomic_store(&r->workers[i]->assignment.cancel, true);
	wait_until_free(r, 0);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->keeper, NULL);
	chores_stop(r->chores, deadline_ms);
	end_workers(r);
	*ret = r->summary;
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
