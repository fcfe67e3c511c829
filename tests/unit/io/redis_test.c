#include "jobs/io/redis.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/mem.h"
#include "tests/unit/redis_server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct redis_server server;

static void assert_kind(struct err *e, enum err_kind kind)
{
	assert_non_null(e);
	assert_int_equal(err_kind(e), kind);
	err_free(e);
}

static struct redis *connect_to(const char *url)
{
	struct redis *r = NULL;
	assert_null(redis_new(url, &r));
	return r;
}

static char *text_of(struct redis *r, const char *key)
{
	cleanup(cleanup_reply) redisReply *reply = NULL;
	assert_null(redis_commandf(r, &reply, "GET %s", key));
	return mem_strdup(reply->str);
}

static int64_t number_of(struct redis *r, const char *command, const char *key)
{
	cleanup(cleanup_reply) redisReply *reply = NULL;
	assert_null(redis_commandf(r, &reply, "%s %s", command, key));
	return reply->integer;
}

static void test_urls(void **state)
{
	(void)state;
	static const char *const good[] = {
		"redis://localhost",
		"redis://localhost/",
		"redis://:secret@localhost:6380/15",
		"redis://me:p%40ss@[::1]:6379/1",
		"unix:///run/redis.sock",
		"unix://:secret@/run/a%20b.sock?db=3",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		redis_free(connect_to(good[i]));
	static const char *const bad[] = {
		"",
		"localhost",
		"http://localhost",
		"redis:///1",
		"redis://localhost:0",
		"redis://localhost:99999",
		"redis://localhost/one",
		"redis://localhost/99999999999",
		"unix://",
		"unix:///",
		"unix://run/redis.sock",
		"unix:///run/redis.sock?db=",
		"unix:///run/redis.sock?x=1",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct redis *r = NULL;
		assert_kind(redis_new(bad[i], &r), ERR_INVALID);
		assert_null(r);
	}
}

static void test_tls_is_refused_by_name(void **state)
{
	(void)state;
	struct redis *r = NULL;
	cleanup(cleanup_err) struct err *e = redis_new("rediss://:geheim99@localhost", &r);
	assert_non_null(e);
	assert_non_null(strstr(err_message(e), "rediss://"));
	assert_null(strstr(err_message(e), "geheim99"));
}

static void test_binary_words_survive(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to(server.url);
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "SET");
	redis_arg(&args, "binary");
	redis_arg_bytes(&args, "a\0b\r\n", 5);
	cleanup(cleanup_reply) redisReply *set = NULL;
	assert_null(redis_command(r, &args, &set));
	assert_string_equal(set->str, "OK");

	cleanup(cleanup_reply) redisReply *got = NULL;
	assert_null(redis_commandf(r, &got, "GET %s", "binary"));
	assert_int_equal(got->len, 5);
	assert_memory_equal(got->str, "a\0b\r\n", 5);
}

static void test_error_replies(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to(server.url);
	redisReply *reply = NULL;
	assert_kind(redis_commandf(r, &reply, "NOSUCHCOMMAND"), ERR_INTERNAL);
	assert_null(reply);
	assert_kind(redis_commandf(r, &reply, "EVAL %s 0",
				   "return redis.error_reply('LOADING the data set')"),
		    ERR_UNAVAILABLE);
	assert_null(reply);
	cleanup(cleanup_redis_args) struct redis_args huge = REDIS_ARGS;
	cleanup(cleanup_free) char *zeroes = mem_alloc(REDIS_MAX_COMMAND);
	redis_arg_bytes(&huge, zeroes, REDIS_MAX_COMMAND);
	assert_kind(redis_command(r, &huge, &reply), ERR_TOO_LARGE);
}

/* A server of its own, that wants a password. */
static void test_login_database_and_name_come_back(void **state)
{
	(void)state;
	struct redis_server locked;
	redis_server_start(&locked, "p@ss word");
	cleanup(cleanup_free) char *url =
		mem_printf("unix://default:p%%40ss%%20word@%s?db=5", locked.socket);
	cleanup(cleanup_redis) struct redis *r = connect_to(url);
	cleanup(cleanup_redis) struct redis *control = connect_to(url);
	redis_set_name(r, "bull:bWFpbA==");

	for (int round = 0; round < 2; round++) {
		cleanup(cleanup_reply) redisReply *info = NULL;
		assert_null(redis_commandf(r, &info, "CLIENT INFO"));
		assert_non_null(strstr(info->str, " name=bull:bWFpbA== "));
		assert_non_null(strstr(info->str, " db=5 "));
		cleanup(cleanup_reply) redisReply *ok = NULL;
		assert_null(redis_commandf(control, &ok, "CLIENT KILL TYPE normal"));
		assert_int_equal(ok->integer, 1);
	}
	redis_server_stop(&locked);
}

