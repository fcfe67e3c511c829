/* What a job's end brings about beside its own: the next job, held back ones, schedulers, counts.
 */
#include "tests/unit/queue/fixture.h"

static struct queue_fetched complete_for_next(struct queue_job *job)
{
	struct queue_fetched next = { 0 };
	enum queue_result result = QUEUE_LOST;
	assert_null(complete_with(job, "null", &next, &result));
	assert_int_equal(result, QUEUE_DONE);
	return next;
}

static void test_end_takes_the_next_job(void **state)
{
	(void)state;
	add("x");
	add("y");
	cleanup(cleanup_queue_job) struct queue_job *x = fetch();
	struct queue_fetched next = complete_for_next(x);
	cleanup(cleanup_queue_job) struct queue_job *y = next.job;
	assert_int_equal(next.state, QUEUE_JOB);
	assert_string_equal(y->id, "y");
	assert_string_equal(y->token, "token");
	assert_int_equal(y->lock_ms, LOCK_MS);
	assert_answer("GET bull:mail:y:lock", "token");
	assert_answer("LRANGE bull:mail:active 0 -1", "y");
	next = complete_for_next(y);
	assert_int_equal(next.state, QUEUE_EMPTY);
	assert_null(next.job);
	assert_events("added waiting added waiting active completed active completed drained");
}

static void test_end_tells_why_there_is_no_next(void **state)
{
	(void)state;
	add("x");
	add_spec((struct queue_spec){ .id = "d", .policy = POLICY_RUN, .delay_ms = 60000 });
	cleanup(cleanup_queue_job) struct queue_job *x = fetch();
	struct queue_fetched next = complete_for_next(x);
	assert_int_equal(next.state, QUEUE_DELAYED);
	assert_in_range(next.at_ms - clock_ms(), 50000, 60000);

	add("y");
	cleanup(cleanup_queue_job) struct queue_job *y = fetch();
	add("z");
	assert_null(queue_pause(queue));
	next = complete_for_next(y);
	assert_int_equal(next.state, QUEUE_EMPTY);

	static const struct queue_failure failure = { "no", "Error: no" };
	enum queue_result result = QUEUE_DONE;
	assert_null(queue_fail(queue, y, &failure, &next, &result));
	assert_int_equal(result, QUEUE_LOST);
	assert_int_equal(next.state, QUEUE_EMPTY);
}

static void test_a_failure_takes_the_next_job(void **state)
{
	(void)state;
	add("x");
	add("y");
	cleanup(cleanup_queue_job) struct queue_job *x = fetch();
	static const struct queue_failure failure = { "no", "Error: no" };
	struct queue_fetched next = { 0 };
	enum queue_result result = QUEUE_LOST;
	assert_null(queue_fail(queue, x, &failure, &next, &result));
	cleanup(cleanup_queue_job) struct queue_job *y = next.job;
	assert_string_equal(y->id, "y");
}

static void test_many_are_added_at_once(void **state)
{
	(void)state;
	enum { COUNT = 250 };
	char ids[COUNT][16];
	struct queue_spec specs[COUNT];
	bool added[COUNT];
	for (int i = 0; i < COUNT; i++) {
		snprintf(ids[i], sizeof(ids[i]), "j%d", i);
		specs[i] = (struct queue_spec){
			.id = ids[i], .name = "run", .data = "{}", .policy = POLICY_RUN
		};
	}
	add("j7");
	assert_null(queue_add_many(queue, specs, COUNT, added));
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(added[i], i != 7);
	assert_int_equal(ask_number("LLEN bull:mail:wait"), COUNT);
	assert_answer("GET bull:mail:id", "251");
	assert_next("j7");
	assert_next("j0");

	specs[COUNT - 1].data = "{half";
	specs[0].id = "new";
	assert_kind(queue_add_many(queue, specs, COUNT, added), ERR_INVALID);
	assert_int_equal(ask_number("EXISTS bull:mail:new"), 0);
}

static bool restores(const char *id)
{
	bool restored = false;
	const struct queue_spec spec = {
		.id = id, .name = "run", .data = "{}", .policy = POLICY_RUN
	};
	assert_null(queue_restore_many(queue, &spec, 1, &restored));
	return restored;
}

