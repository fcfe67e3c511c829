/*
 * A worker, or a producer, made of jobs/queue alone, for tests and benchmarks that put it beside
 * BullMQ's. Its threads share the work as the runner's do.
 *
 * usage: worker-driver URL QUEUE NAME CONCURRENCY [BASE_URL]   until SIGTERM
 *        worker-driver URL QUEUE add COUNT
 *
 * A job's data says what is done: {"post":true} posts to BASE_URL and puts what comes back there;
 * {"failures":n} fails the first n tries; {"ms":n} takes so long; {"at":ms} has the delay since
 * then as the result.
 */
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/io/http.h"
#include "jobs/queue/queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 1000, RENEW_MS = 7500, CHECK_MS = 1000, STACK_SIZE = 512 * 1024 };

struct worker {
	struct queue *queue;
	const char *base_url;
	atomic_bool stopping;
	int concurrency;
	pthread_mutex_t lead;               /* held by the thread that looks for work */
	pthread_mutex_t lock;               /* of what is held */
	struct queue_job held[MAX_THREADS]; /* ids and tokens, borrowed from the threads' jobs */
};

static void fail(struct err *e)
{
	if (!e)
		return;
	fprintf(stderr, "worker-driver: %s\n", err_message(e));
	err_free(e);
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static struct err *call(struct http *http, const char *method, const char *url,
			const struct http_response *body, struct http_response *ret)
{
	const char *headers[] = { "Content-Type: application/octet-stream", NULL };
	const struct http_request request = {
		.method = method,
		.url = url,
		.headers = headers,
		.body = body ? body->body : "{\"text\":\"say this\"}",
		.body_len = body ? body->body_len : strlen("{\"text\":\"say this\"}"),
		.max_response = 1 << 20,
	};
	return http_perform(http, &request, ret, NULL);
}

static struct err *post_and_put(const struct worker *w, struct http *http)
{
	cleanup(http_response_clear) struct http_response audio = { 0 }, stored = { 0 };
	TRY(call(http, "POST", w->base_url, NULL, &audio));
	return call(http, "PUT", w->base_url, &audio, &stored);
}

static struct err *work(const struct worker *w, struct http *http, const struct queue_job *job,
			double *ret_late)
{
	struct json_object *data = job->content;
	double now = now_ms();
	*ret_late = now - js_number(data, "at", now);
	double ms = js_number(data, "ms", 0);
	if (ms > 0)
		nanosleep(&(struct timespec){ .tv_sec = (time_t)(ms / 1000),
					      .tv_nsec = (long)(ms * 1e6) % 1000000000 },
			  NULL);
	if (js_bool(data, "post", false))
		TRY(post_and_put(w, http));
	if ((double)job->attempts_made < js_number(data, "failures", 0))
		return err_new(ERR_UPSTREAM, "planned failure");
	return NULL;
}

static void hold(struct worker *w, size_t slot, const struct queue_job *job)
{
	pthread_mutex_lock(&w->lock);
	w->held[slot] = job ? (struct queue_job){ .id = job->id, .token = job->token }
			    : (struct queue_job){ 0 };
	pthread_mutex_unlock(&w->lock);
}

static struct err *end(struct worker *w, const struct queue_job *job, const struct err *failed,
		       double late, struct queue_fetched *ret_next)
{
	enum queue_result result;
	struct queue_fetched *next = atomic_load(&w->stopping) ? NULL : ret_next;
	if (!failed) {
		cleanup(cleanup_json) struct json_object *value = json_object_new_object();
		js_set_double(value, "late", late);
		return queue_complete(w->queue, job, value, next, &result);
	}
	const struct queue_failure failure = { err_message(failed), err_message(failed) };
	int64_t delay = job->deferred_failure ? -1 : queue_job_retry_delay(job);
	return delay < 0 ? queue_fail(w->queue, job, &failure, next, &result)
			 : queue_retry(w->queue, job, &failure, delay, &result);
}

/* Runs a job, and yields the one that comes with its end. */
static struct queue_job *run(struct worker *w, struct http *http, size_t slot,
			     struct queue_job *job)
{
	struct queue_fetched next = { 0 };
	double late = 0;
	hold(w, slot, job);
	cleanup(cleanup_err) struct err *failed =
		job->deferred_failure ? err_new(ERR_INVALID, "%s", job->deferred_failure)
				      : work(w, http, job, &late);
	hold(w, slot, NULL);
	fail(end(w, job, failed, late, &next));
	queue_job_free(job);
	return next.job;
}

/* Waits for a job, one thread at a time; NULL at a stop. */
static struct queue_job *look(struct worker *w)
{
	struct queue_fetched f = { 0 };
	pthread_mutex_lock(&w->lead);
	while (!atomic_load(&w->stopping) && !f.job) {
		char token[ID_SIZE];
		struct err *e = queue_fetch(w->queue, id_new(token), QUEUE_LOCK_MS, &f);
		if (!e && !f.job)
			e = queue_wait(w->queue, f.at_ms);
		err_free(e);
	}
	pthread_mutex_unlock(&w->lead);
	return f.job;
}

struct thread {
	struct worker *worker;
	size_t slot;
	pthread_t id;
};

static void *thread_main(void *arg)
{
	const struct thread *t = arg;
	struct http *http = http_new();
	for (struct queue_job *job; (job = look(t->worker));)
		while (job)
			job = run(t->worker, http, t->slot, job);
	http_free(http);
	return NULL;
}

static void renew(struct worker *w)
{
	const struct queue_job *jobs[MAX_THREADS];
	bool lost[MAX_THREADS];
	size_t n = 0;
	pthread_mutex_lock(&w->lock);
	for (int i = 0; i < w->concurrency; i++)
		if (w->held[i].id)
			jobs[n++] = &w->held[i];
	if (n > 0)
		fail(queue_extend(w->queue, jobs, n, QUEUE_LOCK_MS, lost));
	pthread_mutex_unlock(&w->lock);
}

static void *keeper_main(void *arg)
{
	struct worker *w = arg;
	int64_t renewed = clock_monotonic_ms();
	while (!atomic_load(&w->stopping)) {
		int recovered;
		fail(queue_recover(w->queue, QUEUE_MAX_STALLED, CHECK_MS, &recovered));
		nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
		if (clock_monotonic_ms() - renewed < RENEW_MS)
			continue;
		renewed = clock_monotonic_ms();
		renew(w);
	}
	return NULL;
}

static int serve(struct worker *w, sigset_t *signals)
{
	struct thread *threads = mem_alloc((size_t)w->concurrency * sizeof(*threads));
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_t keeper;
	bool started = pthread_create(&keeper, &attr, keeper_main, w) == 0;
	for (int i = 0; i < w->concurrency && started; i++) {
		threads[i] = (struct thread){ .worker = w, .slot = (size_t)i };
		started = pthread_create(&threads[i].id, &attr, thread_main, &threads[i]) == 0;
	}
	pthread_attr_destroy(&attr);
	if (!started)
		abort();
	printf("{\"ready\":true}\n");
	fflush(stdout);
	int number;
	sigwait(signals, &number);
	atomic_store(&w->stopping, true);
	queue_interrupt(w->queue);
	for (int i = 0; i < w->concurrency; i++)
		pthread_join(threads[i].id, NULL);
	pthread_join(keeper, NULL);
	free(threads);
	return 0;
}

static long long cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Adds jobs as the product does, a thousand a call, and says how long it took, and how much CPU. */
static struct err *add_jobs(struct queue *queue, long count)
{
	enum { BATCH = 1000 };
	static char ids[BATCH][ID_SIZE];
	static struct queue_spec specs[BATCH];
	static bool added[BATCH];
	int64_t begin = clock_monotonic_ms();
	long long spent = cpu_us();
	for (long done = 0; done < count; done += BATCH) {
		for (int i = 0; i < BATCH; i++)
			specs[i] = (struct queue_spec){ .id = id_new(ids[i]),
							.name = "run",
							.data = "{\"n\":1}",
							.policy = POLICY_RUN };
		TRY(queue_add_many(queue, specs, BATCH, added));
	}
	printf("{\"ms\":%lld,\"cpu\":%lld}\n", (long long)(clock_monotonic_ms() - begin),
	       cpu_us() - spent);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 64;
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	js_init();
	http_init();
	static struct worker w = { .lead = PTHREAD_MUTEX_INITIALIZER,
				   .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct queue_options options = { .url = argv[1], .name = argv[2], .worker = argv[3] };
	struct err *e = queue_new(&options, &w.queue);
	long number = strtol(argv[4], NULL, 10);
	w.base_url = argc > 5 ? argv[5] : NULL;
	w.concurrency = number > 0 && number <= MAX_THREADS ? (int)number : 1;
	int code = 0;
	if (!e && strcmp(argv[3], "add") == 0)
		e = add_jobs(w.queue, number);
	else if (!e)
		code = serve(&w, &signals);
	if (e)
		code = 1;
	fail(e);
	queue_free(w.queue);
	return code;
}
