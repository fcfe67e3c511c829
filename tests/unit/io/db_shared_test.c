#include "jobs/io/db_shared.h"

#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "tests/unit/capture.h"
#include "tests/unit/check.h"
#include "tests/unit/postgres_server.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CONNECTIONS = 2, THREADS = 16, ROUNDS = 40, WORDS = 5, FEW = 4 };

/* Statements of the test's own, as tools/sqlc makes them. */
enum { NAP, ADD, COUNT, BACKEND, BREAK, SETTING, MISSING, FORGET };
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

static const struct query setting = { SETTING, "setting", "SELECT current_setting($1)",
				      true,    1,         true };
static const struct query missing = { MISSING, "missing", "SELECT $1::text FROM nowhere",
				      true,    1,         true };

static const struct query forget = { FORGET, "forget", "SELECT forget(), $1::text", true, 1, true };

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

static long number(const char *sql)
{
	cleanup(cleanup_free) char *text = postgres_server_ask(&server, "%s", sql);
	return strtol(text, NULL, 10);
}

static void wait_for(const char *sql)
{
	while (number(sql) == 0)
		usleep(1000);
}

/* Holds up the line until `first` is finished. */
static void hold_up(struct asker *first, struct db *db)
{
	start(first, db, &nap, "1");
	wait_for("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep($1%' "
		 "AND state = 'active'");
}

/* Starts them while the line is held up, so that they make up one batch. */
static void start_together(struct asker *askers, struct db *db, const struct query *const queries[],
			   const char *const params[], int count)
{
	cleanup(cleanup_asker) struct asker first;
	hold_up(&first, db);
	for (int i = 0; i < count; i++)
		start(&askers[i], db, queries[i], params[i]);
	assert_ok(take(finish(&first)->error));
	for (int i = 0; i < count; i++)
		finish(&askers[i]);
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
	static const struct query *const queries[WORDS] = { &add, &add, &add, &add, &add };
	static const char *const words[WORDS] = { "one", "two", "three", "four", "five" };
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	struct asker askers[WORDS];
	start_together(askers, db, queries, words, WORDS);
	for (int i = 0; i < WORDS; i++) {
		assert_ok(take(askers[i].error));
		assert_string_equal(askers[i].text, askers[0].text);
	}
	for (int i = 0; i < WORDS; i++)
		cleanup_asker(&askers[i]);
	assert_int_equal(number("SELECT count(*) FROM words"), WORDS);
}

/* One that is there already, one that is not allowed, and one that cannot be prepared. */
static void who_is_at_fault_fails_alone(void **state)
{
	(void)state;
	static const enum err_kind kinds[] = { ERR_CONFLICT, ERR_INVALID, ERR_UNAVAILABLE };
	static const struct query *const queries[] = { &add, &add, &missing, &add, &add };
	static const char *const words[] = { "old", "no", "missing", "one", "two" };
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	struct asker askers[COUNT(words)];
	free(postgres_server_ask(&server, "INSERT INTO words VALUES ('old')"));
	start_together(askers, db, queries, words, COUNT(words));
	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_error(take(askers[i].error), kinds[i], "");
	assert_ok(take(askers[3].error));
	assert_ok(take(askers[4].error));
	assert_string_equal(askers[3].text, askers[4].text); /* still one transaction */
	for (size_t i = 0; i < COUNT(words); i++)
		cleanup_asker(&askers[i]);
	assert_int_equal(number("SELECT count(*) FROM words"), 3);
}

/* What is refused at the end, of which nobody knows whose it is. */
static void a_commit_that_is_refused(void **state)
{
	(void)state;
	static const struct query *const queries[] = { &add, &add };
	static const char *const words[] = { "late", "good" };
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	struct asker askers[2];
	start_together(askers, db, queries, words, 2);
	assert_error(take(askers[0].error), ERR_INVALID, "");
	assert_ok(take(askers[1].error));
	for (int i = 0; i < 2; i++)
		cleanup_asker(&askers[i]);
	assert_int_equal(number("SELECT count(*) FROM words"), 1);
}

static int count_of(const char *text, const char *part)
{
	int n = 0;
	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
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

/* Two programs, as two runners are, that write the same rows: their batches wait for each other,
 * but not in a circle, which only a time-out would end. */
static void two_programs_do_not_wait_for_each_other(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *a = open_db("shared-test"), *b = open_db("shared-test");
	pthread_t threads[THREADS];
	free(postgres_server_ask(&server, "TRUNCATE counts; INSERT INTO counts SELECT "
					  "generate_series(0, 4)::text, 0"));
	struct capture c = capture_start();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_often, i % 2 ? a : b), 0);
	void *errors[THREADS];
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], &errors[i]);
	cleanup(cleanup_free) char *log = capture_end(&c);
	for (int i = 0; i < THREADS; i++)
		assert_ok(errors[i]);
	assert_int_equal(number("SELECT sum(n) FROM counts"), THREADS * ROUNDS);
	assert_in_range(count_of(log, "refused among others"), 0,
			FEW); /* some may have been held up by the machine */
}

