/* What an administrator sees of a queue, and another chance for failed jobs. */
#include "jobs/queue/admin.h"
#include "tests/unit/queue/fixture.h"

static void fail_next(const char *id)
{
	cleanup(cleanup_queue_job) struct queue_job *job = fetch();
	assert_string_equal(job->id, id);
	end_try(job, -1, QUEUE_DONE);
}

static enum queue_result retry(const char *id)
{
	enum queue_result result = QUEUE_REFUSED;
	assert_null(queue_retry_failed(queue, id, &result));
	return result;
}

/* Compares the ids of a container's first `limit` jobs. */
static void assert_listed(enum queue_container container, int limit, const char *want)
{
	cleanup(queue_list_clear) struct queue_list list = { 0 };
	assert_null(queue_list(queue, container, limit, &list));
	struct buf ids = BUF(1000);
	for (size_t i = 0; i < list.count; i++)
		buf_addf(&ids, "%s%s", i ? " " : "", list.entries[i].id);
	cleanup(cleanup_free) char *text = buf_take(&ids);
	assert_string_equal(text ? text : "", want);
}

static void test_lists_are_in_the_order_of_fetching(void **state)
{
	(void)state;
	assert_listed(QUEUE_WAIT, 10, "");
	add("a"), add("b"), add("c");
	add_spec((struct queue_spec){ .id = "p2", .priority = 2 });
	add_spec((struct queue_spec){ .id = "p1", .priority = 1 });
	add_spec((struct queue_spec){ .id = "d", .delay_ms = 60000 });
	assert_listed(QUEUE_WAIT, 10, "a b c");
	assert_listed(QUEUE_WAIT, 2, "a b");
	assert_listed(QUEUE_PRIORITIZED, 10, "p1 p2");
	assert_listed(QUEUE_WAS_DELAYED, 10, "d");
	assert_next("a");
	fail_next("b");
	redis_reply_free(ask("HSET bull:mail:b finishedOn 1"));
	redis_reply_free(ask("ZADD bull:mail:failed 1 b"));
	fail_next("c");
	assert_listed(QUEUE_COMPLETED, 10, "a");
	assert_listed(QUEUE_FAILED, 10, "c b");

	cleanup(queue_list_clear) struct queue_list failed = { 0 };
	assert_null(queue_list(queue, QUEUE_FAILED, 10, &failed));
	const struct queue_entry *b = &failed.entries[1];
	assert_string_equal(b->name, "run");
	assert_string_equal(b->reason, "no \xEF\xBF\xBD luck");
	assert_int_equal(b->finished_ms, 1);
	assert_int_equal(b->attempts, 1);
	assert_in_range(clock_ms() - b->created_ms, 0, 60000);
}

static void test_oldest(void **state)
{
	(void)state;
	int64_t oldest = -1;
	assert_null(queue_oldest_ms(queue, &oldest));
	assert_int_equal(oldest, 0);
	add("a");
	add_spec((struct queue_spec){ .id = "p", .priority = 1 });
	redis_reply_free(ask("HSET bull:mail:p timestamp 5"));
	assert_null(queue_oldest_ms(queue, &oldest));
	assert_int_equal(oldest, 5);
}

static void test_a_failed_job_gets_another_chance(void **state)
{
	(void)state;
	add_spec((struct queue_spec){ .id = "p", .priority = 3, .policy = POLICY_RUN });
	fail_next("p");
	assert_int_equal(retry("nobody"), QUEUE_LOST);
	redis_reply_free(ask("DEL bull:mail:events"));
	assert_int_equal(retry("p"), QUEUE_DONE);
	assert_int_equal(retry("p"), QUEUE_LOST);
	assert_events("waiting");
	assert_answer("ZRANGE bull:mail:prioritized 0 -1", "p");
	assert_answer("HMGET bull:mail:p finishedOn processedOn failedReason atm", "   1");
	assert_next("p");
}

static void test_a_child_is_waited_for_again(void **state)
{
	(void)state;
	add("child");
	fail_next("child");
	redis_reply_free(ask("HSET bull:mail:child parentKey bull:mail:mother"));
	redis_reply_free(ask("ZADD bull:mail:mother:unsuccessful 1 bull:mail:child"));
	assert_int_equal(retry("child"), QUEUE_DONE);
	assert_answer("SMEMBERS bull:mail:mother:dependencies", "bull:mail:child");
	assert_int_equal(ask_number("EXISTS bull:mail:mother:unsuccessful"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lists_are_in_the_order_of_fetching),
		TEST(test_oldest),
		TEST(test_a_failed_job_gets_another_chance),
		TEST(test_a_child_is_waited_for_again),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