static void test_wrong_password_is_not_repeated(void **state)
{
	(void)state;
	struct redis_server locked;
	redis_server_start(&locked, "right");
	cleanup(cleanup_free) char *url = mem_printf("unix://:geheim99@%s", locked.socket);
	cleanup(cleanup_redis) struct redis *r = connect_to(url);
	redisReply *reply = NULL;
	cleanup(cleanup_err) struct err *e = redis_commandf(r, &reply, "PING");
	redis_server_stop(&locked);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_UNAVAILABLE);
	assert_non_null(strstr(err_message(e), "WRONGPASS"));
	assert_null(strstr(err_message(e), "geheim99"));
}

static void test_restarted_server_is_found_again(void **state)
{
	(void)state;
	struct redis_server own;
	redis_server_start(&own, "");
	cleanup(cleanup_redis) struct redis *r = connect_to(own.url);
	assert_int_equal(number_of(r, "INCR", "n"), 1);
	redis_server_kill(&own);
	redisReply *reply = NULL;
	assert_kind(redis_commandf(r, &reply, "PING"), ERR_UNAVAILABLE);

	redis_server_run(&own, "");
	cleanup(cleanup_redis) struct redis *other = connect_to(own.url);
	assert_int_equal(number_of(other, "INCR", "n"), 1);
	redis_server_kill(&own);
	redis_server_run(&own, "");
	assert_int_equal(number_of(other, "INCR", "n"), 1); /* noticed before it was sent */
	redis_server_stop(&own);
}

static void test_no_new_attempt_right_after_a_failed_one(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to("unix:///nonexistent/redis.sock");
	redisReply *reply = NULL;
	cleanup(cleanup_err) struct err *first = redis_commandf(r, &reply, "PING");
	assert_non_null(strstr(err_message(first), "No such file"));
	cleanup(cleanup_err) struct err *second = redis_commandf(r, &reply, "PING");
	assert_non_null(strstr(err_message(second), "a moment ago"));
}

/* A listener that never answers. */
static void test_silent_server_times_out(void **state)
{
	(void)state;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);

	cleanup(cleanup_free) char *url =
		mem_printf("redis://127.0.0.1:%d", ntohs(address.sin_port));
	cleanup(cleanup_redis) struct redis *r = connect_to(url);
	redis_set_timeout(r, 50);
	redisReply *reply = NULL;
	cleanup(cleanup_err) struct err *e = redis_commandf(r, &reply, "PING");
	close(listener);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_UNAVAILABLE);
	assert_non_null(strstr(err_message(e), "no answer in time"));
}

static struct redis_args blpop(int seconds)
{
	struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "BLPOP");
	redis_arg(&args, "nothing here");
	redis_arg_int(&args, seconds);
	args.block_ms = seconds * (int64_t)1000;
	return args;
}

static void test_blocking_may_outlast_the_timeout(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to(server.url);
	redis_set_timeout(r, 200);
	cleanup(cleanup_redis_args) struct redis_args args = blpop(1);
	cleanup(cleanup_reply) redisReply *reply = NULL;
	assert_null(redis_command(r, &args, &reply));
	assert_int_equal(reply->type, REDIS_REPLY_NIL);
}

struct blocked {
	struct redis *r;
	struct err *error;
	redisReply *reply;
};

static void *block(void *arg)
{
	struct blocked *b = arg;
	cleanup(cleanup_redis_args) struct redis_args args = blpop(60);
	b->error = redis_command(b->r, &args, &b->reply);
	return NULL;
}

/* Returns once the server has a blocked client. */
static void await_blocked_client(struct redis *control)
{
	for (bool blocked = false; !blocked;) {
		cleanup(cleanup_reply) redisReply *info = NULL;
		assert_null(redis_commandf(control, &info, "INFO clients"));
		blocked = strstr(info->str, "blocked_clients:1") != NULL;
	}
}

static void test_interrupt_ends_a_blocking_command(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *control = connect_to(server.url);
	struct blocked b = { .r = connect_to(server.url) };
	pthread_t thread;
	pthread_create(&thread, NULL, block, &b);
	await_blocked_client(control);
	redis_interrupt(b.r);
	pthread_join(thread, NULL);
	assert_kind(b.error, ERR_CANCELLED);
	cleanup(cleanup_free) char *after = text_of(b.r, "unset");
	assert_null(after);
	redis_free(b.r);
}

static void test_interrupt_is_not_lost_between_commands(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to(server.url);
	redis_interrupt(r);
	redisReply *reply = NULL;
	assert_kind(redis_commandf(r, &reply, "PING"), ERR_CANCELLED);
	assert_int_equal(number_of(r, "EXISTS", "unset"), 0);
}

static void test_unblocked_is_like_a_timeout(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *control = connect_to(server.url);
	struct blocked b = { .r = connect_to(server.url) };
	cleanup(cleanup_reply) redisReply *id = NULL;
	assert_null(redis_commandf(b.r, &id, "CLIENT ID"));
	pthread_t thread;
	pthread_create(&thread, NULL, block, &b);
	await_blocked_client(control);
	cleanup(cleanup_reply) redisReply *ok = NULL;
	assert_null(redis_commandf(control, &ok, "CLIENT UNBLOCK %lld ERROR", id->integer));
	pthread_join(thread, NULL);
	assert_null(b.error);
	assert_int_equal(b.reply->type, REDIS_REPLY_NIL);
	redis_reply_free(b.reply);
	redis_free(b.r);
}

