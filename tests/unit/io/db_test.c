#include "jobs/io/db.h"

#include "jobs/base/buf.h"
#include "tests/unit/capture.h"
#include "tests/unit/check.h"
#include "tests/unit/postgres_server.h"

/* Statements of the test's own, as tools/sqlc makes them. */
enum { ECHO, COUNT_ALL, ADD, LIST, PID, BREAK_OR_READ, BREAK_AND_ADD };
static const struct query echo = { ECHO, "echo", "SELECT $1::text, $2::text", true, 2, false };
static const struct query count_all = { COUNT_ALL, "count_all", "SELECT count(*) FROM words",
					true,      0,           false };
static const struct query add = { ADD,   "add", "INSERT INTO words VALUES ($1) RETURNING word",
				  false, 1,     false };
static const struct query list = { LIST, "list", "SELECT word FROM words WHERE word = $1",
				   true, 1,      false };
static const struct query pid = { PID, "pid", "SELECT pg_backend_pid()", true, 0, false };
/* These end their own connection under way, as a crash of the server does. */
static const struct query break_or_read = {
	BREAK_OR_READ,
	"break_or_read",
	"SELECT CASE WHEN pg_backend_pid() = $1::int"
	" THEN pg_terminate_backend(pg_backend_pid())::text || pg_sleep(60)::text ELSE 'read' END",
	true,
	1,
	false
};
static const struct query break_and_add = {
	BREAK_AND_ADD,
	"break_and_add",
	"INSERT INTO words SELECT $1"
	" WHERE CASE WHEN pg_terminate_backend(pg_backend_pid()) THEN pg_sleep(60) IS NOT NULL END"
	" RETURNING word",
	false,
	1,
	false
};

static const struct params none;

static struct postgres_server server;

static void cleanup_db(struct db **db)
{
	db_free(*db);
}

static struct db *open_db(void)
{
	return db_new(server.url, "db-test");
}

static char *text_of(struct db *db, const struct query *query, struct params params)
{
	char *text = NULL;
	assert_ok(db_text(db, query, params, &text));
	return text;
}

/* The value of a setting as a new connection to `url` has it; the caller frees it. */
static char *setting(const char *url, const char *name)
{
	static const struct query show = {
		0, "show", "SELECT current_setting($1)", true, 1, false
	};
	cleanup(cleanup_db) struct db *db = db_new(url, "db-test");
	return text_of(db, &show, PARAMS(name));
}

static void values_come_back(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	for (int i = 0; i < 3; i++) {
		cleanup(cleanup_rows) struct rows *rows = NULL;
		assert_ok(db_query(db, &echo, PARAMS("Gr\xc3\xbc\xc3\x9f 'x' $1", NULL), &rows));
		assert_int_equal(rows_count(rows), 1);
		assert_string_equal(rows_get(rows, 0, 0), "Gr\xc3\xbc\xc3\x9f 'x' $1");
		assert_null(rows_get(rows, 0, 1));
	}
}

static void text_and_need(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	cleanup(cleanup_free) char *some = text_of(db, &echo, PARAMS("x", "y"));
	cleanup(cleanup_free) char *null = text_of(db, &echo, PARAMS(NULL, "y"));
	cleanup(cleanup_free) char *no_row = text_of(db, &list, PARAMS("absent"));
	assert_string_equal(some, "x");
	assert_null(null);
	assert_null(no_row);
	cleanup(cleanup_free) char *needed = NULL;
	assert_error(db_need(db, &list, PARAMS("absent"), "Word", &needed), ERR_NOT_FOUND,
		     "Word not found");
	assert_error(db_need(db, &echo, PARAMS(NULL, NULL), "Word", &needed), ERR_NOT_FOUND,
		     "Word not found");
	assert_ok(db_need(db, &echo, PARAMS("x", NULL), "Word", &needed));
	assert_string_equal(needed, "x");
}

/* Every class of SQLSTATE, raised by the server itself. */
static void states_become_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *state;
		enum err_kind kind;
		const char *message;
	} cases[] = {
		{ "23505", ERR_CONFLICT, "exists already" },
		{ "23503", ERR_NOT_FOUND, "does not exist any more" },
		{ "23514", ERR_INVALID, "not allowed here" },
		{ "23502", ERR_INVALID, "not allowed here" },
		{ "22P02", ERR_INVALID, "malformed" },
		{ "22021", ERR_INVALID, "malformed" },
		{ "22P05", ERR_INVALID, "NUL" },
		{ "08006", ERR_UNAVAILABLE, "not available" },
		{ "53300", ERR_UNAVAILABLE, "overloaded" },
		{ "57014", ERR_INTERNAL, "took too long" },
		{ "57P01", ERR_UNAVAILABLE, "not available" },
		{ "40001", ERR_UNAVAILABLE, "conflicting change" },
		{ "40P01", ERR_UNAVAILABLE, "conflicting change" },
		{ "55P03", ERR_UNAVAILABLE, "conflicting change" },
		{ "42P01", ERR_UNAVAILABLE, "no schema yet: run voiceoverctl migrate" },
		{ "42883", ERR_UNAVAILABLE, "too old: run voiceoverctl migrate" },
		{ "42703", ERR_UNAVAILABLE, "too old: run voiceoverctl migrate" },
		{ "42601", ERR_INTERNAL, "refused a statement" },
		{ "P0001", ERR_INTERNAL, "refused a statement" },
		{ "XX000", ERR_INTERNAL, "refused a statement" },
	};
	cleanup(cleanup_db) struct db *db = open_db();
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *script =
			mem_printf("DO $$ BEGIN RAISE 'the reason' USING ERRCODE = '%s'; END $$",
				   cases[i].state);
		struct err *e = db_script(db, script);
		assert_non_null(e);
		cleanup(cleanup_free) char *stack = err_stack(e);
		assert_has(stack, cases[i].state);
		assert_has(stack, "the reason");
		assert_int_equal(err_retry_after(e) > 0, cases[i].kind == ERR_UNAVAILABLE);
		assert_error(e, cases[i].kind, cases[i].message);
	}
}

