#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/queue/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	atomic_flag_clear(&q->warned);
	q->layout = options->layout;
	q->metrics_minutes = options->metrics_minutes;
	q->meta_key = mem_printf("%s:%s:meta", prefix, options->name);
	q->marker_key = mem_printf("%s:%s:marker", prefix, options->name);
	q->worker = mem_strdup(options->worker ? options->worker : "");
	for (int i = 0; i < SCRIPTS; i++)
		q->scripts[i] = script_new((enum script)i);
	struct redis *commands = NULL;
	TRY(redis_new(options->url, &commands));
	q->commands = redis_pipeline_new(commands);
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
	redis_pipeline_free(q->commands);
	redis_free(q->waiting);
	for (int i = 0; i < SCRIPTS; i++)
		redis_script_clear(&q->scripts[i]);
	free(q->meta_key);
	free(q->marker_key);
	free(q->worker);
	free(q);
}

struct redis_args queue_args(const struct queue *q)
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

struct err *queue_run(struct queue *q, enum script which, const struct redis_args *args,
		      redisReply **ret)
{
	FAULT_POINT("queue", script_name(which), "before");
	struct err *e = redis_pipeline_eval(q->commands, &q->scripts[which], 1, args, ret);
	FAULT_POINT("queue", script_name(which), "after");
	return e;
}

struct err *queue_run_number(struct queue *q, enum script which, const struct redis_args *args,
			     int64_t *ret)
{
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(queue_run(q, which, args, &reply));
	*ret = reply->integer;
	return NULL;
}

enum queue_result queue_result_of(int64_t code)
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
	return results[-code];
}

struct err *queue_run_result(struct queue *q, enum script which, const struct redis_args *args,
			     enum queue_result *ret)
{
	int64_t code = 0;
	TRY(queue_run_number(q, which, args, &code));
	*ret = queue_result_of(code);
	return NULL;
}

struct err *queue_check_json(const char *what, const char *text)
{
	cleanup(cleanup_json) struct json_object *value = NULL;
	return err_wrap(js_parse(text, strlen(text), &value), "%s", what);
}

const char *queue_side(const struct policy *policy)
{
	return policy->lifo ? "RPUSH" : "LPUSH";
}

struct err *queue_extend(struct queue *q, const struct queue_job *const *jobs, size_t count,
			 int64_t lock_ms, bool *ret_lost)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg_int(&args, lock_ms);
	for (size_t i = 0; i < count; i++) {
		redis_arg(&args, jobs[i]->id);
		redis_arg(&args, jobs[i]->token);
	}
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(queue_run(q, SCRIPT_EXTEND, &args, &reply));
	for (size_t i = 0; i < count; i++)
		ret_lost[i] = reply->element[i]->integer == 0;
	return NULL;
}

struct err *queue_recover(struct queue *q, int max_stalled, int64_t interval_ms, int *ret_recovered)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg_int(&args, max_stalled);
	redis_arg_int(&args, interval_ms);
	int64_t recovered = 0;
	TRY(queue_run_number(q, SCRIPT_RECOVER, &args, &recovered));
	*ret_recovered = (int)recovered;
	return NULL;
}

struct err *queue_progress(struct queue *q, const char *id, const char *json,
			   enum queue_result *ret)
{
	TRY(queue_check_json("the progress of a job", json));
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg(&args, id);
	redis_arg(&args, json);
	return queue_run_result(q, SCRIPT_PROGRESS, &args, ret);
}

struct err *queue_log(struct queue *q, const char *id, const char *row, int64_t keep,
		      enum queue_result *ret)
{
	cleanup(cleanup_free) char *text = policy_utf8(row);
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg(&args, id);
	redis_arg(&args, text);
	redis_arg_int(&args, keep);
	return queue_run_result(q, SCRIPT_LOG, &args, ret);
}

struct err *queue_remove(struct queue *q, const char *id, enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg(&args, id);
	return queue_run_result(q, SCRIPT_REMOVE, &args, ret);
}

static struct err *run_plain(struct queue *q, enum script which)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	int64_t ignored = 0;
	return queue_run_number(q, which, &args, &ignored);
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
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(queue_run(q, SCRIPT_COUNTS, &args, &reply));
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

struct err *queue_eviction_policy(struct queue *q, char ret[static QUEUE_POLICY_SIZE])
{
	static const char label[] = "maxmemory_policy:";
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "INFO");
	redis_arg(&args, "memory");
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(redis_pipeline_command(q->commands, &args, &reply));
	const char *line = reply->str ? strstr(reply->str, label) : NULL;
	const char *policy = line ? line + strlen(label) : "";
	snprintf(ret, QUEUE_POLICY_SIZE, "%.*s", (int)strcspn(policy, "\r\n"), policy);
	return NULL;
}
