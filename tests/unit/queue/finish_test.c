#include "tests/unit/queue/fixture.h"

static void test_retry_later_then_fail(void **state)
{
	(void)state;
	add("x");
	cleanup(cleanup_queue_job) struct queue_job *first = fetch();
	assert_int_equal(queue_job_retry_delay(first), 2000);
	end_try(first, 2000, QUEUE_DONE);
	assert_answer("HMGET bull:mail:x failedReason delay atm", "no \xef\xbf\xbd luck 2000 1");
	assert_int_equal(ask_number("ZCARD bull:mail:delayed"), 1);
	assert_int_equal(ask_number("EXISTS bull:mail:failed"), 0);

	ask_number("ZADD bull:mail:delayed XX CH 1 x");
	cleanup(cleanup_queue_job) struct queue_job *second = fetch();
	assert_int_equal(second->attempts_made, 1);
	assert_int_equal(second->attempts_started, 2);
	assert_int_equal(queue_job_retry_delay(second), -1);
	end_try(second, -1, QUEUE_DONE);
	assert_answer("HMGET bull:mail:x stacktrace atm",
		      "[\"Error: no luck\\n    at x\",\"Error: no luck\\n    at x\"] 2");
	assert_answer("ZRANGE bull:mail:failed 0 -1", "x");
	assert_events(
		"added waiting active delayed waiting active failed retries-exhausted drained");
}

static void test_retry_now_goes_to_the_back(void **state)
{
	(void)state;
	add("x");
	add("y");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	end_try(job, 0, QUEUE_DONE);
	assert_answer("HMGET bull:mail:x failedReason stacktrace",
		      "no \xef\xbf\xbd luck [\"Error: no luck\\n    at x\"]");
	assert_next("y");
	assert_next("x");
	assert_events("added waiting added waiting active waiting active completed active "
		      "completed drained");
}

static void test_last_attempt_is_exhausted(void **state)
{
	(void)state;
	add_spec((struct queue_spec){ .id = "x", .policy = POLICY_DEFAULT });
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_int_equal(queue_job_retry_delay(job), -1);
	end_try(job, -1, QUEUE_DONE);
	assert_events("added waiting active failed retries-exhausted drained");
}

static void test_retry_now_lets_due_jobs_in_first(void **state)
{
	(void)state;
	add("x");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	add_spec((struct queue_spec){ .id = "d", .policy = POLICY_RUN, .delay_ms = 60000 });
	ask_number("ZADD bull:mail:delayed XX CH 1 d");
	end_try(job, 0, QUEUE_DONE);
	assert_answer("LRANGE bull:mail:wait 0 -1", "x d");
}

static void test_give_back(void **state)
{
	(void)state;
	add_spec((struct queue_spec){ .id = "x", .policy = POLICY_RUN, .priority = 2 });
	add_spec((struct queue_spec){ .id = "y", .policy = POLICY_RUN, .priority = 2 });
	cleanup(cleanup_queue_job) struct queue_job *x = fetch();
	assert_int_equal(ask_number("DEL bull:mail:marker"), 1);
	enum queue_result result = QUEUE_LOST;
	assert_null(queue_give_back(queue, x, &result));
	assert_int_equal(result, QUEUE_DONE);
	assert_int_equal(ask_number("HEXISTS bull:mail:x atm"), 0);
	assert_answer("ZRANGE bull:mail:marker 0 -1", "0");
	assert_events("added waiting added waiting active waiting");
	assert_next("x");
	assert_next("y");

	add("a");
	add("b");
	cleanup(cleanup_queue_job) struct queue_job *a = fetch();
	assert_null(queue_give_back(queue, a, &result));
	assert_next("a");
}

static void test_stolen_lock(void **state)
{
	(void)state;
	add("x");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	const struct queue_job *held[] = { job };
	bool lost = true;
	assert_null(queue_extend(queue, held, 1, 99999, &lost));
	assert_false(lost);
	assert_in_range(ask_number("PTTL bull:mail:x:lock"), 60000, 99999);

	cleanup(cleanup_reply) redisReply *ok = ask("SET bull:mail:x:lock somebody");
	cleanup(cleanup_free) char *before = ask_text("HGETALL bull:mail:x");
	assert_null(queue_extend(queue, held, 1, LOCK_MS, &lost));
	assert_true(lost);
	enum queue_result result = QUEUE_DONE;
	assert_null(complete_with(job, "1", NULL, &result));
	assert_int_equal(result, QUEUE_LOST);
	end_try(job, -1, QUEUE_LOST);
	end_try(job, 0, QUEUE_LOST);
	end_try(job, 5, QUEUE_LOST);
	assert_answer("HGETALL bull:mail:x", before);
	assert_answer("LRANGE bull:mail:active 0 -1", "x");
	assert_events("added waiting active");
}

