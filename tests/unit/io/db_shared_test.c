#include "jobs/io/db_shared.h"

#include "jobs/base/mem.h"
#include "tests/unit/check.h"
#include "tests/unit/postgres_server.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CONNECTIONS = 2, THREADS = 16, ROUNDS = 40, WORDS = 5 };

/* Statements of the test's own, as tools/sqlc makes them. */
enum { NAP, ADD, COUNT, BACKEND, BREAK };
static const struct query nap = { NAP, "nap", "SELECT pg_sleep($1::float)", true, 1, true };
static const struct query add = {
	ADD, "add", "INSERT INTO words VALUES ($1) RETURNING pg_current_xact_id()", false, 1, true
};
static const struct query count_up = {
	COUNT, "count_up", "UPDATE counts SET n = n + 1 WHERE word = $1 RETURNING n", false, 1, true
};
static const struct query backend = { BACKEND, "backend", "SELECT pg_backend_pid(), $1::text",
				      true,    1,         true };
static const struct query break_off = {
	BREAK, "break_off", "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60), $1::text",
	false, 1,           true
};

static struct postgres_server server;

static void cleanup_db(struct db **db)
{
	db_free(*db);
}

static struct db *open_db(const char *program)
{
	return db_shared_new(server.url, program, CONNECTIONS);
}

/* A statement with one parameter, run by a thread of its own. */
struct asker {
	struct db *db;
	const struct query *query;
	const char *param;
	pthread_t thread;
	struct err *error;
	char *text;
};

static void *ask(void *arg)
{
	struct asker *a = arg;
	a->error = db_text(a->db, a->query, PARAMS(a->param), &a->text);
	return NULL;
}

static void start(struct asker *a, struct db *db, const struct query *query, const char *param)
{
	*a = (struct asker){ .db = db, .query = query, .param = param };
	assert_int_equal(pthread_create(&a->thread, NULL, ask, a), 0);
}

static struct asker *finish(struct asker *a)
{
	pthread_join(a->thread, NULL);
	return a;
}

static void cleanup_asker(struct asker *a)
{
	err_free(a->error);
	free(a->text);
}

/* Starts them while the line is held up, so that they make up one batch. */
static void start_together(struct asker *askers, const struct query *query, struct db *db,
			   const char *const params[], int count)
{
	cleanup(cleanup_asker) struct asker first;
	start(&first, db, &nap, "0.5");
	usleep(200 * 1000);
	for (int i = 0; i < count; i++)
		start(&askers[i], db, query, params[i]);
	assert_ok(take(finish(&first)->error));
	for (int i = 0; i < count; i++)
		finish(&askers[i]);
}

static long number(const char *sql)
{
	cleanup(cleanup_free) char *text = postgres_server_ask(&server, "%s", sql);
	return strtol(text, NULL, 10);
}

static int clear(void **state)
{
	(void)state;
	free(postgres_server_ask(&server, "TRUNCATE words"));
	return 0;
}

static void what_joins_is_one_transaction(void **state)
{
	(void)state;
	static const char *const words[WORDS] = { "one", "two", "three", "four", "five" };
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	struct asker askers[WORDS];
	start_together(askers, &add, db, words, WORDS);
	for (int i = 0; i < WORDS; i++) {
		assert_ok(take(askers[i].error));
		assert_string_equal(askers[i].text, askers[0].text);
	}
	for (int i = 0; i < WORDS; i++)
		cleanup_asker(&askers[i]);
	assert_int_equal(number("SELECT count(*) FROM words"), WORDS);
}

static void who_is_at_fault_fails_alone(void **state)
{
	(void)state;
	static const char *const words[WORDS] = { "one", "two", "one", "four", "no" };
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	struct asker askers[WORDS];
	int conflicts = 0, invalid = 0, done = 0;
	start_together(askers, &add, db, words, WORDS);
	for (int i = 0; i < WORDS; i++) {
		const struct err *e = askers[i].error;
		done += e == NULL;
		conflicts += e && err_kind(e) == ERR_CONFLICT;
		invalid += e && err_kind(e) == ERR_INVALID;
		cleanup_asker(&askers[i]);
	}
	assert_int_equal(done, 3);
	assert_int_equal(conflicts, 1);
	assert_int_equal(invalid, 1);
	assert_int_equal(number("SELECT count(*) FROM words"), 3);
}

static void *count_often(void *arg)
{
	unsigned seed = (unsigned)pthread_self();
	for (int i = 0; i < ROUNDS; i++) {
		char word[16];
		cleanup(cleanup_free) char *ignored = NULL;
		snprintf(word, sizeof(word), "%d", rand_r(&seed) % WORDS);
		struct err *e = db_text(arg, &count_up, PARAMS(word), &ignored);
		if (e)
			return e;
	}
	return NULL;
}

/*
 * Two programs, as two runners are, that write the same rows. Were their batches not in one order,
 * they would wait for each other, and be refused; then statements are run alone, on connections
 * that there would not be else.
 */
