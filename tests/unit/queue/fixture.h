/* A server, a queue called mail on it, and short ways to use and to look into it. */
#pragma once
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/io/redis.h"
#include "jobs/queue/queue.h"
#include "tests/unit/redis_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { LOCK_MS = 30000 };

static struct redis_server server;
static struct redis *redis; /* looks at what the queue wrote */
static struct queue *queue;

static inline struct queue *open_queue(enum queue_layout layout)
{
	struct queue *q = NULL;
	assert_null(queue_new(
		&(struct queue_options){
			.url = server.url, .name = "mail", .worker = "w1", .layout = layout },
		&q));
	return q;
}

static inline redisReply *ask(const char *command)
{
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	cleanup(cleanup_free) char *copy = mem_strdup(command);
	for (char *rest = copy, *word; (word = strsep(&rest, " "));)
		redis_arg(&args, word);
	redisReply *reply = NULL;
	assert_null(redis_command(redis, &args, &reply));
	return reply;
}

static inline int64_t ask_number(const char *command)
{
	cleanup(cleanup_reply) redisReply *reply = ask(command);
	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	return reply->integer;
}

/* The reply's strings with a blank between them; "" for nil. */
static inline char *ask_text(const char *command)
{
	cleanup(cleanup_reply) redisReply *reply = ask(command);
	struct buf text = BUF(1 << 20);
	if (reply->str)
		buf_adds(&text, reply->str);
	for (size_t i = 0; i < reply->elements; i++) {
		const char *word = reply->element[i]->str;
		buf_addf(&text, "%s%s", i ? " " : "", word ? word : "");
	}
	return buf_take(&text);
}

static inline void assert_answer(const char *command, const char *want)
{
	cleanup(cleanup_free) char *text = ask_text(command);
	assert_string_equal(text, want);
}

/* Compares the names of all events so far. */
static inline void assert_events(const char *want)
{
	cleanup(cleanup_reply) redisReply *reply = ask("XRANGE bull:mail:events - +");
	struct buf text = BUF(1 << 20);
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *fields = reply->element[i]->element[1];
		buf_addf(&text, "%s%s", i ? " " : "", fields->element[1]->str);
	}
	cleanup(cleanup_free) char *events = buf_take(&text);
	assert_string_equal(events, want);
}

static inline bool add_spec(struct queue_spec spec)
{
	bool added = false;
	if (!spec.name)
		spec.name = "run";
	if (!spec.data)
		spec.data = "{}";
	assert_null(queue_add(queue, &spec, &added));
	return added;
}

static inline bool add(const char *id)
{
	return add_spec((struct queue_spec){ .id = id, .policy = POLICY_RUN });
}

static inline struct queue_fetched fetch_as(const char *token)
{
	struct queue_fetched f = { 0 };
	assert_null(queue_fetch(queue, token, LOCK_MS, &f));
	return f;
}

static inline struct queue_job *fetch(void)
{
	struct queue_fetched f = fetch_as("token");
	assert_int_equal(f.state, QUEUE_JOB);
	return f.job;
}

/* Fetches a job, checks which it is, and completes it. */
/* Ends a job with the JSON `text` as its result. */
static inline struct err *complete_with(const struct queue_job *job, const char *text,
					struct queue_fetched *next, enum queue_result *result)
{
	cleanup(cleanup_json) struct json_object *value = json_tokener_parse(text);
	return queue_complete(queue, job, value, next, result);
}

static inline void assert_next(const char *id)
{
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_string_equal(job->id, id);
	enum queue_result result = QUEUE_LOST;
	assert_null(complete_with(job, "null", NULL, &result));
	assert_int_equal(result, QUEUE_DONE);
}

static inline void assert_nothing_next(void)
{
	assert_int_equal(fetch_as("token").state, QUEUE_EMPTY);
}

static inline void assert_kind(struct err *e, enum err_kind kind)
{
	assert_non_null(e);
	assert_int_equal(err_kind(e), kind);
	err_free(e);
}

/* Ends a try with a failure: for good where retry_delay is -1. */
static inline void end_try(struct queue_job *job, int64_t retry_delay, enum queue_result want)
{
	static const struct queue_failure failure = { "no \xff luck", "Error: no luck\n    at x" };
	enum queue_result result = QUEUE_REFUSED;
	if (retry_delay < 0)
		assert_null(queue_fail(queue, job, &failure, NULL, &result));
	else
		assert_null(queue_retry(queue, job, &failure, retry_delay, &result));
	assert_int_equal(result, want);
}

static inline int start_server(void **state)
{
	(void)state;
	js_init();
	redis_server_start(&server, "");
	return redis_new(server.url, &redis) != NULL;
}

static inline int stop_server(void **state)
{
	(void)state;
	redis_free(redis);
	redis_server_stop(&server);
	return 0;
}

/* Every test starts on an empty server with a queue of its own. */
static inline int set_up(void **state)
{
	(void)state;
	redis_reply_free(ask("FLUSHALL"));
	queue = open_queue(QUEUE_LAYOUT_AUTO);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	queue_free(queue);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
