#include "jobs/model/migration.h"

#include "tests/unit/check.h"
#include "tests/unit/postgres_server.h"

#include <pthread.h>

static struct postgres_server server;

/* What was reported, in order. */
struct reports {
	int count, applied;
	char last[100];
};

static void note(const struct migration *migration, void *arg)
{
	struct reports *r = arg;
	r->count++;
	r->applied += migration->applied;
	snprintf(r->last, sizeof(r->last), "%s", migration->version);
}

static void cleanup_db(struct db **db)
{
	db_free(*db);
}

static struct db *open_db(void)
{
	return db_new(server.url, "migration-test");
}

static void assert_answer(const char *sql, const char *want)
{
	cleanup(cleanup_free) char *got = postgres_server_ask(&server, "%s", sql);
	assert_string_equal(got, want);
}

/* Every test starts with nothing in the database. */
static int empty(void **state)
{
	(void)state;
	free(postgres_server_ask(&server, "SET client_min_messages = warning;"
					  "DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
	return 0;
}

static void a_fresh_database_gets_all_once(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	struct reports first = { 0 }, second = { 0 };
	assert_ok(migration_apply(db, note, &first));
	assert_true(first.count > 0);
	assert_int_equal(first.applied, 0);
	assert_ok(migration_apply(db, note, &second));
	assert_int_equal(second.count, 0);
	cleanup(cleanup_free) char *rows =
		postgres_server_ask(&server, "SELECT count(*) FROM schema_migrations");
	assert_int_equal(strtol(rows, NULL, 10), first.count);
	assert_answer("SELECT count(*) FROM users", "0");
}

static void the_status_tells_what_is_applied(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	struct reports before = { 0 }, after = { 0 };
	assert_ok(migration_status(db, note, &before));
	assert_true(before.count > 0);
	assert_int_equal(before.applied, 0);
	assert_answer("SELECT to_regclass('schema_migrations') IS NULL", "t");
	assert_ok(migration_apply(db, note, &(struct reports){ 0 }));
	assert_ok(migration_status(db, note, &after));
	assert_int_equal(after.count, before.count);
	assert_int_equal(after.applied, after.count);
}

/* Both ways to ask refuse the database as `sql` leaves it, and change nothing. */
static void assert_refused(const char *sql, const char *message)
{
	cleanup(cleanup_db) struct db *db = open_db();
	struct reports reports = { 0 };
	assert_ok(migration_apply(db, note, &(struct reports){ 0 }));
	free(postgres_server_ask(&server, "%s", sql));
	assert_error(migration_apply(db, note, &reports), ERR_CONFLICT, message);
	assert_error(migration_status(db, note, &reports), ERR_CONFLICT, message);
	assert_int_equal(reports.count, 0);
}

static void a_changed_migration_is_refused(void **state)
{
	(void)state;
	assert_refused("UPDATE schema_migrations SET checksum = repeat('0', 64)",
		       "was changed after it had been applied");
}

static void an_unknown_migration_is_refused(void **state)
{
	(void)state;
	assert_refused("INSERT INTO schema_migrations VALUES ('9999_future', 'x')",
		       "has migration 9999_future, which this program does not know");
}

/* The schema meets a table of that name halfway. */
static void a_failing_migration_leaves_nothing(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	struct reports reports = { 0 };
	free(postgres_server_ask(&server, "CREATE TABLE audit_log (x int)"));
	cleanup(cleanup_err) struct err *e = migration_apply(db, note, &reports);
	assert_non_null(e);
	cleanup(cleanup_free) char *stack = err_stack(e);
	assert_has(stack, reports.last);
	assert_has(stack, "audit_log");
	assert_answer("SELECT count(*) FROM schema_migrations", "0");
	assert_answer("SELECT to_regclass('users') IS NULL", "t");

	free(postgres_server_ask(&server, "DROP TABLE audit_log"));
	assert_ok(migration_apply(db, note, &reports));
	assert_answer("SELECT to_regclass('users') IS NULL", "f");
}

struct migrator {
	struct reports reports;
	struct err *error;
};

static void *migrate(void *arg)
{
	struct migrator *m = arg;
	cleanup(cleanup_db) struct db *db = open_db();
	m->error = migration_apply(db, note, &m->reports);
	return NULL;
}

static void of_two_at_once_one_does_the_work(void **state)
{
	(void)state;
	struct migrator migrators[2] = { 0 };
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, migrate, &migrators[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++)
		assert_ok(migrators[i].error);
	assert_int_equal(migrators[0].reports.count * migrators[1].reports.count, 0);
	assert_true(migrators[0].reports.count + migrators[1].reports.count > 0);
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
		cmocka_unit_test_setup(a_fresh_database_gets_all_once, empty),
		cmocka_unit_test_setup(the_status_tells_what_is_applied, empty),
		cmocka_unit_test_setup(a_changed_migration_is_refused, empty),
		cmocka_unit_test_setup(an_unknown_migration_is_refused, empty),
		cmocka_unit_test_setup(a_failing_migration_leaves_nothing, empty),
		cmocka_unit_test_setup(of_two_at_once_one_does_the_work, empty),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