static void test_scripts(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to(server.url);
	struct redis_script script =
		redis_script_new(mem_strdup("return redis.call('INCRBY', KEYS[1], ARGV[1])"));
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "sum");
	redis_arg_int(&args, 21);
	for (int i = 1; i <= 3; i++) {
		struct redis_call call = { .script = &script, .keys = 1, .args = &args };
		redis_run(r, &(struct redis_call *){ &call }, 1);
		cleanup(cleanup_reply) redisReply *reply = call.reply;
		assert_null(call.error);
		assert_int_equal(reply->integer, 21 * i);
		cleanup(cleanup_reply) redisReply *known = NULL;
		assert_null(redis_commandf(r, &known, "SCRIPT EXISTS %s", script.sha1));
		assert_int_equal(known->element[0]->integer, 1);
		cleanup(cleanup_reply) redisReply *ok = NULL;
		if (i == 2)
			assert_null(redis_commandf(r, &ok, "SCRIPT FLUSH"));
	}
	redis_script_clear(&script);
}

static struct redis_args words(const char *const *list)
{
	struct redis_args args = REDIS_ARGS;
	for (; *list; list++)
		redis_arg(&args, *list);
	return args;
}

/* Each fares by itself: one that is refused, one that is too long, a script sent for the first
 * time. */
static void test_calls_in_one_exchange(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to(server.url);
	struct redis_script script =
		redis_script_new(mem_strdup("return {KEYS[1], ARGV[1], 'new'}"));
	struct redis_args args[] = {
		words((const char *[]){ "SET", "batch", "1", NULL }),
		words((const char *[]){ "NOSUCHCOMMAND", NULL }),
		words((const char *[]){ "key", "argument", NULL }),
		{ .wire = BUF(4) },
		words((const char *[]){ "GET", "batch", NULL }),
	};
	redis_arg(&args[3], "too much for it");
	enum { CALLS = sizeof(args) / sizeof(args[0]) };
	struct redis_call calls[CALLS], *list[CALLS];
	for (size_t i = 0; i < CALLS; i++) {
		calls[i] = (struct redis_call){ .args = &args[i] };
		list[i] = &calls[i];
	}
	calls[2].script = &script;
	calls[2].keys = 1;
	redis_run(r, list, CALLS);
	assert_string_equal(calls[0].reply->str, "OK");
	assert_kind(calls[1].error, ERR_INTERNAL);
	assert_string_equal(calls[2].reply->element[0]->str, "key");
	assert_string_equal(calls[2].reply->element[1]->str, "argument");
	assert_kind(calls[3].error, ERR_TOO_LARGE);
	assert_string_equal(calls[4].reply->str, "1");
	for (size_t i = 0; i < CALLS; i++) {
		redis_reply_free(calls[i].reply);
		redis_args_clear(&args[i]);
	}
	redis_script_clear(&script);
}

/* The replies that came stay; whoever has none knows that it may or may not have run. */
static void test_exchange_that_breaks(void **state)
{
	(void)state;
	cleanup(cleanup_redis) struct redis *r = connect_to(server.url);
	struct redis_args args[] = {
		words((const char *[]){ "SET", "broken", "before", NULL }),
		words((const char *[]){ "QUIT", NULL }),
		words((const char *[]){ "SET", "broken", "after", NULL }),
	};
	struct redis_call calls[3], *list[3];
	for (size_t i = 0; i < 3; i++) {
		calls[i] = (struct redis_call){ .args = &args[i] };
		list[i] = &calls[i];
	}
	redis_run(r, list, 3);
	assert_string_equal(calls[0].reply->str, "OK");
	assert_string_equal(calls[1].reply->str, "OK");
	assert_null(calls[2].reply);
	assert_kind(calls[2].error, ERR_UNAVAILABLE);
	for (size_t i = 0; i < 3; i++) {
		redis_reply_free(calls[i].reply);
		redis_args_clear(&args[i]);
	}
	cleanup(cleanup_free) char *kept = text_of(r, "broken");
	assert_string_equal(kept, "before");
}

static int start_server(void **state)
{
	(void)state;
	redis_server_start(&server, "");
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	redis_server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_tls_is_refused_by_name),
		cmocka_unit_test(test_binary_words_survive),
		cmocka_unit_test(test_error_replies),
		cmocka_unit_test(test_login_database_and_name_come_back),
		cmocka_unit_test(test_wrong_password_is_not_repeated),
		cmocka_unit_test(test_restarted_server_is_found_again),
		cmocka_unit_test(test_no_new_attempt_right_after_a_failed_one),
		cmocka_unit_test(test_silent_server_times_out),
		cmocka_unit_test(test_blocking_may_outlast_the_timeout),
		cmocka_unit_test(test_interrupt_ends_a_blocking_command),
		cmocka_unit_test(test_interrupt_is_not_lost_between_commands),
		cmocka_unit_test(test_unblocked_is_like_a_timeout),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_calls_in_one_exchange),
		cmocka_unit_test(test_exchange_that_breaks),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
