#include "jobs/io/db_pool.h"

#include "tests/unit/check.h"
#include "tests/unit/postgres_server.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CONNECTIONS = 2, THREADS = 8, ROUNDS = 25 };

static const struct query pid = { 0, "pid", "SELECT pg_backend_pid()", true, 0, false };

static struct postgres_server server;

struct load {
	struct db_pool *pool;
	atomic_int in_use, most, failures;
};

static void *work(void *arg)
{
	struct load *load = arg;
	for (int i = 0; i < ROUNDS; i++) {
		struct db *db = db_pool_get(load->pool);
		int now = atomic_fetch_add(&load->in_use, 1) + 1, most = atomic_load(&load->most);
		while (now > most && !atomic_compare_exchange_weak(&load->most, &most, now))
			;
		char *text = NULL;
		struct err *e = db_text(db, &pid, (struct params){ 0 }, &text);
		atomic_fetch_add(&load->failures, e != NULL);
		err_free(e);
		free(text);
		atomic_fetch_sub(&load->in_use, 1);
		db_pool_put(load->pool, db);
	}
	return NULL;
}

static void many_threads_share_few_connections(void **state)
{
	(void)state;
	struct load load = { .pool = db_pool_new(server.url, "pool-test", CONNECTIONS) };
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, &load);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cleanup(cleanup_free) char *open = postgres_server_ask(
		&server,
		"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pool-test'");
	db_pool_free(load.pool);
	assert_int_equal(atomic_load(&load.failures), 0);
	assert_in_range(atomic_load(&load.most), 1, CONNECTIONS);
	assert_in_range(strtol(open, NULL, 10), 1, CONNECTIONS);
}

static void *take_one(void *arg)
{
	return db_pool_get(arg);
}

static void who_finds_none_waits_for_the_next_that_comes_back(void **state)
{
	(void)state;
	struct db_pool *pool = db_pool_new(server.url, "pool-test", 1);
	struct db *only = db_pool_get(pool);
	pthread_t thread;
	void *got = NULL;
	pthread_create(&thread, NULL, take_one, pool);
	db_pool_put(pool, only);
	pthread_join(thread, &got);
	assert_ptr_equal(got, only);
	db_pool_put(pool, got);
	db_pool_free(pool);
}

static void the_warmest_is_taken_first(void **state)
{
	(void)state;
	struct db_pool *pool = db_pool_new(server.url, "pool-test", 3);
	struct db *a = db_pool_get(pool), *b = db_pool_get(pool);
	assert_ptr_not_equal(a, b);
	db_pool_put(pool, a);
	db_pool_put(pool, b);
	assert_ptr_equal(db_pool_get(pool), b);
	db_pool_put(pool, b);
	db_pool_free(pool);
	db_pool_free(NULL);
}

static int start(void **state)
{
	(void)state;
	postgres_server_start(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	postgres_server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_threads_share_few_connections),
		cmocka_unit_test(who_finds_none_waits_for_the_next_that_comes_back),
		cmocka_unit_test(the_warmest_is_taken_first),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
