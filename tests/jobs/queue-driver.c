/*
 * Runs queue operations for a test in another language: one JSON object {"op":…} a line on stdin,
 * one JSON object a line as the answer on stdout, {"error":…} where the operation failed.
 *
 * usage: queue-driver URL QUEUE PREFIX [WORKER [METRICS_MINUTES]]
 */
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/queue/queue.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HELD = 64, MAX_REASON = 4 << 20 };

struct driver {
	struct queue *queue;
	struct queue_job *held[MAX_HELD];
};

/* One operation: members of the request in, members of the answer out. */
typedef struct err *operation(struct driver *d, struct json_object *in, struct json_object *out);

static struct err *held_job(struct driver *d, struct json_object *in, size_t *ret_slot)
{
	const char *id = js_string(in, "id");
	for (size_t i = 0; i < MAX_HELD && id; i++) {
		if (!d->held[i] || strcmp(d->held[i]->id, id) != 0)
			continue;
		*ret_slot = i;
		return NULL;
	}
	return err_new(ERR_NOT_FOUND, "the driver does not hold such a job");
}

static void let_go(struct driver *d, size_t slot)
{
	queue_job_free(d->held[slot]);
	d->held[slot] = NULL;
}

static void set_result(struct json_object *out, enum queue_result result)
{
	static const char *const names[] = {
		[QUEUE_DONE] = "done",
		[QUEUE_LOST] = "lost",
		[QUEUE_CHILDREN_PENDING] = "children pending",
		[QUEUE_CHILDREN_FAILED] = "children failed",
		[QUEUE_REFUSED] = "refused",
	};
	js_set_string(out, "result", names[result]);
}

static struct err *add(struct driver *d, struct json_object *in, struct json_object *out)
{
	struct queue_spec spec = {
		.id = js_string(in, "id"),
		.name = js_string(in, "name"),
		.data = js_string(in, "data"),
		.policy = policy_parse(js_get(in, "opts")),
		.delay_ms = (int64_t)js_number(in, "delay", 0),
		.priority = (int)js_number(in, "priority", 0),
	};
	bool added = false;
	TRY(queue_add(d->queue, &spec, &added));
	js_set_bool(out, "added", added);
	return NULL;
}

static struct json_object *describe(const struct queue_job *job)
{
	struct json_object *o = json_object_new_object();
	js_set_string(o, "id", job->id);
	js_set_string(o, "name", job->name);
	js_set_string(o, "data", job->data);
	js_set_string(o, "poison", job->poison);
	js_set_string(o, "deferredFailure", job->deferred_failure);
	js_set_int(o, "attemptsMade", job->attempts_made);
	js_set_int(o, "attemptsStarted", job->attempts_started);
	js_set_int(o, "stalledCount", job->stalled_count);
	js_set_int(o, "priority", job->priority);
	return o;
}

static struct err *free_slot(const struct driver *d, size_t *ret)
{
	size_t slot = 0;
	while (slot < MAX_HELD && d->held[slot])
		slot++;
	*ret = slot;
	return slot < MAX_HELD ? NULL : err_new(ERR_CONFLICT, "the driver holds too many jobs");
}

/* Keeps what was fetched in a free slot, and says what it is. */
static void hold(struct driver *d, size_t slot, const struct queue_fetched *f,
		 struct json_object *out)
{
	static const char *const states[] = {
		[QUEUE_JOB] = "job",
		[QUEUE_EMPTY] = "empty",
		[QUEUE_DELAYED] = "delayed",
		[QUEUE_LIMITED] = "limited",
	};
	js_set_string(out, "state", states[f->state]);
	js_set_int(out, "at", f->at_ms);
	d->held[slot] = f->job;
	if (f->job)
		js_set(out, "job", describe(f->job));
}

static struct err *fetch(struct driver *d, struct json_object *in, struct json_object *out)
{
	size_t slot = 0;
	TRY(free_slot(d, &slot));
	int64_t lock_ms = (int64_t)js_number(in, "lock", QUEUE_LOCK_MS);
	struct queue_fetched f = { 0 };
	TRY(queue_fetch(d->queue, js_string(in, "token"), lock_ms, &f));
	hold(d, slot, &f, out);
	return NULL;
}

static struct err *wait_for_news(struct driver *d, struct json_object *in, struct json_object *out)
{
	(void)out;
	return queue_wait(d->queue, (int64_t)js_number(in, "until", 0));
}

/* With "next" the next job is taken, too. */
static struct err *complete(struct driver *d, struct json_object *in, struct json_object *out)
{
	size_t slot = 0;
	TRY(held_job(d, in, &slot));
	enum queue_result result = QUEUE_LOST;
	struct queue_fetched f = { 0 }, *next = js_bool(in, "next", false) ? &f : NULL;
	cleanup(cleanup_json) struct json_object *value = NULL;
	TRY(js_parse_own(js_string(in, "value"), &value));
	TRY(queue_complete(d->queue, d->held[slot], value, next, &result));
	let_go(d, slot);
	if (next)
		hold(d, slot, next, out);
	set_result(out, result);
	return NULL;
}

/* Bytes from hexadecimal, so that a test can send what is no UTF-8. */
static char *unhex(const char *hex)
{
	struct buf bytes = BUF(MAX_REASON);
	for (; hex[0] && hex[1]; hex += 2) {
		char digits[] = { hex[0], hex[1], '\0' };
		char byte = (char)strtol(digits, NULL, 16);
		buf_add(&bytes, &byte, 1);
	}
	return buf_take(&bytes);
}