static void test_what_was_lost_is_restored(void **state)
{
	(void)state;
	add("waits");
	assert_false(restores("waits"));
	assert_true(restores("lost"));
	assert_false(restores("lost"));
	assert_answer("LRANGE bull:mail:wait 0 -1", "lost waits");
	assert_answer("GET bull:mail:id", "2");
	assert_events("added waiting added waiting");
	cleanup(cleanup_queue_job) struct queue_job *running = fetch();
	assert_false(restores("waits"));
}

static void test_what_is_taken_for_finished_is_restored(void **state)
{
	(void)state;
	add("good");
	assert_next("good");
	add("bad");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	const struct queue_failure failure = { "no", "Error: no" };
	enum queue_result result = QUEUE_LOST;
	struct queue_fetched next = { 0 };
	assert_null(queue_fail(queue, job, &failure, &next, &result));
	assert_true(restores("good"));
	assert_true(restores("bad"));
	assert_false(restores("bad"));
	assert_int_equal(ask_number("ZCARD bull:mail:failed"), 0);
	assert_int_equal(ask_number("ZCARD bull:mail:completed"), 0);
	assert_answer("LRANGE bull:mail:wait 0 -1", "bad good");
	assert_int_equal(ask_number("HEXISTS bull:mail:bad finishedOn"), 0);
	assert_answer("HGET bull:mail:bad failedReason", "no");
}

static void test_counts_of_every_minute(void **state)
{
	(void)state;
	struct queue *counting = NULL;
	assert_null(queue_new(
		&(struct queue_options){ .url = server.url, .name = "mail", .metrics_minutes = 3 },
		&counting));
	struct queue *plain = queue;
	queue = counting;
	add("a");
	assert_next("a");
	assert_answer("HMGET bull:mail:metrics:completed count prevCount", "1 0");
	add("b");
	assert_next("b");
	assert_int_equal(ask_number("EXISTS bull:mail:metrics:completed:data"), 0);
	cleanup(cleanup_free) char *back = mem_printf(
		"HSET bull:mail:metrics:completed prevTS %lld", (long long)clock_ms() - 120000);
	ask_number(back);
	add("c");
	assert_next("c");
	assert_answer("LRANGE bull:mail:metrics:completed:data 0 -1", "0 2");
	ask_number("HSET bull:mail:metrics:completed prevTS 60000");
	add("d");
	assert_next("d");
	assert_answer("LRANGE bull:mail:metrics:completed:data 0 -1", "0 0 1");
	assert_int_equal(ask_number("EXISTS bull:mail:metrics:failed"), 0);
	queue = plain;
	queue_free(counting);
}

static void test_what_was_held_back_comes_after_the_end(void **state)
{
	(void)state;
	add("x");
	ask_number("HSET bull:mail:x deid one");
	cleanup(cleanup_reply) redisReply *ok = ask("SET bull:mail:de:one x");
	ask_number("HSET bull:mail:dn:one name again data {\"n\":2} jid later opts "
		   "{\"attempts\":3,\"priority\":4,\"de\":{\"id\":\"one\",\"keepLastIfActive\":"
		   "true}}");
	assert_next("x");
	assert_answer("GET bull:mail:de:one", "later");
	assert_answer("HMGET bull:mail:later name data priority deid", "again {\"n\":2} 4 one");
	assert_answer("ZRANGE bull:mail:prioritized 0 -1", "later");
	assert_int_equal(ask_number("EXISTS bull:mail:dn:one"), 0);
}

/* A job of a scheduler, as BullMQ leaves it: due now, with `more` of its repeat options. */
static void add_scheduled(const char *more)
{
	cleanup(cleanup_free) char *opts =
		mem_printf("{\"attempts\":2,\"keep\":[],\"repeat\":{\"count\":1%s}}", more);
	add_spec((struct queue_spec){ .id = "tmp", .policy = POLICY_RUN });
	cleanup(cleanup_free) char *set = mem_printf("HSET bull:mail:tmp rjk s opts %s", opts);
	ask_number(set);
	cleanup(cleanup_reply) redisReply *renamed =
		ask("RENAME bull:mail:tmp bull:mail:repeat:s:1000");
	ask_number("LREM bull:mail:wait 1 tmp");
	ask_number("LPUSH bull:mail:wait repeat:s:1000");
	ask_number("ZADD bull:mail:repeat 1000 s");
	ask_number("HSET bull:mail:repeat:s name tick data {\"t\":1} ic 1");
}

static int64_t next_of_scheduler(void)
{
	cleanup(cleanup_free) char *score = ask_text("ZSCORE bull:mail:repeat s");
	return strtoll(score, NULL, 10);
}

