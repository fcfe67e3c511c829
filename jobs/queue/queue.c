#include "jobs/queue/queue.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/queue/script.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDLE_WAIT_MS = 5000, /* without news a fetch is tried so often, in case some were lost */
	MAX_WAIT_MS = 10000, /* connections die quietly: nobody waits longer for news */
	MIN_WAIT_MS = 2,     /* Redis before 7.0.8 takes less for "without end" */
};

struct queue {
	char *meta_key, *marker_key, *worker;
	enum queue_layout layout;
	struct redis_script scripts[SCRIPTS];

	pthread_mutex_t lock; /* of `commands` */
	struct redis *commands;
	struct redis *waiting; /* queue_wait's alone, but for interrupts */
	atomic_flag warned;    /* about a scheduler */
};

/* Dashboards know a queue's workers by the names of their connections. */
static char *connection_name(const char *prefix, const struct queue_options *options)
{
	size_t len = strlen(options->name);
	cleanup(cleanup_free) char *name = mem_alloc((len + 2) / 3 * 4 + 1);
	EVP_EncodeBlock((unsigned char *)name, (const unsigned char *)options->name, (int)len);
	const char *worker = options->worker;
	return mem_printf("%s:%s%s%s", prefix, name, worker ? ":w:" : "", worker ? worker : "");
}

/* What CLIENT SETNAME takes. */
static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

