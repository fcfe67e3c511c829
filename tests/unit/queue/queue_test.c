#include "tests/unit/queue/fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static void test_add_and_complete(void **state)
{
	(void)state;
	int64_t before = clock_ms();
	assert_true(add_spec((struct queue_spec){
		.id = "x", .data = "{\"a\":[],\"b\":\"\xc3\xbc\"}", .policy = POLICY_RUN }));
	assert_answer("HMGET bull:mail:x name data delay priority",
		      "run {\"a\":[],\"b\":\"\xc3\xbc\"} 0 0");
	assert_answer("LRANGE bull:mail:wait 0 -1", "x");
	assert_answer("ZRANGE bull:mail:marker 0 -1 WITHSCORES", "0 0");
	assert_answer("GET bull:mail:id", "1");
	assert_answer("HGET bull:mail:meta opts.maxLenEvents", "10000");

	assert_int_equal(ask_number("DEL bull:mail:marker"), 1);
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_answer("ZRANGE bull:mail:marker 0 -1 WITHSCORES", "0 0");
	assert_string_equal(job->id, "x");
	assert_string_equal(job->name, "run");
	assert_string_equal(job->data, "{\"a\":[],\"b\":\"\xc3\xbc\"}");
	assert_null(job->poison);
	assert_int_equal(job->policy.attempts, 2);
	assert_int_equal(job->attempts_made, 0);
	assert_int_equal(job->attempts_started, 1);
	assert_in_range(job->timestamp_ms, before, clock_ms());
	assert_answer("GET bull:mail:x:lock", "token");
	assert_answer("HMGET bull:mail:x pb ats", "w1 1");
	cleanup(cleanup_free) char *fetched = ask_text("HGET bull:mail:x processedOn");
	assert_in_range(strtoll(fetched, NULL, 10), before, clock_ms());
	assert_in_range(ask_number("PTTL bull:mail:x:lock"), LOCK_MS - 5000, LOCK_MS);

	enum queue_result result = QUEUE_LOST;
	assert_null(complete_with(job, "{\"ok\":true}", NULL, &result));
	assert_int_equal(result, QUEUE_DONE);
	assert_answer("HMGET bull:mail:x returnvalue atm", "{\"ok\":true} 1");
	assert_answer("ZRANGE bull:mail:completed 0 -1", "x");
	assert_int_equal(ask_number("EXISTS bull:mail:x:lock bull:mail:active"), 0);
	assert_events("added waiting active completed drained");
	assert_null(complete_with(job, "1", NULL, &result));
	assert_int_equal(result, QUEUE_LOST);
	assert_answer("HGET bull:mail:x returnvalue", "{\"ok\":true}");
}

static void test_existing_id_is_a_duplicate(void **state)
{
	(void)state;
	assert_true(add("x"));
	assert_false(add("x"));
	assert_next("x");
	assert_false(add("x"));
	assert_nothing_next();
	assert_events("added waiting duplicated active completed drained duplicated");
}

static void test_harmful_jobs_are_refused(void **state)
{
	(void)state;
	static const struct queue_spec bad[] = {
		{ .id = "", .data = "{}" },
		{ .id = "5", .data = "{}" },
		{ .id = "-1", .data = "{}" },
		{ .id = "0:1", .data = "{}" },
		{ .id = "a:b", .data = "{}" },
		{ .id = "wait", .data = "{}" },
		{ .id = "meta", .data = "{}" },
		{ .id = "stalled-check", .data = "{}" },
		{ .id = "\xff", .data = "{}" },
		{ .id = "x", .data = "" },
		{ .id = "x", .data = "{'a':1}" },
		{ .id = "x", .data = "\"\xff\"" },
		{ .id = "x", .data = "{}", .priority = -1 },
		{ .id = "x", .data = "{}", .priority = QUEUE_MAX_PRIORITY + 1 },
		{ .id = "x", .data = "{}", .delay_ms = -1 },
		{ .id = "x", .data = "{}", .name = "\xff" },
	};
	bool added = false;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct queue_spec spec = bad[i];
		spec.name = spec.name ? spec.name : "run";
		assert_kind(queue_add(queue, &spec, &added), ERR_INVALID);
	}
	assert_int_equal(ask_number("DBSIZE"), 0);
	assert_true(add("007"));
	assert_true(add("waiting"));
}