/* As if a worker had died and both checks had come after its lock ran out. */
static int stall(void)
{
	int recovered = 0;
	for (int i = 0; i < 2; i++) {
		cleanup(cleanup_reply) redisReply *gone =
			ask("DEL bull:mail:x:lock bull:mail:stalled-check");
		assert_null(queue_recover(queue, 1, 60000, &recovered));
	}
	return recovered;
}

static void test_stalled_job(void **state)
{
	(void)state;
	add("x");
	cleanup(cleanup_queue_job) struct queue_job *first = fetch();
	assert_int_equal(ask_number("DEL bull:mail:marker"), 1);
	assert_int_equal(stall(), 1);
	assert_answer("ZRANGE bull:mail:marker 0 -1", "0");
	int again = 1;
	assert_null(queue_recover(queue, 1, 60000, &again)); /* the interval has not passed */
	assert_int_equal(again, 0);
	cleanup(cleanup_queue_job) struct queue_job *second = fetch();
	assert_int_equal(second->stalled_count, 1);
	assert_null(second->deferred_failure);
	assert_int_equal(stall(), 1);
	cleanup(cleanup_queue_job) struct queue_job *third = fetch();
	assert_string_equal(third->deferred_failure, "job stalled more than allowable limit");
	assert_int_equal(queue_job_retry_delay(third), -1);
	end_try(third, -1, QUEUE_DONE);
	assert_int_equal(ask_number("HEXISTS bull:mail:x defa"), 0);
	assert_events("added waiting active waiting stalled active waiting stalled active failed "
		      "drained");
}

static void test_renewed_job_does_not_stall(void **state)
{
	(void)state;
	add("x");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	int recovered = 1;
	assert_null(queue_recover(queue, 1, 60000, &recovered));
	assert_answer("SMEMBERS bull:mail:stalled", "x");
	const struct queue_job *held[] = { job };
	bool lost = true;
	assert_null(queue_extend(queue, held, 1, LOCK_MS, &lost));
	assert_int_equal(ask_number("SCARD bull:mail:stalled"), 0);
	assert_int_equal(ask_number("DEL bull:mail:stalled-check"), 1);
	assert_null(queue_recover(queue, 1, 60000, &recovered));
	assert_int_equal(recovered, 0);
	enum queue_result result = QUEUE_LOST;
	assert_null(complete_with(job, "null", NULL, &result));
	assert_int_equal(ask_number("SCARD bull:mail:stalled"), 0);
}

static void test_finished_jobs_are_trimmed(void **state)
{
	(void)state;
	struct policy p = POLICY_DEFAULT;
	p.keep_completed = POLICY_KEEP(2);
	static const char *const ids[] = { "a", "b", "c", "d" };
	for (size_t i = 0; i < 4; i++) {
		add_spec((struct queue_spec){ .id = ids[i], .policy = p });
		assert_next(ids[i]);
	}
	assert_answer("ZRANGE bull:mail:completed 0 -1", "c d");
	assert_int_equal(ask_number("EXISTS bull:mail:a bull:mail:b"), 0);

	p.keep_completed = (struct policy_keep){ .count = -1, .seconds = 60, .limit = 1000 };
	ask_number("ZADD bull:mail:completed XX CH 5 c");
	add_spec((struct queue_spec){ .id = "e", .policy = p });
	assert_next("e");
	assert_answer("ZRANGE bull:mail:completed 0 -1", "d e");

	p.keep_completed = POLICY_KEEP(0);
	add_spec((struct queue_spec){ .id = "f", .policy = p });
	assert_next("f");
	assert_int_equal(ask_number("EXISTS bull:mail:f"), 0);
}