/* Fails a try as the job's options say: again now, again later, or for good. */
static struct err *fail_try(struct driver *d, struct json_object *in, struct json_object *out)
{
	size_t slot = 0;
	TRY(held_job(d, in, &slot));
	cleanup(cleanup_free) char *reason = unhex(js_string(in, "reasonHex"));
	const char *stack = js_string(in, "stack");
	const struct queue_failure failure = { reason, stack ? stack : reason };
	const struct queue_job *job = d->held[slot];
	int64_t delay = js_bool(in, "permanent", false) ? -1 : queue_job_retry_delay(job);
	enum queue_result result = QUEUE_LOST;
	struct queue_fetched f = { 0 }, *next = js_bool(in, "next", false) ? &f : NULL;
	if (delay < 0)
		TRY(queue_fail(d->queue, job, &failure, next, &result));
	else
		TRY(queue_retry(d->queue, job, &failure, delay, &result));
	let_go(d, slot);
	if (next)
		hold(d, slot, next, out);
	js_set_int(out, "delay", delay);
	set_result(out, result);
	return NULL;
}

static struct err *extend(struct driver *d, struct json_object *in, struct json_object *out)
{
	size_t slot = 0;
	TRY(held_job(d, in, &slot));
	const struct queue_job *jobs[] = { d->held[slot] };
	bool lost = false;
	TRY(queue_extend(d->queue, jobs, 1, (int64_t)js_number(in, "lock", QUEUE_LOCK_MS), &lost));
	js_set_bool(out, "lost", lost);
	return NULL;
}

static struct err *recover(struct driver *d, struct json_object *in, struct json_object *out)
{
	int recovered = 0;
	TRY(queue_recover(d->queue, QUEUE_MAX_STALLED, (int64_t)js_number(in, "interval", 1),
			  &recovered));
	js_set_int(out, "recovered", recovered);
	return NULL;
}

static struct err *progress(struct driver *d, struct json_object *in, struct json_object *out)
{
	enum queue_result result = QUEUE_LOST;
	TRY(queue_progress(d->queue, js_string(in, "id"), js_string(in, "value"), &result));
	set_result(out, result);
	return NULL;
}

static struct err *log_row(struct driver *d, struct json_object *in, struct json_object *out)
{
	enum queue_result result = QUEUE_LOST;
	int64_t keep = (int64_t)js_number(in, "keep", 0);
	TRY(queue_log(d->queue, js_string(in, "id"), js_string(in, "row"), keep, &result));
	set_result(out, result);
	return NULL;
}

static struct err *remove_job(struct driver *d, struct json_object *in, struct json_object *out)
{
	enum queue_result result = QUEUE_LOST;
	TRY(queue_remove(d->queue, js_string(in, "id"), &result));
	set_result(out, result);
	return NULL;
}

static struct err *pause_queue(struct driver *d, struct json_object *in, struct json_object *out)
{
	(void)in;
	(void)out;
	return queue_pause(d->queue);
}

static struct err *resume_queue(struct driver *d, struct json_object *in, struct json_object *out)
{
	(void)in;
	(void)out;
	return queue_resume(d->queue);
}

static const struct {
	const char *name;
	operation *run;
} operations[] = {
	{ "add", add },           { "fetch", fetch },       { "wait", wait_for_news },
	{ "complete", complete }, { "fail", fail_try },     { "extend", extend },
	{ "recover", recover },   { "progress", progress }, { "log", log_row },
	{ "remove", remove_job }, { "pause", pause_queue }, { "resume", resume_queue },
};

static struct err *run(struct driver *d, const char *line, size_t len, struct json_object *out)
{
	cleanup(cleanup_json) struct json_object *in = NULL;
	TRY(js_parse(line, len, &in));
	const char *name = js_string(in, "op");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (name && strcmp(name, operations[i].name) == 0)
			return operations[i].run(d, in, out);
	return err_new(ERR_INVALID, "there is no such operation");
}

static void answer(struct driver *d, const char *line, size_t len)
{
	cleanup(cleanup_json) struct json_object *out = json_object_new_object();
	cleanup(cleanup_err) struct err *e = run(d, line, len, out);
	if (e)
		js_set_string(out, "error", err_message(e));
	cleanup(cleanup_free) char *text = js_text(out);
	printf("%s\n", text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 64;
	signal(SIGPIPE, SIG_IGN);
	js_init();
	struct driver d = { 0 };
	cleanup(cleanup_err) struct err *e = queue_new(
		&(struct queue_options){ .url = argv[1],
					 .name = argv[2],
					 .prefix = argv[3],
					 .worker = argc > 4 ? argv[4] : NULL,
					 .metrics_minutes =
						 argc > 5 ? (int)strtol(argv[5], NULL, 10) : 0 },
		&d.queue);
	if (e) {
		fprintf(stderr, "queue-driver: %s\n", err_message(e));
		return 1;
	}
	cleanup(cleanup_free) char *line = NULL;
	size_t size = 0;
	for (ssize_t len; (len = getline(&line, &size, stdin)) > 0;)
		answer(&d, line, (size_t)len);
	for (size_t i = 0; i < MAX_HELD; i++)
		let_go(&d, i);
	queue_free(d.queue);
	return 0;
}