struct err *queue_new(const struct queue_options *options, struct queue **ret)
{
	const char *prefix = options->prefix ? options->prefix : "bull";
	if (!*options->name || strchr(options->name, ':'))
		return err_new(ERR_INVALID, "A queue's name must not be empty or contain a colon");
	if (!is_printable(prefix) || (options->worker && !is_printable(options->worker)))
		return err_new(ERR_INVALID, "The prefix of the queue and the worker's name must "
					    "be printable ASCII without blanks");
	cleanup(cleanup_queue) struct queue *q = mem_alloc(sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
	atomic_flag_clear(&q->warned);
	q->layout = options->layout;
	q->meta_key = mem_printf("%s:%s:meta", prefix, options->name);
	q->marker_key = mem_printf("%s:%s:marker", prefix, options->name);
	q->worker = mem_strdup(options->worker ? options->worker : "");
	for (int i = 0; i < SCRIPTS; i++)
		q->scripts[i] = script_new((enum script)i);
	TRY(redis_new(options->url, &q->commands));
	TRY(redis_new(options->url, &q->waiting));
	cleanup(cleanup_free) char *name = connection_name(prefix, options);
	redis_set_name(q->waiting, name);
	*ret = take(q);
	return NULL;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	redis_free(q->commands);
	redis_free(q->waiting);
	for (int i = 0; i < SCRIPTS; i++)
		redis_script_clear(&q->scripts[i]);
	pthread_mutex_destroy(&q->lock);
	free(q->meta_key);
	free(q->marker_key);
	free(q->worker);
	free(q);
}

/* The arguments that every script has. */
static struct redis_args begin(const struct queue *q)
{
	static const char *const layouts[] = {
		[QUEUE_LAYOUT_AUTO] = "auto",
		[QUEUE_LAYOUT_5] = "5",
		[QUEUE_LAYOUT_6] = "6",
	};
	struct redis_args args = REDIS_ARGS;
	redis_arg(&args, q->meta_key);
	redis_arg_int(&args, clock_ms());
	redis_arg(&args, layouts[q->layout]);
	return args;
}

static struct err *run(struct queue *q, enum script which, const struct redis_args *args,
		       redisReply **ret)
{
	pthread_mutex_lock(&q->lock);
	struct err *e = redis_eval(q->commands, &q->scripts[which], 1, args, ret);
	pthread_mutex_unlock(&q->lock);
	return e;
}

/* Runs a script that answers with a number. */
static struct err *run_number(struct queue *q, enum script which, const struct redis_args *args,
			      int64_t *ret)
{
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(run(q, which, args, &reply));
	*ret = reply->integer;
	return NULL;
}

/* Runs a script that answers with 0 or one of BullMQ's codes for a refusal. */
static struct err *run_result(struct queue *q, enum script which, const struct redis_args *args,
			      enum queue_result *ret)
{
	static const enum queue_result results[] = {
		[0] = QUEUE_DONE,
		[1] = QUEUE_LOST,
		[2] = QUEUE_LOST,
		[3] = QUEUE_LOST,
		[6] = QUEUE_LOST,
		[4] = QUEUE_CHILDREN_PENDING,
		[9] = QUEUE_CHILDREN_FAILED,
		[8] = QUEUE_REFUSED,
	};
	int64_t code = 0;
	TRY(run_number(q, which, args, &code));
	*ret = results[-code];
	return NULL;
}

static struct err *check_json(const char *what, const char *text)
{
	cleanup(cleanup_json) struct json_object *value = NULL;
	return err_wrap(js_parse(text, strlen(text), &value), "%s", what);
}

/* BullMQ takes numbers for ids of its own making. */
static bool is_integer(const char *id)
{
	const char *digits = id + (*id == '-');
	size_t len = strspn(digits, "0123456789");
	return len > 0 && !digits[len] && (*digits != '0' || len == 1);
}

/* The key of a job is its id behind the queue's prefix, like that of everything else. */
static bool is_reserved(const char *id)
{
	static const char *const names[] = {
		"id",        "meta",    "wait",     "paused", "active",  "prioritized",
		"pc",        "delayed", "failed",   "marker", "stalled", "waiting-children",
		"completed", "limiter", "events",   "repeat", "de",      "stalled-check",
		"dn",        "metrics", "priority", "delay",  "added",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(id, names[i]) == 0)
			return true;
	return false;
}

static struct err *check_spec(const struct queue_spec *spec)
{
	const char *id = spec->id;
	if (!*id || strchr(id, ':') || is_integer(id) || is_reserved(id) ||
	    !utf8_is_valid(id, strlen(id)))
		return err_new(ERR_INVALID, "A job cannot have the id \"%s\"", id);
	if (!utf8_is_valid(spec->name, strlen(spec->name)))
		return err_new(ERR_INVALID, "The name of job %s is not valid UTF-8", id);
	if (spec->priority < 0 || spec->priority > QUEUE_MAX_PRIORITY || spec->delay_ms < 0)
		return err_new(ERR_INVALID, "The priority or delay of job %s is out of range", id);
	return check_json("the data of a job", spec->data);
}

static char *opts_text(const struct queue_spec *spec)
{
	cleanup(cleanup_json) struct json_object *opts = policy_json(&spec->policy);
	js_set_string(opts, "jobId", spec->id);
	if (spec->delay_ms > 0)
		js_set_int(opts, "delay", spec->delay_ms);
	if (spec->priority > 0)
		js_set_int(opts, "priority", spec->priority);
	return js_text(opts);
}

/* Where a job enters the list of those that are ready. */
static const char *side(const struct policy *policy)
{
	return policy->lifo ? "RPUSH" : "LPUSH";
}

struct err *queue_add(struct queue *q, const struct queue_spec *spec, bool *ret_added)
{
	TRY(check_spec(spec));
	cleanup(cleanup_free) char *opts = opts_text(spec);
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	redis_arg(&args, spec->id);
	redis_arg(&args, spec->name);
	redis_arg(&args, spec->data);
	redis_arg(&args, opts);
	redis_arg_int(&args, spec->delay_ms);
	redis_arg_int(&args, spec->priority);
	redis_arg(&args, side(&spec->policy));
	int64_t added = 0;
	TRY(run_number(q, SCRIPT_ADD, &args, &added));
	*ret_added = added;
	return NULL;
}

/* The job is run all the same; what is missing is the scheduler's next one. */
static void warn_about(struct queue *q, const struct queue_job *job)
{
	const char *scheduler = queue_job_field(job, "rjk");
	if (scheduler && !atomic_flag_test_and_set(&q->warned))
		log_warn("job %s was made by the scheduler %s, which only a BullMQ worker re-arms: "
			 "it will make no further jobs",
			 job->id, scheduler);
	if (job->policy.unknown_backoff)
		log_warn("job %s asks for a backoff that only its producer knows; its delay is "
			 "taken as fixed",
			 job->id);
}

struct err *queue_fetch(struct queue *q, const char *token, int64_t lock_ms,
			struct queue_fetched *ret)
{
	static const struct {
		const char *tag;
		enum queue_state state;
		bool is_relative;
	} states[] = {
		{ "none", QUEUE_EMPTY, false },
		{ "until", QUEUE_DELAYED, false },
		{ "limited", QUEUE_LIMITED, true },
	};
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	redis_arg(&args, token);
	redis_arg_int(&args, lock_ms);
	redis_arg(&args, q->worker);
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(run(q, SCRIPT_FETCH, &args, &reply));