static void test_deduplication_key_is_released(void **state)
{
	(void)state;
	add("x");
	add("y");
	ask_number("HSET bull:mail:x deid one");
	ask_number("HSET bull:mail:y deid two");
	cleanup(cleanup_reply) redisReply *ok = ask("MSET bull:mail:de:one x bull:mail:de:two y");
	ask_number("PEXPIRE bull:mail:de:two 60000");
	assert_next("x");
	assert_next("y");
	assert_int_equal(ask_number("EXISTS bull:mail:de:one"), 0);
	assert_int_equal(ask_number("EXISTS bull:mail:de:two"), 1);
}

/* A parent in another queue that waits for one child, "x" of ours. */
static void add_parent(const char *flags)
{
	cleanup(cleanup_reply) redisReply *flushed = ask("FLUSHALL");
	add("x");
	ask_number("HSET bull:up:p name p data {} opts {} timestamp 1 delay 0 priority 0");
	ask_number("ZADD bull:up:waiting-children 1 p");
	ask_number("SADD bull:up:p:dependencies bull:mail:x");
	cleanup(cleanup_free) char *parent =
		mem_printf("{\"id\":\"p\",\"queueKey\":\"bull:up\"%s}", flags);
	cleanup(cleanup_reply) redisReply *ok = NULL;
	assert_null(redis_commandf(redis, &ok, "HSET bull:mail:x parentKey %s parent %s",
				   "bull:up:p", parent));
}

static void test_parent_of_a_completed_job(void **state)
{
	(void)state;
	add_parent("");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	enum queue_result result = QUEUE_LOST;
	assert_null(complete_with(job, "7", NULL, &result));
	assert_answer("LRANGE bull:up:wait 0 -1", "p");
	assert_answer("HGETALL bull:up:p:processed", "bull:mail:x 7");
	assert_answer("ZRANGE bull:up:marker 0 -1", "0");
	assert_int_equal(ask_number("EXISTS bull:up:waiting-children bull:up:p:dependencies"), 0);
	cleanup(cleanup_reply) redisReply *events = ask("XRANGE bull:up:events - +");
	assert_int_equal(events->elements, 1);
	assert_string_equal(events->element[0]->element[1]->element[5]->str, "waiting-children");
}

static void test_delayed_parent(void **state)
{
	(void)state;
	add_parent("");
	ask_number("HSET bull:up:p delay 60000");
	assert_next("x");
	assert_answer("ZRANGE bull:up:delayed 0 -1", "p");
	assert_answer("ZRANGE bull:up:marker 0 -1", "1");

	add_parent(",\"fpof\":true");
	ask_number("ZREM bull:up:waiting-children p");
	ask_number("ZADD bull:up:delayed 1 p");
	ask_number("HSET bull:up:p delay 60000");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	end_try(job, -1, QUEUE_DONE);
	assert_answer("LRANGE bull:up:wait 0 -1", "p");
	assert_answer("ZRANGE bull:up:p:unsuccessful 0 -1", "bull:mail:x");
	assert_int_equal(ask_number("EXISTS bull:up:delayed"), 0);
}

