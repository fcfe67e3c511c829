/*
 * PostgreSQL, through libpq: prepared statements by name, on a connection that mends itself.
 *
 * A connection is opened on first use and reset after it broke; statements are prepared once a
 * connection, each on its first use. All parameters and results are text. A connection belongs to
 * one thread at a time; what db_shared_new makes (db_shared.h) is for any number of them.
 */
#pragma once
#include "jobs/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A statement of sql/queries; tools/sqlc generates these. */
struct query {
	unsigned index; /* its place among all queries */
	const char *name, *text;
	bool reads; /* changes nothing: safe to run again after a lost connection */
	int params;
	bool joins; /* is quick, and may be part of a transaction of others' (db_shared) */
};
enum { DB_MAX_QUERIES = 256 };

/* Parameters in order; NULL is SQL's null. */
struct params {
	int count;
	const char *const *values;
};
#define PARAMS(...)                                                                                \
	((struct params){ sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *),          \
			  (const char *const[]){ __VA_ARGS__ } })

struct db;
struct rows;

/* `url` is a connection URL; keys that libpq does not know (Prisma's ?schema=) are left out. */
struct db *db_new(const char *url, const char *application) __attribute__((returns_nonnull));
void db_free(struct db *db); /* takes NULL */

/* Before its first use: how long a statement may wait for a lock, and run; 5 and 10 s otherwise, or
 * what the URL says. */
void db_set_patience(struct db *db, int lock_ms, int statement_ms);

/* True for the error of a database that could not be reached; NULL is none. */
bool db_was_away(const struct err *e);

/*
 * Runs a statement; the caller frees *ret. Fails with ERR_UNAVAILABLE (no connection, time-out,
 * deadlock), ERR_CONFLICT (unique), ERR_NOT_FOUND (foreign key), ERR_INVALID (check, bad text),
 * else ERR_INTERNAL. A statement that only reads is tried once more where the connection turns out
 * to be lost.
 */
must_check struct err *db_query(struct db *db, const struct query *query, struct params params,
				struct rows **ret);
int rows_count(const struct rows *rows);

/* A value, borrowed from the rows; NULL for SQL's null. */
const char *rows_get(const struct rows *rows, int row, int column);
void rows_free(struct rows *rows); /* takes NULL */

static inline void cleanup_rows(struct rows **rows)
{
	rows_free(*rows);
}

/*
 * The first value of the first row, which the caller frees: *ret is NULL where there is no row or
 * the value is null.
 */
must_check struct err *db_text(struct db *db, const struct query *query, struct params params,
			       char **ret);

/* As db_text, but nothing to give is ERR_NOT_FOUND: "<what> not found". */
must_check struct err *db_need(struct db *db, const struct query *query, struct params params,
			       const char *what, char **ret);

/*
 * Does `work` in a transaction: what it changed holds if it returns NULL, else nothing of it does.
 * A connection that is lost on the way fails the rest of the work. Inside of another one it is part
 * of that, which has to fail with it.
 */
typedef struct err *db_work(struct db *db, void *arg);
must_check struct err *db_transaction(struct db *db, db_work *work, void *arg);

/* A statement of a batch, and what came of it. */
struct db_call {
	const struct query *query;
	struct params params;
	struct rows *rows; /* the caller's (rows_free); NULL where it failed */
	struct err *error; /* the caller's: the connection was lost, and nobody knows */
	bool refused;      /* it is why nothing was done */
};
enum { DB_MAX_CALLS = 64 };

/*
 * Runs statements in their order, in one round trip and as one transaction (libpq calls it pipeline
 * mode). False where that was refused, and so none is done: one of them is marked as why, unless it
 * was not for one of them.
 */
must_check bool db_run(struct db *db, struct db_call *const *calls, size_t count);

/* Runs a script of several statements as it is, for migrations and tests. */
must_check struct err *db_script(struct db *db, const char *sql);

/* True if a statement can be prepared; for the test that prepares all of them. */
must_check struct err *db_prepare(struct db *db, const struct query *query);