static void test_order(void **state)
{
	(void)state;
	struct policy lifo = POLICY_RUN;
	lifo.lifo = true;
	add("w1");
	add_spec((struct queue_spec){ .id = "p5", .policy = POLICY_RUN, .priority = 5 });
	add_spec((struct queue_spec){ .id = "p1", .policy = POLICY_RUN, .priority = 1 });
	add("w2");
	add_spec((struct queue_spec){ .id = "l", .policy = lifo });
	add_spec((struct queue_spec){ .id = "p5b", .policy = POLICY_RUN, .priority = 5 });
	static const char *const order[] = { "l", "w1", "w2", "p1", "p5", "p5b" };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_next(order[i]);
	assert_nothing_next();
	assert_int_equal(ask_number("EXISTS bull:mail:pc"), 0);
}

static void test_delayed_job_is_promoted_when_due(void **state)
{
	(void)state;
	int64_t before = clock_ms();
	add_spec((struct queue_spec){
		.id = "d", .policy = POLICY_RUN, .delay_ms = 3600000, .priority = 7 });
	struct queue_fetched f = fetch_as("token");
	assert_int_equal(f.state, QUEUE_DELAYED);
	assert_in_range(f.at_ms, before + 3600000, clock_ms() + 3600000);
	assert_answer("HGET bull:mail:d delay", "3600000");
	cleanup(cleanup_free) char *marker = ask_text("ZSCORE bull:mail:marker 1");
	assert_int_equal(strtoll(marker, NULL, 10), f.at_ms);

	ask_number("ZADD bull:mail:delayed XX CH 1 d");
	assert_next("d");
	assert_answer("HGET bull:mail:d delay", "0");
	assert_events("added delayed waiting active completed drained");
}

static void test_same_millisecond_keeps_the_order(void **state)
{
	(void)state;
	static const char *const ids[] = { "a", "b", "c", "d", "e" };
	for (size_t i = 0; i < 5; i++)
		add_spec((struct queue_spec){
			.id = ids[i], .policy = POLICY_RUN, .delay_ms = 3600000 });
	assert_answer("ZRANGE bull:mail:delayed 0 -1", "a b c d e");
}

static void test_ghosts_are_dropped(void **state)
{
	(void)state;
	add("x");
	ask_number("RPUSH bull:mail:wait gone events 0:5");
	assert_next("x");
	assert_int_equal(ask_number("EXISTS bull:mail:gone bull:mail:active"), 0);
}

