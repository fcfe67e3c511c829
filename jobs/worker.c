#include "jobs/worker.h"

#include "jobs/base/clock.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"

#include <stdatomic.h>

enum {
	LOOK_MS = 5000,          /* how often the database is asked for work without a queue */
	MAX_LIMITED_MS = 30000,  /* longest wait for a rate limit to pass */
	TROUBLE_MS = 1000,       /* wait after an error before the next try to take work */
	PATIENCE_MS = 60 * 1000, /* a runner that drains gives up after so much trouble */
};

/* Notes that work cannot be taken; a runner that only drains gives up in the end. */
static void note_trouble(struct runner *r)
{
	int64_t now = clock_monotonic_ms();
	pthread_mutex_lock(&r->lock);
	r->trouble_until = now + TROUBLE_MS;
	if (r->trouble_since == 0)
		r->trouble_since = now;
	if (r->options.drain && now - r->trouble_since >= PATIENCE_MS) {
		r->summary.gave_up = true;
		runner_close_locked(r);
	}
	pthread_mutex_unlock(&r->lock);
}

static void note_peace(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	r->trouble_since = 0;
	pthread_mutex_unlock(&r->lock);
}

static void wait_in_peace(struct runner *r, int64_t ms)
{
	pthread_mutex_lock(&r->lock);
	if (!r->closed && !r->woken && ms > 0)
		runner_wait(r, ms);
	r->woken = false;
	pthread_mutex_unlock(&r->lock);
}

static bool is_over(const struct runner *r)
{
	return r->closed && r->busy_count == 0 && !r->taking;
}

/* Says once that nothing runs any more and nothing will. Call with the lock held. */
static void tell_if_over(struct runner *r)
{
	if (!is_over(r) || r->told)
		return;
	r->told = true;
	if (r->options.on_over)
		r->options.on_over(r->options.arg);
}

/* False where the runner has closed. *ret_idle tells that nothing runs. */
static bool may_look(struct runner *r, bool *ret_idle)
{
	pthread_mutex_lock(&r->lock);
	while (!r->closed && r->options.drain && !r->looked) /* only then empty means empty */
		runner_wait(r, LOOK_MS);
	for (int64_t left; !r->closed && (left = r->trouble_until - clock_monotonic_ms()) > 0;)
		runner_wait(r, left);
	r->taking = !r->closed;
	bool may = r->taking;
	*ret_idle = r->busy_count == 0;
	tell_if_over(r);
	pthread_mutex_unlock(&r->lock);
	return may;
}

/* There is nothing to take. Draining is over if nothing ran either when that was asked. */
static void wait_for_work(struct runner *r, bool was_idle, int64_t until_ms)
{
	if (!r->options.drain && r->source.queue) {
		if (!source_wait(&r->source, until_ms))
			note_trouble(r);
		return;
	}
	if (!r->options.drain) {
		wait_in_peace(r, LOOK_MS);
		return;
	}
	pthread_mutex_lock(&r->lock);
	if (was_idle)
		runner_close_locked(r);
	else if (r->busy_count > 0)
		runner_wait(r, LOOK_MS);
	pthread_mutex_unlock(&r->lock);
}

/* Waits until a rate limit that somebody put on the queue lets the next job through. */
static void wait_for_limit(struct runner *r, int64_t until_ms)
{
	int64_t ms = until_ms - clock_ms();
	wait_in_peace(r, ms < MAX_LIMITED_MS ? ms : MAX_LIMITED_MS);
}

/* Takes work for this worker, waiting for it if need be; false where the runner has closed. */
static bool look_for_work(struct worker *w)
{
	struct runner *r = w->runner;
	bool was_idle;
	while (may_look(r, &was_idle)) {
		int64_t until = 0;
		enum taken taken = source_take(&r->source, &w->assignment, &until);
		if (taken == TAKEN)
			return true;
		if (taken == TAKEN_NOTHING)
			note_peace(r);
		if (taken == TAKEN_TROUBLE)
			note_trouble(r);
		else if (taken == TAKEN_LIMITED)
			wait_for_limit(r, until);
		else
			wait_for_work(r, was_idle, until);
	}
	return false;
}

