#include "jobs/io/redis_pipeline.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "tests/unit/redis_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

enum { THREADS = 100, ROUNDS = 50 }; /* more threads than fit into an exchange */

static struct redis_server server;
static struct redis_pipeline *pipeline;
static struct redis_script script;
static atomic_int wrong, failed;

static struct err *ask(const char *command, const char *key, const char *value, redisReply **ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, command);
	redis_arg(&args, key);
	if (value)
		redis_arg(&args, value);
	return redis_pipeline_command(pipeline, &args, ret);
}

/* One answer is this call's own, and no other's. */
static void echo_by_script(const char *text)
{
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	cleanup(cleanup_reply) redisReply *reply = NULL;
	redis_arg(&args, "sum");
	redis_arg(&args, text);
	cleanup(cleanup_err) struct err *e =
		redis_pipeline_eval(pipeline, &script, 1, &args, &reply);
	if (e)
		atomic_fetch_add(&failed, 1);
	else if (strcmp(reply->element[0]->str, text) != 0)
		atomic_fetch_add(&wrong, 1);
}

static void *work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		cleanup(cleanup_free) char *text = mem_printf("%d of %d", i, *(const int *)arg);
		cleanup(cleanup_reply) redisReply *reply = NULL;
		cleanup(cleanup_err) struct err *e = ask("SET", text, text, &reply);
		if (e)
			atomic_fetch_add(&failed, 1);
		echo_by_script(text);
	}
	return NULL;
}

static void run_threads(void (*meanwhile)(void))
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	atomic_store(&wrong, 0);
	atomic_store(&failed, 0);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
	}
	if (meanwhile)
		meanwhile();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void test_each_thread_gets_its_own_answers(void **state)
{
	(void)state;
	run_threads(NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(atomic_load(&failed), 0);
	cleanup(cleanup_reply) redisReply *sum = NULL;
	assert_null(ask("GET", "sum", NULL, &sum));
	assert_int_equal(strtol(sum->str, NULL, 10), THREADS * ROUNDS);
}

static void forget_and_break(void)
{
	cleanup(cleanup_redis) struct redis *control = NULL;
	assert_null(redis_new(server.url, &control));
	for (int i = 0; i < 20; i++) {
		cleanup(cleanup_reply) redisReply *flushed = NULL, *killed = NULL;
		assert_null(redis_commandf(control, &flushed, "SCRIPT FLUSH"));
		assert_null(redis_commandf(control, &killed, "CLIENT KILL TYPE normal SKIPME yes"));
	}
}

/* Whoever was in an exchange that broke is told so; nobody is left waiting, or answered wrongly. */
static void test_connections_that_break(void **state)
{
	(void)state;
	run_threads(forget_and_break);
	assert_int_equal(atomic_load(&wrong), 0);
	cleanup(cleanup_reply) redisReply *reply = NULL;
	assert_null(ask("GET", "0 of 0", NULL, &reply));
	assert_string_equal(reply->str, "0 of 0");
}

static int start(void **state)
{
	(void)state;
	struct redis *redis = NULL;
	redis_server_start(&server, "");
	assert_null(redis_new(server.url, &redis));
	pipeline = redis_pipeline_new(redis);
	script = redis_script_new(mem_strdup("redis.call('INCR', KEYS[1]) return {ARGV[1]}"));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	redis_pipeline_free(pipeline);
	redis_script_clear(&script);
	redis_server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_thread_gets_its_own_answers),
		cmocka_unit_test(test_connections_that_break),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