	const char *tag = reply->element[0]->str;
	size_t i = 0;
	while (i < 3 && strcmp(tag, states[i].tag) != 0)
		i++;
	if (i == 3) {
		struct queue_job *job = queue_job_new(take(reply), token);
		warn_about(q, job);
		*ret = (struct queue_fetched){ .state = QUEUE_JOB, .job = job };
		return NULL;
	}
	*ret = (struct queue_fetched){ .state = states[i].state };
	if (reply->elements > 1)
		ret->at_ms = strtoll(reply->element[1]->str, NULL, 10) +
			     (states[i].is_relative ? clock_ms() : 0);
	return NULL;
}

/* Waits for news at most so long; *ret_at is when they say a job is due, -1 where none came. */
static struct err *wait_for_marker(struct queue *q, int64_t ms, int64_t *ret_at)
{
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	char seconds[32];
	snprintf(seconds, sizeof(seconds), "%.3f", (double)ms / 1000);
	redis_arg(&args, "BZPOPMIN");
	redis_arg(&args, q->marker_key);
	redis_arg(&args, seconds);
	args.block_ms = ms;
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(redis_command(q->waiting, &args, &reply));
	bool has_news = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3;
	*ret_at = has_news ? (int64_t)strtod(reply->element[2]->str, NULL) : -1;
	return NULL;
}

struct err *queue_wait(struct queue *q, int64_t until_ms)
{
	for (;;) {
		int64_t left = until_ms ? until_ms - clock_ms() : IDLE_WAIT_MS;
		if (left < 1)
			return NULL;
		left = left < MIN_WAIT_MS ? MIN_WAIT_MS : left > MAX_WAIT_MS ? MAX_WAIT_MS : left;
		int64_t at = 0;
		TRY(wait_for_marker(q, left, &at));
		if (at <= 0)
			return NULL; /* a job is ready, or it is time to look without news */
		if (!until_ms || at < until_ms)
			until_ms = at;
	}
}

void queue_interrupt(struct queue *q)
{
	redis_interrupt(q->waiting);
}

struct err *queue_extend(struct queue *q, const struct queue_job *const *jobs, size_t count,
			 int64_t lock_ms, bool *ret_lost)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	redis_arg_int(&args, lock_ms);
	for (size_t i = 0; i < count; i++) {
		redis_arg(&args, jobs[i]->id);
		redis_arg(&args, jobs[i]->token);
	}
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(run(q, SCRIPT_EXTEND, &args, &reply));
	for (size_t i = 0; i < count; i++)
		ret_lost[i] = reply->element[i]->integer == 0;
	return NULL;
}

/* The arguments of a script that ends a job's try. */
static struct redis_args begin_end(const struct queue *q, const struct queue_job *job)
{
	struct redis_args args = begin(q);
	redis_arg(&args, job->id);
	redis_arg(&args, job->token);
	return args;
}

static struct err *finish(struct queue *q, const struct queue_job *job,
			  const struct policy_keep *keep, struct redis_args *args,
			  enum queue_result *ret)
{
	redis_arg_int(args, keep->count);
	redis_arg_int(args, keep->seconds);
	redis_arg_int(args, keep->limit);
	redis_arg_int(args, job->policy.attempts);
	return run_result(q, SCRIPT_FINISH, args, ret);
}