static void two_programs_do_not_wait_for_each_other(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *a = open_db("two-programs"), *b = open_db("two-programs");
	pthread_t threads[THREADS];
	free(postgres_server_ask(&server, "TRUNCATE counts; INSERT INTO counts SELECT "
					  "generate_series(0, 4)::text, 0"));
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_often, i % 2 ? a : b), 0);
	for (int i = 0; i < THREADS; i++) {
		void *error = NULL;
		pthread_join(threads[i], &error);
		assert_ok(error);
	}
	assert_int_equal(number("SELECT sum(n) FROM counts"), THREADS * ROUNDS);
	long connections = number("SELECT count(*) FROM pg_stat_activity "
				  "WHERE application_name = 'two-programs'");
	assert_in_range(connections, 2,
			1 + 1 + CONNECTIONS); /* one may have been held up for long */
}

static void what_is_large_goes_by_itself(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	cleanup(cleanup_free) char *small = mem_alloc(10001), *large = mem_alloc(20001),
				   *joint = NULL, *again = NULL, *own = NULL;
	memset(small, 'x', 10000);
	memset(large, 'x', 20000);
	assert_ok(db_text(db, &backend, PARAMS(small), &joint));
	assert_ok(db_text(db, &backend, PARAMS(small), &again));
	assert_ok(db_text(db, &backend, PARAMS(large), &own));
	assert_string_equal(joint, again);
	assert_string_not_equal(joint, own);
}

static void who_waits_for_a_lock_waits_alone(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	cleanup(cleanup_free) char *n = NULL;
	free(postgres_server_ask(&server,
				 "TRUNCATE counts; INSERT INTO counts VALUES ('a', 0), ('b', 0)"));
	PGconn *other = PQconnectdb(server.url);
	PQclear(PQexec(other, "BEGIN; UPDATE counts SET n = 10 WHERE word = 'a'"));
	cleanup(cleanup_asker) struct asker waits;
	start(&waits, db, &count_up, "a");
	usleep(100 * 1000);
	for (int i = 0; i < ROUNDS; i++) {
		free(n);
		assert_ok(db_text(db, &count_up, PARAMS("b"), &n));
	}
	assert_string_equal(n, "40");
	assert_null(waits.text);
	PQclear(PQexec(other, "COMMIT"));
	PQfinish(other);
	assert_ok(take(finish(&waits)->error));
	assert_string_equal(waits.text, "11");
}

/* Nobody knows whether a write on a connection that is lost was done; what only reads is run again.
 */
static void a_lost_connection_is_told_to_those_who_write(void **state)
{
	(void)state;
	static const char *const params[2] = { "x", "y" };
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	struct asker askers[2];
	start_together(askers, &break_off, db, params, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(db_was_away(askers[i].error));
		cleanup_asker(&askers[i]);
	}
	cleanup(cleanup_free) char *pid = NULL, *after = NULL;
	assert_ok(db_text(db, &backend, PARAMS("x"), &pid));
	cleanup(cleanup_asker) struct asker reads;
	start(&reads, db, &nap, "0.5");
	usleep(200 * 1000);
	free(postgres_server_ask(&server, "SELECT pg_terminate_backend(%s)", pid));
	assert_ok(take(finish(&reads)->error));
	assert_ok(db_text(db, &backend, PARAMS("x"), &after));
	assert_string_not_equal(pid, after);
}

static void a_database_that_is_not_there(void **state)
{
	(void)state;
	char *ignored = NULL;
	cleanup(cleanup_db) struct db *db =
		db_shared_new("postgresql:///nowhere?host=/nonexistent", "shared-test", 1);
	struct err *e = db_text(db, &backend, PARAMS("x"), &ignored);
	assert_true(db_was_away(e));
	err_free(e);
}

static struct err *add_two(struct db *db, void *arg)
{
	cleanup(cleanup_free) char *first = NULL, *second = NULL;
	TRY(db_text(db, &add, PARAMS("first"), &first));
	TRY(db_text(db, &add, PARAMS("second"), &second));
	assert_string_equal(first, second);
	return *(const bool *)arg ? err_new(ERR_INVALID, "Not so") : NULL;
}

static void a_transaction_is_its_own(void **state)
{
	(void)state;
	bool fails = true;
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	assert_error(db_transaction(db, add_two, &fails), ERR_INVALID, "Not so");
	assert_int_equal(number("SELECT count(*) FROM words"), 0);
	fails = false;
	assert_ok(db_transaction(db, add_two, &fails));
	assert_int_equal(number("SELECT count(*) FROM words"), 2);
}

static int start_server(void **state)
{
	(void)state;
	postgres_server_start(&server);
	free(postgres_server_ask(
		&server, "CREATE TABLE words (word text PRIMARY KEY CHECK (word <> 'no'));"
			 "CREATE TABLE counts (word text PRIMARY KEY, n integer NOT NULL)"));
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	postgres_server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_joins_is_one_transaction, clear),
		cmocka_unit_test_setup(who_is_at_fault_fails_alone, clear),
		cmocka_unit_test(two_programs_do_not_wait_for_each_other),
		cmocka_unit_test(what_is_large_goes_by_itself),
		cmocka_unit_test(who_waits_for_a_lock_waits_alone),
		cmocka_unit_test(a_lost_connection_is_told_to_those_who_write),
		cmocka_unit_test(a_database_that_is_not_there),
		cmocka_unit_test_setup(a_transaction_is_its_own, clear),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