static void real_faults(void **state)
{
	(void)state;
	static const struct query number = { 10, "number", "SELECT $1::int", true, 1, false };
	static const struct query json = { 11, "json", "SELECT $1::jsonb", true, 1, false };
	static const struct query no_table = { 12,   "no_table", "SELECT 1 FROM nothing",
					       true, 0,          false };
	cleanup(cleanup_db) struct db *db = open_db();
	cleanup(cleanup_rows) struct rows *rows = NULL;
	assert_error(db_query(db, &add, PARAMS("taken"), &rows), ERR_CONFLICT, "exists already");
	assert_error(db_query(db, &add, PARAMS(""), &rows), ERR_INVALID, "not allowed here");
	assert_error(db_query(db, &add, PARAMS(NULL), &rows), ERR_INVALID, "not allowed here");
	assert_error(db_query(db, &number, PARAMS("x"), &rows), ERR_INVALID, "malformed");
	assert_error(db_query(db, &echo, PARAMS("\xff", NULL), &rows), ERR_INVALID, "malformed");
	assert_error(db_query(db, &json, PARAMS("\"\\u0000\""), &rows), ERR_INVALID, "NUL");
	assert_error(db_query(db, &no_table, none, &rows), ERR_UNAVAILABLE, "no schema");
	assert_error(db_script(db, "SET statement_timeout = 1; SELECT pg_sleep(60)"), ERR_INTERNAL,
		     "took too long");
	assert_null(rows);
}

static void only_a_database_that_is_away_was_away(void **state)
{
	(void)state;
	assert_false(db_was_away(NULL));
	static const struct {
		enum err_kind kind;
		const char *message;
	} others[] = {
		{ ERR_UNAVAILABLE, "The database is overloaded" },
		{ ERR_INTERNAL, "The database is not available" },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct err *e = err_new(others[i].kind, "%s", others[i].message);
		assert_false(db_was_away(e));
		err_free(e);
	}
}

static void a_refused_statement_harms_no_other(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	cleanup(cleanup_rows) struct rows *rows = NULL;
	cleanup(cleanup_free) char *before = text_of(db, &pid, none);
	assert_error(db_query(db, &add, PARAMS("taken"), &rows), ERR_CONFLICT, "");
	cleanup(cleanup_free) char *after = text_of(db, &pid, none);
	assert_string_equal(before, after);
}

/* Ends the server's side of a connection, as a restart does. */
static void break_connection(struct db *db)
{
	cleanup(cleanup_free) char *number = text_of(db, &pid, none);
	cleanup(cleanup_free) char *ended =
		postgres_server_ask(&server, "SELECT pg_terminate_backend(%s, 5000)", number);
	assert_string_equal(ended, "t");
}

static void an_idle_connection_that_broke_is_replaced(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	cleanup(cleanup_free) char *first = text_of(db, &add, PARAMS("first"));
	break_connection(db);
	cleanup(cleanup_free) char *idle = text_of(db, &add, PARAMS("after a break"));
	assert_string_equal(idle, "after a break");
}

static void reads_are_tried_again_on_a_new_connection(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	cleanup(cleanup_free) char *number = text_of(db, &pid, none);
	cleanup(cleanup_free) char *read = text_of(db, &break_or_read, PARAMS(number));
	assert_string_equal(read, "read");
}

static void writes_are_not(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	cleanup(cleanup_rows) struct rows *rows = NULL;
	assert_error(db_query(db, &break_and_add, PARAMS("second"), &rows), ERR_UNAVAILABLE,
		     "The database is not available");
	cleanup(cleanup_free) char *absent = text_of(db, &list, PARAMS("second"));
	assert_null(absent);
	cleanup(cleanup_free) char *second = text_of(db, &add, PARAMS("second"));
	assert_string_equal(second, "second");
}