static void what_is_large_goes_by_itself(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	cleanup(cleanup_free) char *small = mem_alloc(3001), *large = mem_alloc(5001),
				   *joint = NULL, *again = NULL, *own = NULL;
	memset(small, 'x', 3000);
	memset(large, 'x', 5000);
	assert_ok(db_text(db, &backend, PARAMS(small), &joint));
	assert_ok(db_text(db, &backend, PARAMS(small), &again));
	assert_ok(db_text(db, &backend, PARAMS(large), &own));
	assert_string_equal(joint, again);
	assert_string_not_equal(joint, own);
}

static void who_waits_for_a_lock_waits_alone(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db("lock-test");
	cleanup(cleanup_free) char *n = NULL;
	free(postgres_server_ask(&server,
				 "TRUNCATE counts; INSERT INTO counts VALUES ('a', 0), ('b', 0)"));
	PGconn *other = PQconnectdb(server.url);
	PQclear(PQexec(other, "BEGIN; UPDATE counts SET n = 10 WHERE word = 'a'"));
	cleanup(cleanup_asker) struct asker waits;
	start(&waits, db, &count_up, "a");
	wait_for("SELECT (count(*) = 2)::int FROM pg_stat_activity "
		 "WHERE application_name = 'lock-test'");
	for (int i = 0; i < ROUNDS; i++) {
		free(n);
		assert_ok(db_text(db, &count_up, PARAMS("b"), &n));
	}
	assert_string_equal(n, "40");
	PQclear(PQexec(other, "COMMIT"));
	PQfinish(other);
	assert_ok(take(finish(&waits)->error));
	assert_string_equal(waits.text, "11");
}

/* Also where the URL has settings of its own, in place of ours. */
static void who_joins_has_little_patience(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *url =
		mem_printf("%s&options=-c%%20lock_timeout%%3D60000", server.url);
	cleanup(cleanup_db) struct db *db = db_shared_new(url, "shared-test", CONNECTIONS);
	cleanup(cleanup_free) char *lock = NULL, *statement = NULL;
	assert_ok(db_text(db, &setting, PARAMS("lock_timeout"), &lock));
	assert_ok(db_text(db, &setting, PARAMS("statement_timeout"), &statement));
	assert_string_equal(lock, "100ms");
	assert_string_equal(statement, "2s");
}

/* As behind a proxy that does: what is asked next is run alone, and on a new connection then. */
static void statements_that_the_server_forgot(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	cleanup(cleanup_free) char *forgot = NULL;
	char *pids[4] = { NULL };
	assert_ok(db_text(db, &backend, PARAMS("x"), &pids[0]));
	assert_ok(db_text(db, &forget, PARAMS("x"), &forgot));
	for (int i = 1; i < 4; i++)
		assert_ok(db_text(db, &backend, PARAMS("x"), &pids[i]));
	assert_string_not_equal(pids[0], pids[1]);
	assert_string_not_equal(pids[1], pids[2]);
	assert_string_equal(pids[2], pids[3]);
	for (int i = 0; i < 4; i++)
		free(pids[i]);
}

/* Nobody knows whether a write on a connection that is lost was done; what only reads is run again.
 */
static void a_lost_connection_is_told_to_those_who_write(void **state)
{
	(void)state;
	static const struct query *const queries[] = { &break_off, &break_off };
	static const char *const params[] = { "x", "y" };
	cleanup(cleanup_db) struct db *db = open_db("shared-test");
	struct asker askers[2];
	start_together(askers, db, queries, params, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(db_was_away(askers[i].error));
		cleanup_asker(&askers[i]);
	}
	cleanup(cleanup_free) char *pid = NULL, *after = NULL;
	assert_ok(db_text(db, &backend, PARAMS("x"), &pid));
	cleanup(cleanup_asker) struct asker reads;
	hold_up(&reads, db);
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

static const char schema[] =
	"CREATE TABLE words (word text PRIMARY KEY CHECK (word <> 'no'));"
	"CREATE TABLE counts (word text PRIMARY KEY, n integer NOT NULL);"
	"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	"RAISE check_violation; END $$;"
	"CREATE CONSTRAINT TRIGGER at_the_end AFTER INSERT ON words DEFERRABLE INITIALLY DEFERRED "
	"FOR EACH ROW WHEN (NEW.word = 'late') EXECUTE FUNCTION refuse();"
	"CREATE FUNCTION forget() RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
	"EXECUTE 'DEALLOCATE ALL'; RETURN 'forgotten'; END $$";

static int start_server(void **state)
{
	(void)state;
	log_open("db-shared-test", LOG_INFO);
	postgres_server_start(&server);
	free(postgres_server_ask(&server, "%s", schema));
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
		cmocka_unit_test_setup(a_commit_that_is_refused, clear),
		cmocka_unit_test(two_programs_do_not_wait_for_each_other),
		cmocka_unit_test(what_is_large_goes_by_itself),
		cmocka_unit_test(who_waits_for_a_lock_waits_alone),
		cmocka_unit_test(who_joins_has_little_patience),
		cmocka_unit_test(statements_that_the_server_forgot),
		cmocka_unit_test(a_lost_connection_is_told_to_those_who_write),
		cmocka_unit_test(a_database_that_is_not_there),
		cmocka_unit_test_setup(a_transaction_is_its_own, clear),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