static void test_scheduler_goes_on(void **state)
{
	(void)state;
	add_scheduled(",\"every\":7200000");
	ask_number("HSET bull:mail:repeat:s offset 5");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_string_equal(job->id, "repeat:s:1000");
	int64_t due = next_of_scheduler();
	assert_int_equal(due % 7200000, 5);
	assert_in_range(due - clock_ms(), 0, 7200000);
	cleanup(cleanup_free) char *get =
		mem_printf("HMGET bull:mail:repeat:s:%lld name data rjk", (long long)due);
	assert_answer(get, "tick {\"t\":1} s");
	cleanup(cleanup_free) char *get_opts =
		mem_printf("HGET bull:mail:repeat:s:%lld opts", (long long)due);
	cleanup(cleanup_free) char *opts = ask_text(get_opts);
	assert_non_null(strstr(opts, "\"keep\":[]"));
	assert_non_null(strstr(opts, "\"count\":2"));
	assert_answer("HGET bull:mail:repeat:s ic", "2");
	assert_int_equal(ask_number("ZCARD bull:mail:delayed"), 1);

	end_try(job, 0, QUEUE_DONE); /* the next try of the same job adds nothing */
	cleanup(cleanup_queue_job) struct queue_job *again = fetch();
	assert_string_equal(again->id, "repeat:s:1000");
	assert_int_equal(next_of_scheduler(), due);
}

static void test_scheduler_with_a_pattern(void **state)
{
	(void)state;
	add_scheduled(",\"pattern\":\"@hourly\",\"tz\":\"Europe/Berlin\"");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_int_equal(next_of_scheduler() % 3600000, 0);
	assert_in_range(next_of_scheduler() - clock_ms(), 0, 3600000);
}

static void test_scheduler_ends(void **state)
{
	(void)state;
	static const char *const ends[] = {
		",\"every\":1000,\"limit\":1",
		",\"every\":1000,\"endDate\":2000",
		",\"pattern\":\"1\"", /* that is none: it is logged */
		"",
	};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		cleanup(cleanup_reply) redisReply *gone = ask("FLUSHALL");
		add_scheduled(ends[i]);
		cleanup(cleanup_queue_job) struct queue_job *job = fetch();
		assert_int_equal(next_of_scheduler(), 1000);
		assert_int_equal(ask_number("EXISTS bull:mail:delayed"), 0);
	}
}

static void test_a_job_that_goes_leaves_its_parent(void **state)
{
	(void)state;
	ask_number("HSET bull:other:p name p data {} opts {} timestamp 1 delay 0 priority 0");
	ask_number("ZADD bull:other:waiting-children 1 p");
	ask_number("SADD bull:other:p:dependencies bull:mail:old");
	ask_number("HSET bull:mail:old name o data {} parentKey bull:other:p");
	ask_number("ZADD bull:mail:completed 1 old");
	struct policy keep_one = POLICY_DEFAULT;
	keep_one.keep_completed = POLICY_KEEP(1);
	add_spec((struct queue_spec){ .id = "x", .policy = keep_one });
	assert_next("x");
	assert_int_equal(ask_number("EXISTS bull:mail:old bull:other:p:dependencies"), 0);
	assert_answer("LRANGE bull:other:wait 0 -1", "p");
}

static void test_eviction_policy(void **state)
{
	(void)state;
	char policy[QUEUE_POLICY_SIZE];
	assert_null(queue_eviction_policy(queue, policy));
	assert_string_equal(policy, "noeviction");
	cleanup(cleanup_reply) redisReply *ok = ask("CONFIG SET maxmemory-policy allkeys-lru");
	assert_null(queue_eviction_policy(queue, policy));
	assert_string_equal(policy, "allkeys-lru");
	cleanup(cleanup_reply) redisReply *back = ask("CONFIG SET maxmemory-policy noeviction");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_end_takes_the_next_job),
		TEST(test_end_tells_why_there_is_no_next),
		TEST(test_a_failure_takes_the_next_job),
		TEST(test_many_are_added_at_once),
		TEST(test_what_was_lost_is_restored),
		TEST(test_what_is_taken_for_finished_is_restored),
		TEST(test_counts_of_every_minute),
		TEST(test_what_was_held_back_comes_after_the_end),
		TEST(test_scheduler_goes_on),
		TEST(test_scheduler_with_a_pattern),
		TEST(test_scheduler_ends),
		TEST(test_a_job_that_goes_leaves_its_parent),
		TEST(test_eviction_policy),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