/* Waits until this worker is called to lead; false where the runner has closed instead. */
static bool get_lead(struct worker *w)
{
	struct runner *r = w->runner;
	if (!w->has_lead)
		r->idle[r->idle_count++] = w;
	while (!w->has_lead && !r->closed)
		pthread_cond_wait(&w->called, &r->lock);
	return w->has_lead && !r->closed;
}

static void pass_lead(struct worker *w)
{
	struct runner *r = w->runner;
	w->has_lead = false;
	if (r->idle_count > 0) {
		struct worker *next = r->idle[--r->idle_count];
		next->has_lead = true;
		pthread_cond_signal(&next->called);
	} else if (r->worker_count < r->options.concurrency) {
		worker_start(r);
	} else {
		r->is_led = false;
	}
}

/* What an assignment begins with. Call with the lock held. */
static void begin(struct worker *w)
{
	const struct runner *r = w->runner;
	w->assignment.services = r->options.services;
	w->assignment.queue = r->options.queue;
	w->assignment.takes_next = !r->closed;
	atomic_store(&w->assignment.cancel, r->cancelled);
	atomic_store(&w->assignment.by_user, false);
}

/* Leads until there is something to do for this worker; false where there is no more. */
static bool lead(struct worker *w)
{
	struct runner *r = w->runner;
	pthread_mutex_lock(&r->lock);
	if (!r->is_led)
		w->has_lead = r->is_led = true;
	bool leads = get_lead(w);
	pthread_mutex_unlock(&r->lock);
	if (!leads || !look_for_work(w))
		return false;
	pthread_mutex_lock(&r->lock);
	begin(w);
	w->busy = true;
	r->busy_count++;
	r->taking = false;
	pass_lead(w);
	pthread_mutex_unlock(&r->lock);
	return true;
}

/* Claims what the job is about, unless that has been done. */
static bool has_claim(struct worker *w)
{
	struct runner *r = w->runner;
	struct execution_claim claim = { 0 };
	if (!w->assignment.job)
		return true;
	enum taken taken = source_claim(&r->source, w->assignment.job, &claim);
	if (taken == TAKEN_TROUBLE)
		note_trouble(r);
	else
		note_peace(r);
	pthread_mutex_lock(&r->lock);
	w->assignment.claim = claim;
	pthread_mutex_unlock(&r->lock);
	return taken == TAKEN;
}

/* Goes on with the job that came with the end of the last one, or becomes idle. */
static bool move_on(struct worker *w)
{
	struct runner *r = w->runner;
	pthread_mutex_lock(&r->lock);
	struct queue_job *next = w->assignment.next;
	assignment_clear(&w->assignment);
	w->serial++;
	bool goes_on = next && !r->closed;
	if (goes_on) {
		w->assignment.job = next;
		begin(w);
	} else {
		w->busy = false;
		r->busy_count--;
		tell_if_over(r);
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	if (next && !goes_on) {
		assignment_return_job(r->options.queue, next);
		queue_job_free(next);
	}
	return goes_on;
}

static void run(struct worker *w)
{
	struct runner *r = w->runner;
	const struct execution_claim *claim = &w->assignment.claim;
	if (!has_claim(w))
		return;
	log_context(claim->request_id ? claim->request_id : claim->id);
	enum assignment_end end = assignment_run(&w->assignment, w->http);
	log_context(NULL);
	pthread_mutex_lock(&r->lock);
	r->summary.ends[end]++;
	pthread_mutex_unlock(&r->lock);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	while (lead(w))
		do
			run(w);
		while (move_on(w));
	return NULL;
}

void worker_start(struct runner *r)
{
	struct worker *w = mem_alloc(sizeof(*w));
	w->runner = r;
	w->http = http_new();
	w->has_lead = r->is_led = true;
	pthread_cond_init(&w->called, NULL);
	r->workers[r->worker_count++] = w;
	runner_start_thread(&w->thread, worker_main, w);
}

void runner_close_locked(struct runner *r)
{
	r->closed = true;
	pthread_cond_broadcast(&r->changed);
	for (int i = 0; i < r->idle_count; i++)
		pthread_cond_signal(&r->idle[i]->called);
	if (r->options.queue)
		queue_interrupt(r->options.queue);
	tell_if_over(r);
}
