/* Calls at a time with one key: in a process, over processes, and when one of them dies. */
#include "jobs/io/gate.h"

#include "jobs/base/clock.h"
#include "jobs/io/lease.h"
#include "jobs/io/redis.h"
#include "tests/unit/redis_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { THREADS = 12, ROUNDS = 8 };

static struct redis_server server;

static struct gate *open_gate(bool redis, int fixed)
{
	const struct conf conf = { .redis_url = redis ? server.url : "",
				   .queue_prefix = "bull",
				   .provider_concurrency = fixed };
	return gate_new(&conf);
}

/* Threads that go in and out, and how many were inside at most. */
struct crowd {
	struct gate *gates[2];
	int usual, learned;
	atomic_int inside, most, entered;
};

struct visitor {
	struct crowd *crowd;
	struct gate *gate;
};

static void *visit(void *arg)
{
	struct visitor *v = arg;
	struct crowd *c = v->crowd;
	for (int i = 0; i < ROUNDS; i++) {
		struct gate_pass pass;
		if (!gate_enter(v->gate, "elevenlabs:k", c->usual, NULL, &pass))
			continue;
		int now = ++c->inside, most = c->most;
		while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
			;
		c->entered++;
		gate_learn(v->gate, &pass, c->learned);
		usleep(2000);
		c->inside--;
		gate_leave(v->gate, &pass);
	}
	return NULL;
}

static void let_in(struct crowd *c)
{
	pthread_t threads[THREADS];
	struct visitor visitors[THREADS];
	for (int i = 0; i < THREADS; i++) {
		visitors[i] = (struct visitor){ c, c->gates[i % 2] };
		assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c->entered, THREADS * ROUNDS);
	assert_int_equal(c->inside, 0);
}

static void test_one_process_alone(void **state)
{
	(void)state;
	struct gate *gate = open_gate(false, 0);
	struct crowd usual = { .gates = { gate, gate }, .usual = 3 };
	let_in(&usual);
	assert_int_equal(usual.most, 3);
	struct crowd learned = { .gates = { gate, gate }, .usual = 1, .learned = 5 };
	let_in(&learned);
	assert_int_equal(learned.most, 5);
	gate_free(gate);

	gate = open_gate(false, 2);
	struct crowd fixed = { .gates = { gate, gate }, .usual = 9, .learned = 7 };
	let_in(&fixed);
	assert_int_equal(fixed.most, 2);
	gate_free(gate);
}

static void test_two_processes_share_the_limit(void **state)
{
	(void)state;
	struct gate *one = open_gate(true, 0), *other = open_gate(true, 0);
	struct crowd c = { .gates = { one, other }, .usual = 3 };
	let_in(&c);
	assert_in_range(c.most, 1, 3);
	struct gate_pass passes[4];
	for (int i = 0; i < 3; i++)
		assert_true(gate_enter(i % 2 ? one : other, "elevenlabs:k", 3, NULL, &passes[i]));
	const struct stop soon = { .deadline_ms = clock_monotonic_ms() + 50 };
	assert_false(gate_enter(one, "elevenlabs:k", 3, &soon, &passes[3]));
	for (int i = 0; i < 3; i++)
		gate_leave(i % 2 ? one : other, &passes[i]);
	gate_free(one);
	gate_free(other);
}

static void test_keys_do_not_wait_for_each_other(void **state)
{
	(void)state;
	struct gate *gate = open_gate(true, 1);
	struct gate_pass a, b;
	assert_true(gate_enter(gate, "azure:a", 1, NULL, &a));
	assert_true(gate_enter(gate, "azure:b", 1, NULL, &b));
	gate_leave(gate, &a);
	gate_leave(gate, &b);
	gate_leave(gate, &b); /* once more does nothing */
	gate_free(gate);
}

static void test_waiting_ends_with_a_stop(void **state)
{
	(void)state;
	for (int redis = 0; redis < 2; redis++) {
		struct gate *one = open_gate(redis, 1), *other = open_gate(redis, 1);
		struct gate *second = redis ? other : one;
		struct gate_pass inside, outside;
		assert_true(gate_enter(one, "openai:s", 1, NULL, &inside));
		const struct stop soon = { .deadline_ms = clock_monotonic_ms() + 150 };
		assert_false(gate_enter(second, "openai:s", 1, &soon, &outside));
		assert_null(outside.line);
		gate_leave(one, &inside);
		assert_true(gate_enter(second, "openai:s", 1, NULL, &outside));
		gate_leave(second, &outside);
		gate_free(one);
		gate_free(other);
	}
}

static void test_a_lease_outlives_no_crash(void **state)
{
	(void)state;
	struct leases *dead = NULL, *alive = NULL;
	int place = -1;
	assert_null(leases_new(server.url, "bull", &dead));
	assert_null(leases_new(server.url, "bull", &alive));
	assert_null(lease_take(dead, "n", "token-1", 1, &place));
	assert_int_equal(place, 0);
	leases_free(dead); /* as a crash does, it gives nothing back */
	assert_null(lease_take(alive, "n", "token-2", 1, &place));
	assert_int_equal(place, 1);
	assert_null(lease_take(alive, "n", "token-3", 1, &place));
	assert_int_equal(place, 2);
	struct redis *redis = NULL;
	redisReply *reply = NULL;
	assert_null(redis_new(server.url, &redis));
	assert_null(redis_commandf(redis, &reply, "ZADD bull:lease:{n}:held 1 token-1"));
	redis_reply_free(reply);
	assert_null(lease_take(alive, "n", "token-3", 1, &place));
	assert_int_equal(place, 2); /* first come, first served */
	assert_null(lease_take(alive, "n", "token-2", 1, &place));
	assert_int_equal(place, 0);
	lease_return(alive, "n", "token-2");
	assert_null(redis_commandf(redis, &reply, "KEYS bull:lease:{n}:held"));
	assert_int_equal(reply->elements, 0);
	redis_reply_free(reply);
	redis_free(redis);
	leases_free(alive);
}

static void test_what_is_learned_counts_for_all(void **state)
{
	(void)state;
	struct leases *l = NULL;
	int place = -1;
	assert_null(leases_new(server.url, "bull", &l));
	assert_null(leases_learn(l, "m", 2));
	for (int i = 0; i < 3; i++) {
		char token[] = { (char)('a' + i), '\0' };
		assert_null(lease_take(l, "m", token, 1, &place));
		assert_int_equal(place, i < 2 ? 0 : 1);
	}
	assert_null(lease_take(l, "m", "c", -3, &place));
	assert_int_equal(place, 0);
	leases_free(l);
}

static void test_without_redis_calls_go_on(void **state)
{
	(void)state;
	const struct conf conf = { .redis_url = "redis://127.0.0.1:1", .queue_prefix = "bull" };
	struct gate *gate = gate_new(&conf);
	struct crowd c = { .gates = { gate, gate }, .usual = 2 };
	let_in(&c);
	assert_int_equal(c.most, 2);
	gate_free(gate);
}

static int start(void **state)
{
	(void)state;
	redis_server_start(&server, "");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	redis_server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_process_alone),
		cmocka_unit_test(test_two_processes_share_the_limit),
		cmocka_unit_test(test_keys_do_not_wait_for_each_other),
		cmocka_unit_test(test_waiting_ends_with_a_stop),
		cmocka_unit_test(test_a_lease_outlives_no_crash),
		cmocka_unit_test(test_what_is_learned_counts_for_all),
		cmocka_unit_test(test_without_redis_calls_go_on),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