struct err *queue_complete(struct queue *q, const struct queue_job *job, const char *value,
			   enum queue_result *ret)
{
	TRY(check_json("the result of a job", value));
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	redis_arg(&args, "completed");
	redis_arg(&args, value);
	redis_arg(&args, "");
	return finish(q, job, &job->policy.keep_completed, &args, ret);
}

static void add_failure(struct redis_args *args, const struct queue_job *job,
			const struct queue_failure *failure)
{
	cleanup(cleanup_free) char *reason = policy_utf8(failure->reason);
	cleanup(cleanup_free) char *stacks = policy_stacks(queue_job_field(job, "stacktrace"),
							   failure->stack, job->policy.stack_limit);
	redis_arg(args, reason);
	redis_arg(args, stacks);
}

struct err *queue_fail(struct queue *q, const struct queue_job *job,
		       const struct queue_failure *failure, enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	redis_arg(&args, "failed");
	add_failure(&args, job, failure);
	return finish(q, job, &job->policy.keep_failed, &args, ret);
}

struct err *queue_retry(struct queue *q, const struct queue_job *job,
			const struct queue_failure *failure, int64_t delay_ms,
			enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	if (delay_ms > 0)
		redis_arg_int(&args, delay_ms);
	else
		redis_arg(&args, side(&job->policy));
	add_failure(&args, job, failure);
	return run_result(q, delay_ms > 0 ? SCRIPT_RETRY_LATER : SCRIPT_RETRY_NOW, &args, ret);
}

struct err *queue_give_back(struct queue *q, const struct queue_job *job, enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	return run_result(q, SCRIPT_GIVE_BACK, &args, ret);
}

struct err *queue_recover(struct queue *q, int max_stalled, int64_t interval_ms, int *ret_recovered)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	redis_arg_int(&args, max_stalled);
	redis_arg_int(&args, interval_ms);
	int64_t recovered = 0;
	TRY(run_number(q, SCRIPT_RECOVER, &args, &recovered));
	*ret_recovered = (int)recovered;
	return NULL;
}

struct err *queue_progress(struct queue *q, const char *id, const char *json,
			   enum queue_result *ret)
{
	TRY(check_json("the progress of a job", json));
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	redis_arg(&args, id);
	redis_arg(&args, json);
	return run_result(q, SCRIPT_PROGRESS, &args, ret);
}

struct err *queue_log(struct queue *q, const char *id, const char *row, int64_t keep,
		      enum queue_result *ret)
{
	cleanup(cleanup_free) char *text = policy_utf8(row);
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	redis_arg(&args, id);
	redis_arg(&args, text);
	redis_arg_int(&args, keep);
	return run_result(q, SCRIPT_LOG, &args, ret);
}

struct err *queue_remove(struct queue *q, const char *id, enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	redis_arg(&args, id);
	return run_result(q, SCRIPT_REMOVE, &args, ret);
}

static struct err *run_plain(struct queue *q, enum script which)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	int64_t ignored = 0;
	return run_number(q, which, &args, &ignored);
}

struct err *queue_pause(struct queue *q)
{
	return run_plain(q, SCRIPT_PAUSE);
}

struct err *queue_resume(struct queue *q)
{
	return run_plain(q, SCRIPT_RESUME);
}

struct err *queue_count(struct queue *q, struct queue_counts *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin(q);
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(run(q, SCRIPT_COUNTS, &args, &reply));
	int64_t n[9];
	for (size_t i = 0; i < 9; i++)
		n[i] = reply->element[i]->integer;
	*ret = (struct queue_counts){
		.waiting = n[0] + n[1],
		.active = n[2],
		.prioritized = n[3],
		.delayed = n[4],
		.waiting_children = n[5],
		.completed = n[6],
		.failed = n[7],
		.is_paused = n[8],
	};
	return NULL;
}