static void test_parent_of_a_failed_job(void **state)
{
	(void)state;
	static const struct {
		const char *flags, *wait, *deferred, *failed;
	} cases[] = {
		{ "", "", "", "" },
		{ ",\"fpof\":true", "p", "child bull:mail:x failed", "" },
		{ ",\"cpof\":true", "p", "", "bull:mail:x no \xef\xbf\xbd luck" },
		{ ",\"idof\":true", "p", "", "bull:mail:x no \xef\xbf\xbd luck" },
		{ ",\"rdof\":true", "p", "", "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add_parent(cases[i].flags);
		cleanup(cleanup_queue_job) struct queue_job *job = fetch();
		end_try(job, -1, QUEUE_DONE);
		assert_answer("LRANGE bull:up:wait 0 -1", cases[i].wait);
		assert_answer("HGET bull:up:p defa", cases[i].deferred);
		assert_answer("HGETALL bull:up:p:failed", cases[i].failed);
	}
}

static void test_job_with_children_does_not_complete(void **state)
{
	(void)state;
	add("x");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	enum queue_result result = QUEUE_LOST;
	ask_number("SADD bull:mail:x:dependencies bull:mail:child");
	assert_null(complete_with(job, "1", NULL, &result));
	assert_int_equal(result, QUEUE_CHILDREN_PENDING);
	ask_number("DEL bull:mail:x:dependencies");
	ask_number("ZADD bull:mail:x:unsuccessful 1 bull:mail:child");
	assert_null(complete_with(job, "1", NULL, &result));
	assert_int_equal(result, QUEUE_CHILDREN_FAILED);
	assert_answer("GET bull:mail:x:lock", "token");
}

static void test_progress_and_log(void **state)
{
	(void)state;
	add("x");
	enum queue_result result = QUEUE_LOST;
	assert_null(queue_progress(queue, "x", "{\"percent\":50}", &result));
	assert_int_equal(result, QUEUE_DONE);
	assert_answer("HGET bull:mail:x progress", "{\"percent\":50}");
	assert_kind(queue_progress(queue, "x", "half", &result), ERR_INVALID);
	assert_null(queue_progress(queue, "gone", "1", &result));
	assert_int_equal(result, QUEUE_LOST);
	static const char *const rows[] = { "one", "two", "thr\xff" };
	for (size_t i = 0; i < 3; i++)
		assert_null(queue_log(queue, "x", rows[i], 2, &result));
	assert_int_equal(result, QUEUE_DONE);
	assert_answer("LRANGE bull:mail:x:logs 0 -1", "two thr\xef\xbf\xbd");
	assert_null(queue_log(queue, "gone", "row", 0, &result));
	assert_int_equal(result, QUEUE_LOST);
	assert_int_equal(ask_number("EXISTS bull:mail:gone bull:mail:gone:logs"), 0);
	assert_events("added waiting progress");
}

static void test_remove(void **state)
{
	(void)state;
	add("x");
	add_spec((struct queue_spec){ .id = "d", .policy = POLICY_RUN, .delay_ms = 60000 });
	enum queue_result result = QUEUE_LOST;
	assert_null(queue_log(queue, "x", "row", 0, &result));
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_null(queue_remove(queue, "x", &result));
	assert_int_equal(result, QUEUE_REFUSED);
	end_try(job, -1, QUEUE_DONE);
	assert_null(queue_remove(queue, "x", &result));
	assert_int_equal(result, QUEUE_DONE);
	assert_null(queue_remove(queue, "x", &result));
	assert_int_equal(result, QUEUE_LOST);
	assert_null(queue_remove(queue, "d", &result));
	assert_int_equal(ask_number("EXISTS bull:mail:x bull:mail:x:logs bull:mail:failed "
				    "bull:mail:d bull:mail:delayed"),
			 0);
	cleanup(cleanup_reply) redisReply *gone = ask("DEL bull:mail:events");
	assert_true(add("x"));
	cleanup(cleanup_reply) redisReply *ok = ask("MSET bull:mail:de:one x bull:mail:dn:one 1");
	ask_number("HSET bull:mail:x deid one");
	assert_null(queue_remove(queue, "x", &result));
	assert_int_equal(ask_number("EXISTS bull:mail:de:one bull:mail:dn:one"), 0);
	assert_events("added waiting removed");

	ask_number("HSET bull:mail:repeat:hourly:7 rjk hourly");
	ask_number("ZADD bull:mail:repeat 7 hourly");
	assert_null(queue_remove(queue, "repeat:hourly:7", &result));
	assert_int_equal(result, QUEUE_REFUSED);
	ask_number("ZADD bull:mail:repeat 8 hourly");
	assert_null(queue_remove(queue, "repeat:hourly:7", &result));
	assert_int_equal(result, QUEUE_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_retry_later_then_fail),
		TEST(test_retry_now_goes_to_the_back),
		TEST(test_last_attempt_is_exhausted),
		TEST(test_retry_now_lets_due_jobs_in_first),
		TEST(test_give_back),
		TEST(test_stolen_lock),
		TEST(test_stalled_job),
		TEST(test_renewed_job_does_not_stall),
		TEST(test_finished_jobs_are_trimmed),
		TEST(test_deduplication_key_is_released),
		TEST(test_parent_of_a_completed_job),
		TEST(test_delayed_parent),
		TEST(test_parent_of_a_failed_job),
		TEST(test_job_with_children_does_not_complete),
		TEST(test_progress_and_log),
		TEST(test_remove),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