static void test_poison_is_flagged(void **state)
{
	(void)state;
	static const struct {
		const char *field, *value, *word;
	} cases[] = {
		{ "data", "{half", "data" },
		{ "data", "\"\xff\"", "data" },
		{ "opts", "nonsense", "opts" },
		{ "opts", "[1]", "opts" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(cleanup_reply) redisReply *flushed = ask("FLUSHALL");
		add("x");
		cleanup(cleanup_reply) redisReply *ok = NULL;
		assert_null(redis_commandf(redis, &ok, "HSET bull:mail:x %s %s", cases[i].field,
					   cases[i].value));
		cleanup(cleanup_queue_job) struct queue_job *job = fetch();
		assert_non_null(job->poison);
		assert_non_null(strstr(job->poison, cases[i].word));
		assert_int_equal(queue_job_retry_delay(job), -1);
		end_try(job, -1, QUEUE_DONE);
		assert_answer("ZRANGE bull:mail:failed 0 -1", "x");
	}
}

static void test_sparse_foreign_job_is_read(void **state)
{
	(void)state;
	ask_number("HSET bull:mail:x name n delay 10.69 timestamp 7 attemptsMade 2 atm 1");
	ask_number("LPUSH bull:mail:wait x");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_string_equal(job->data, "{}");
	assert_int_equal(job->attempts_made, 2);
	assert_int_equal(job->timestamp_ms, 7);
	assert_int_equal(job->policy.keep_failed.count, -1);
	assert_null(job->poison);
}

static void test_pause_and_resume(void **state)
{
	(void)state;
	add("x");
	assert_null(queue_pause(queue));
	add("y");
	assert_nothing_next();
	assert_int_equal(ask_number("EXISTS bull:mail:marker bull:mail:paused"), 0);
	struct queue_counts counts;
	assert_null(queue_count(queue, &counts));
	assert_true(counts.is_paused);
	assert_int_equal(counts.waiting, 2);
	assert_null(queue_resume(queue));
	assert_answer("ZRANGE bull:mail:marker 0 -1", "0");
	assert_next("x");
	assert_next("y");
	assert_events("added waiting paused added waiting resumed active completed active "
		      "completed drained");
}

static void test_resume_tells_when_the_next_job_is_due(void **state)
{
	(void)state;
	add_spec((struct queue_spec){ .id = "d", .policy = POLICY_RUN, .delay_ms = 60000 });
	assert_null(queue_pause(queue));
	assert_null(queue_resume(queue));
	assert_answer("ZRANGE bull:mail:marker 0 -1", "1");
}

/* What BullMQ 5 would lose: jobs in both lists. */
static void test_pause_in_the_layout_of_version_5(void **state)
{
	(void)state;
	ask_number("HSET bull:mail:meta version bullmq:5.69.3");
	add("a");
	assert_null(queue_pause(queue));
	add("b");
	assert_answer("LRANGE bull:mail:paused 0 -1", "b a");
	assert_int_equal(ask_number("LPUSH bull:mail:wait c"), 1);
	ask_number("HSET bull:mail:c name c data {} opts {} timestamp 1 delay 0 priority 0");
	assert_null(queue_pause(queue));
	assert_answer("LRANGE bull:mail:paused 0 -1", "c b a");
	assert_null(queue_resume(queue));
	assert_next("a");
	assert_next("b");
	assert_next("c");
	assert_int_equal(ask_number("EXISTS bull:mail:paused"), 0);

	cleanup(cleanup_queue) struct queue *six = open_queue(QUEUE_LAYOUT_6);
	assert_null(queue_pause(six));
	bool added = false;
	struct queue_spec d = { .id = "d", .name = "run", .data = "{}", .policy = POLICY_RUN };
	assert_null(queue_add(six, &d, &added));
	assert_answer("LRANGE bull:mail:wait 0 -1", "d");
}

static void test_global_concurrency(void **state)
{
	(void)state;
	ask_number("HSET bull:mail:meta concurrency 1");
	add("x");
	add("y");
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_nothing_next();
	assert_int_equal(ask_number("DEL bull:mail:marker"), 1);
	enum queue_result result = QUEUE_LOST;
	assert_null(complete_with(job, "null", NULL, &result));
	assert_answer("ZRANGE bull:mail:marker 0 -1", "0");
	assert_next("y");
}

static void test_rate_limit(void **state)
{
	(void)state;
	ask_number("HSET bull:mail:meta max 2 duration 60000");
	add("x");
	add("y");
	add("z");
	assert_next("x");
	assert_next("y");
	int64_t before = clock_ms();
	struct queue_fetched f = fetch_as("token");
	assert_int_equal(f.state, QUEUE_LIMITED);
	assert_in_range(f.at_ms, before, clock_ms() + 60000);
	assert_int_equal(ask_number("DEL bull:mail:limiter"), 1);
	assert_next("z");
}

static void test_due_jobs_become_ready_under_a_rate_limit(void **state)
{
	(void)state;
	ask_number("HSET bull:mail:meta max 1 duration 60000");
	ask_number("INCR bull:mail:limiter");
	ask_number("PEXPIRE bull:mail:limiter 60000");
	add_spec((struct queue_spec){ .id = "d", .policy = POLICY_RUN, .delay_ms = 60000 });
	ask_number("ZADD bull:mail:delayed XX CH 1 d");
	ask_number("DEL bull:mail:marker");
	assert_int_equal(fetch_as("token").state, QUEUE_LIMITED);
	assert_answer("LRANGE bull:mail:wait 0 -1", "d");
	assert_answer("ZRANGE bull:mail:marker 0 -1", "0");
}

static void test_counts(void **state)
{
	(void)state;
	add("w");
	add("gets active");
	add_spec((struct queue_spec){ .id = "p", .policy = POLICY_RUN, .priority = 1 });
	add_spec((struct queue_spec){ .id = "d", .policy = POLICY_RUN, .delay_ms = 60000 });
	queue_job_free(fetch());
	struct queue_counts n;
	assert_null(queue_count(queue, &n));
	assert_int_equal(n.waiting, 1);
	assert_int_equal(n.active, 1);
	assert_int_equal(n.prioritized, 1);
	assert_int_equal(n.delayed, 1);
	assert_int_equal(n.completed + n.failed + n.waiting_children, 0);
	assert_false(n.is_paused);
}

static void test_wait_ends_when_a_job_is_due(void **state)
{
	(void)state;
	int64_t due = clock_ms() + 150;
	add_spec((struct queue_spec){ .id = "d", .policy = POLICY_RUN, .delay_ms = 150 });
	assert_null(queue_wait(queue, 0)); /* takes the marker of the delayed job */
	assert_true(clock_ms() >= due);
	assert_null(queue_wait(queue, clock_ms() - 1));
	assert_next("d");
}

static void *wait_thread(void *arg)
{
	struct err **e = arg;
	*e = queue_wait(queue, 0);
	return NULL;
}

static void test_interrupt_ends_a_wait(void **state)
{
	(void)state;
	struct err *e = NULL;
	pthread_t thread;
	pthread_create(&thread, NULL, wait_thread, &e);
	queue_interrupt(queue);
	pthread_join(thread, NULL);
	assert_kind(e, ERR_CANCELLED);
}

static void test_waiting_connection_is_named_like_a_worker(void **state)
{
	(void)state;
	add("x");
	assert_null(queue_wait(queue, 0));
	cleanup(cleanup_reply) redisReply *list = ask("CLIENT LIST");
	assert_non_null(strstr(list->str, " name=bull:bWFpbA==:w:w1 "));
}

static void test_server_away(void **state)
{
	(void)state;
	struct redis_server own;
	redis_server_start(&own, "");
	cleanup(cleanup_queue) struct queue *q = NULL;
	assert_null(queue_new(&(struct queue_options){ .url = own.url, .name = "mail" }, &q));
	struct queue_fetched f = { 0 };
	assert_null(queue_fetch(q, "token", LOCK_MS, &f));
	redis_server_kill(&own);
	assert_kind(queue_fetch(q, "token", LOCK_MS, &f), ERR_UNAVAILABLE);
	assert_kind(queue_wait(q, 0), ERR_UNAVAILABLE);
	redis_server_run(&own, "");
	struct err *e = NULL;
	do { /* until the pause after a failed attempt has passed */
		err_free(e);
		e = queue_fetch(q, "token", LOCK_MS, &f);
	} while (e && strstr(err_message(e), "a moment ago"));
	redis_server_stop(&own);
	assert_null(e);
	assert_int_equal(f.state, QUEUE_EMPTY);
}

static void test_bad_names_are_refused(void **state)
{
	(void)state;
	static const struct queue_options bad[] = {
		{ .url = "unix:///x", .name = "" },
		{ .url = "unix:///x", .name = "a:b" },
		{ .url = "unix:///x", .name = "a", .worker = "a b" },
		{ .url = "unix:///x", .name = "a", .prefix = "\n" },
		{ .url = "http://x", .name = "a" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct queue *q = NULL;
		assert_kind(queue_new(&bad[i], &q), ERR_INVALID);
		assert_null(q);
	}
}

enum { LOAD_JOBS = 2000, LOAD_THREADS = 8 };

static atomic_int load_runs, load_first_tries, load_faults;

/* Fails every seventh job's first try; completes everything else. */
static void run_load_job(struct queue_job *job)
{
	static const struct queue_failure failure = { "planned", "Error: planned" };
	int number = (int)strtol(job->id + 1, NULL, 10);
	enum queue_result result = QUEUE_LOST;
	struct err *e;
	atomic_fetch_add(&load_runs, 1);
	if (job->attempts_made == 0)
		atomic_fetch_add(&load_first_tries, 1);
	if (job->attempts_made == 0 && number % 7 == 0)
		e = queue_retry(queue, job, &failure, number % 2, &result);
	else
		e = complete_with(job, "1", NULL, &result);
	if (e || result != QUEUE_DONE)
		atomic_fetch_add(&load_faults, 1);
	err_free(e);
}

static void *load_thread(void *arg)
{
	const int *number = arg;
	for (int i = 0;; i++) {
		char token[32];
		snprintf(token, sizeof(token), "t%d:%d", *number, i);
		struct queue_fetched f = { 0 };
		struct err *e = queue_fetch(queue, token, LOCK_MS, &f);
		if (e || f.state == QUEUE_EMPTY) {
			atomic_fetch_add(&load_faults, e != NULL);
			err_free(e);
			return NULL;
		}
		cleanup(cleanup_queue_job) struct queue_job *job = f.job;
		if (job)
			run_load_job(job);
	}
}

static void test_many_threads_run_each_job_once(void **state)
{
	(void)state;
	struct policy p = POLICY_DEFAULT;
	p.attempts = 2;
	for (int i = 0; i < LOAD_JOBS; i++) {
		char id[16];
		snprintf(id, sizeof(id), "j%d", i);
		add_spec((struct queue_spec){ .id = id, .policy = p, .priority = i % 3 });
	}
	pthread_t threads[LOAD_THREADS];
	int numbers[LOAD_THREADS];
	for (int i = 0; i < LOAD_THREADS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, load_thread, &numbers[i]);
	}
	for (int i = 0; i < LOAD_THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(load_faults, 0);
	assert_int_equal(load_first_tries, LOAD_JOBS);
	assert_int_equal(load_runs, LOAD_JOBS + (LOAD_JOBS + 6) / 7);
	struct queue_counts n;
	assert_null(queue_count(queue, &n));
	assert_int_equal(n.completed, LOAD_JOBS);
	assert_int_equal(n.waiting + n.active + n.prioritized + n.delayed + n.failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add_and_complete),
		TEST(test_existing_id_is_a_duplicate),
		TEST(test_harmful_jobs_are_refused),
		TEST(test_order),
		TEST(test_delayed_job_is_promoted_when_due),
		TEST(test_same_millisecond_keeps_the_order),
		TEST(test_ghosts_are_dropped),
		TEST(test_poison_is_flagged),
		TEST(test_sparse_foreign_job_is_read),
		TEST(test_pause_and_resume),
		TEST(test_resume_tells_when_the_next_job_is_due),
		TEST(test_pause_in_the_layout_of_version_5),
		TEST(test_global_concurrency),
		TEST(test_rate_limit),
		TEST(test_due_jobs_become_ready_under_a_rate_limit),
		TEST(test_counts),
		TEST(test_wait_ends_when_a_job_is_due),
		TEST(test_interrupt_ends_a_wait),
		TEST(test_waiting_connection_is_named_like_a_worker),
		TEST(test_server_away),
		TEST(test_bad_names_are_refused),
		TEST(test_many_threads_run_each_job_once),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