static void a_server_that_comes_back_is_found(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db(), *other = open_db();
	cleanup(cleanup_free) char *before = text_of(db, &count_all, none);
	postgres_server_kill(&server);
	cleanup(cleanup_rows) struct rows *rows = NULL;
	for (int i = 0; i < 2; i++) {
		struct err *e = db_query(db, &count_all, none, &rows);
		assert_non_null(e);
		assert_int_equal(err_retry_after(e), 2);
		assert_true(db_was_away(e));
		assert_error(e, ERR_UNAVAILABLE, "The database is not available");
	}
	assert_error(db_query(other, &count_all, none, &rows), ERR_UNAVAILABLE, "not available");
	postgres_server_run(&server);
	cleanup(cleanup_free) char *after = text_of(db, &count_all, none),
				   *others = text_of(other, &count_all, none);
	assert_string_equal(before, after);
	assert_string_equal(before, others);
}

static void connections_have_limits_and_a_name(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *statement = setting(server.url, "statement_timeout"),
				   *lock = setting(server.url, "lock_timeout"),
				   *encoding = setting(server.url, "client_encoding"),
				   *name = setting(server.url, "application_name");
	assert_string_equal(statement, "10s");
	assert_string_equal(lock, "5s");
	assert_string_equal(encoding, "UTF8");
	assert_string_equal(name, "db-test");
}

static void the_url_has_the_last_word(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *url = mem_printf(
		"%s&application_name=mine&options=-c%%20statement_timeout%%3D7s", server.url);
	cleanup(cleanup_free) char *statement = setting(url, "statement_timeout"),
				   *name = setting(url, "application_name");
	assert_string_equal(statement, "7s");
	assert_string_equal(name, "mine");
}

static void parameters_of_prisma_are_left_out(void **state)
{
	(void)state;
	static const char *const forms[] = {
		"postgresql:///postgres?schema=public&host=%s&user=test&application_name=mine",
		"postgresql:///postgres?host=%s&schema=public&user=test&application_name=mine",
		"postgresql:///postgres?host=%s&user=test&application_name=mine&schema=public",
		"postgres:///postgres?connection_limit=5&pool_timeout=2&host=%s&user=test&"
		"application_name=mine&socket_timeout=3&pgbouncer=true",
	};
	for (size_t i = 0; i < COUNT(forms); i++) {
		cleanup(buf_clear) struct buf url = BUF(1000);
		const char *at = strstr(forms[i], "%s");
		buf_add(&url, forms[i], (size_t)(at - forms[i]));
		buf_adds(&url, server.folder);
		buf_adds(&url, at + 2);
		cleanup(cleanup_free) char *name = setting(url.data, "application_name");
		assert_string_equal(name, "mine");
	}
}

static void unusable_urls_say_so_and_no_secret(void **state)
{
	(void)state;
	static const char *const urls[] = {
		"geheim",
		"mysql://user:geheim@localhost/db",
		"postgresql://user:geheim@localhost/db?nonsense=1",
		"postgresql://user:geheim@[::1/db",
	};
	for (size_t i = 0; i < COUNT(urls); i++) {
		cleanup(cleanup_db) struct db *db = db_new(urls[i], "db-test");
		struct err *e = db_script(db, "SELECT 1");
		assert_non_null(e);
		cleanup(cleanup_free) char *stack = err_stack(e);
		assert_hasnt(stack, "geheim");
		assert_error(e, ERR_UNAVAILABLE, "DATABASE_URL is not a PostgreSQL URL");
	}
}

static void notices_are_not_printed(void **state)
{
	(void)state;
	cleanup(cleanup_db) struct db *db = open_db();
	assert_ok(db_script(db, "SELECT 1"));
	struct capture c = capture_start();
	struct err *e = db_script(db, "DO $$ BEGIN RAISE WARNING 'look'; END $$");
	cleanup(cleanup_free) char *text = capture_end(&c);
	assert_ok(e);
	assert_string_equal(text, "");
}

static int start(void **state)
{
	(void)state;
	postgres_server_start(&server);
	free(postgres_server_ask(&server,
				 "CREATE TABLE words (word text PRIMARY KEY CHECK (word <> ''));"
				 "INSERT INTO words VALUES ('taken')"));
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
		cmocka_unit_test(values_come_back),
		cmocka_unit_test(text_and_need),
		cmocka_unit_test(states_become_kinds),
		cmocka_unit_test(real_faults),
		cmocka_unit_test(only_a_database_that_is_away_was_away),
		cmocka_unit_test(a_refused_statement_harms_no_other),
		cmocka_unit_test(an_idle_connection_that_broke_is_replaced),
		cmocka_unit_test(reads_are_tried_again_on_a_new_connection),
		cmocka_unit_test(writes_are_not),
		cmocka_unit_test(a_server_that_comes_back_is_found),
		cmocka_unit_test(connections_have_limits_and_a_name),
		cmocka_unit_test(the_url_has_the_last_word),
		cmocka_unit_test(parameters_of_prisma_are_left_out),
		cmocka_unit_test(unusable_urls_say_so_and_no_secret),
		cmocka_unit_test(notices_are_not_printed),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
