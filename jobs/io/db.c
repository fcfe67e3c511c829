#include "jobs/io/db_backend.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 64, ANSWER_MS = 30000 };
static const char away[] = "The database is not available";

struct db {
	const struct db_backend *backend; /* NULL for one that is a connection itself: */
	void *backend_arg;

	char *url, *application;
	PGconn *conn;              /* NULL until the first use */
	int lock_ms, statement_ms; /* 0 where they are the usual ones */
	bool in_transaction;
	bool stale; /* it has statements that the server does not know, or not so, any more */
	bool prepared[DB_MAX_QUERIES];
};

/*
 * Set unless the URL says otherwise: nothing may hang for ever, nor may what a client holds that is
 * not there any more. A statement is planned once, not for the values of each call, which for ours
 * cost more than it found; and then its tables may be empty, so that reading them whole looks
 * cheap, and be full when it runs.
 */
static const struct {
	const char *keyword, *value;
} defaults[] = {
	{ "connect_timeout", "3" },
	{ "keepalives_idle", "30" },
	{ "tcp_user_timeout", "5000" },
	{ "client_encoding", "UTF8" },
	{ "options", "-c statement_timeout=10000 -c lock_timeout=5000"
		     " -c idle_in_transaction_session_timeout=15000 -c tcp_keepalives_idle=30"
		     " -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
		     " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off" },
};

struct db *db_new(const char *url, const char *application)
{
	struct db *db = mem_alloc(sizeof(*db));
	db->url = mem_strdup(url);
	db->application = mem_strdup(application);
	return db;
}

struct db *db_behind(const struct db_backend *backend, void *arg)
{
	struct db *db = mem_alloc(sizeof(*db));
	db->backend = backend;
	db->backend_arg = arg;
	return db;
}

void db_set_patience(struct db *db, int lock_ms, int statement_ms)
{
	db->lock_ms = lock_ms;
	db->statement_ms = statement_ms;
}

void db_free(struct db *db)
{
	if (!db)
		return;
	if (db->backend)
		db->backend->free(db->backend_arg);
	PQfinish(db->conn);
	free(db->url);
	free(db->application);
	free(db);
}

/* The parameters of `url` that libpq does not know, as Prisma's, make it refuse the whole URL. */
static void drop_unknown_parameters(char *url)
{
	static const char *const unknown[] = { "schema", "pgbouncer", "connection_limit",
					       "pool_timeout", "socket_timeout" };
	char *query = strchr(url, '?');
	for (char *item = query ? query + 1 : NULL; item && *item;) {
		size_t len = strcspn(item, "&"), name = strcspn(item, "=&");
		bool drop = false;
		for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
			drop |= strlen(unknown[i]) == name && !memcmp(unknown[i], item, name);
		size_t whole = len + (item[len] == '&');
		if (drop)
			memmove(item, item + whole, strlen(item + whole) + 1);
		else
			item += whole;
	}
	size_t len = strlen(url);
	if (query && len > 0 && (url[len - 1] == '?' || url[len - 1] == '&'))
		url[len - 1] = '\0';
}

static struct err *unavailable(struct db *db)
{
	struct err *e = err_new(ERR_UNAVAILABLE, "%s", away);
	err_set_retry_after(e, 2);
	return err_wrap(e, "%s", db->conn ? PQerrorMessage(db->conn) : "no connection");
}

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg, (void)result;
}

static bool has_keyword(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (!strcmp(o->keyword, keyword))
			return o->val != NULL;
	return false;
}

/* Not by the connection's options, which the URL may have set. */
static struct err *set_patience(struct db *db)
{
	if (db->lock_ms == 0)
		return NULL;
	cleanup(cleanup_free) char *sql = mem_printf(
		"SET lock_timeout = %d; SET statement_timeout = %d", db->lock_ms, db->statement_ms);
	PGresult *result = PQexec(db->conn, sql);
	bool set = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return set ? NULL : unavailable(db);
}

/* A URL that libpq cannot read is a fault of the configuration, but not one to end for: say so. */
static struct err *open_connection(struct db *db)
{
	drop_unknown_parameters(db->url);
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(db->url, &message);
	if (!options) {
		PQfreemem(message); /* it may quote the password */
		return err_new(ERR_UNAVAILABLE, "DATABASE_URL is not a PostgreSQL URL");
	}
	const char *keywords[MAX_OPTIONS], *values[MAX_OPTIONS];
	int n = 0;
	keywords[n] = "dbname", values[n++] = db->url;
	keywords[n] = "fallback_application_name", values[n++] = db->application;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (has_keyword(options, defaults[i].keyword))
			continue;
		keywords[n] = defaults[i].keyword, values[n++] = defaults[i].value;
	}
	keywords[n] = values[n] = NULL;
	PQconninfoFree(options);
	db->conn = PQconnectdbParams(keywords, values, 1);
	if (PQstatus(db->conn) != CONNECTION_OK)
		return unavailable(db);
	PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
	return set_patience(db);
}

/*
 * An idle connection has something to read when the server closed it, as at its restart. libpq
 * notices only once it reads: in time here, as a statement that writes cannot be sent again.
 */
static bool is_open(PGconn *conn)
{
	struct pollfd socket = { .fd = PQsocket(conn), .events = POLLIN };
	while (poll(&socket, 1, 0) > 0 && PQconsumeInput(conn))
		continue;
	return PQstatus(conn) == CONNECTION_OK;
}

static void close_connection(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	memset(db->prepared, 0, sizeof(db->prepared));
	db->stale = false;
}

/* A usable connection, as far as can be known before its use. */
static struct err *connect_if_needed(struct db *db)
{
	assert(!db->backend);
	if (db->conn && is_open(db->conn) && (!db->stale || db->in_transaction))
		return NULL;
	if (db->in_transaction) /* what it held is lost: the rest must not be done alone */
		return unavailable(db);
	close_connection(db);
	return open_connection(db);
}

/* SQLSTATE by its prefix to a kind; the first that fits, so the longer ones come first. */
static const struct {
	const char *prefix;
	enum err_kind kind;
	const char *message;
} states[] = {
	{ "23505", ERR_CONFLICT, "This exists already" },
	{ "23503", ERR_NOT_FOUND, "Something that this belongs to does not exist any more" },
	{ "23", ERR_INVALID, "A value is not allowed here" },
	{ "22P05", ERR_INVALID, "The text contains a character that cannot be stored (NUL)" },
	{ "22", ERR_INVALID, "A value is malformed" },
	{ "08", ERR_UNAVAILABLE, away },
	{ "53", ERR_UNAVAILABLE, "The database is overloaded" },
	{ "57014", ERR_INTERNAL, "The database took too long for one statement" },
	{ "57", ERR_UNAVAILABLE, away },
	{ "40", ERR_UNAVAILABLE, "The database is busy with a conflicting change" },
	{ "55P03", ERR_UNAVAILABLE, "The database is busy with a conflicting change" },
	{ "42P01", ERR_UNAVAILABLE, "The database has no schema yet: run voiceoverctl migrate" },
	{ "42883", ERR_UNAVAILABLE, "The database's schema is too old: run voiceoverctl migrate" },
	{ "42703", ERR_UNAVAILABLE, "The database's schema is too old: run voiceoverctl migrate" },
	{ "", ERR_INTERNAL, "The database refused a statement" },
};

static struct err *error_of(struct db *db, const PGresult *result, const char *name)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (!state || PQstatus(db->conn) != CONNECTION_OK)
		return unavailable(db);
	size_t i = 0;
	while (strncmp(state, states[i].prefix, strlen(states[i].prefix)) != 0)
		i++;
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	struct err *e = err_new(states[i].kind, "%s", states[i].message);
	if (states[i].kind == ERR_UNAVAILABLE)
		err_set_retry_after(e, 2);
	return err_wrap(e, "%s: SQLSTATE %s %s", name, state, detail ? detail : "");
}

/* A prepared statement that is gone, or whose result a migration has given another type. */
static bool is_stale(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return state && (!strcmp(state, "26000") || !strcmp(state, "0A000"));
}

static struct err *check(struct db *db, PGresult *result, const char *name)
{
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return NULL;
	struct err *e = error_of(db, result, name);
	db->stale |= is_stale(result);
	PQclear(result);
	return e;
}

/* On a connection that is open. */
static struct err *prepare(struct db *db, const struct query *query)
{
	assert(query->index < DB_MAX_QUERIES);
	if (db->prepared[query->index])
		return NULL;
	PGresult *result = PQprepare(db->conn, query->name, query->text, 0, NULL);
	TRY(check(db, result, query->name));
	PQclear(result);
	db->prepared[query->index] = true;
	return NULL;
}

struct err *db_prepare(struct db *db, const struct query *query)
{
	TRY(connect_if_needed(db));
	return prepare(db, query);
}

static struct err *run_once(struct db *db, const struct query *query, struct params params,
			    struct rows **ret)
{
	assert(params.count == query->params);
	TRY(db_prepare(db, query));
	PGresult *result =
		PQexecPrepared(db->conn, query->name, params.count, params.values, NULL, NULL, 0);
	TRY(check(db, result, query->name));
	*ret = (struct rows *)result;
	return NULL;
}

struct err *db_query(struct db *db, const struct query *query, struct params params,
		     struct rows **ret)
{
	if (db->backend)
		return db->backend->query(db->backend_arg, query, params, ret);
	bool was_open = db->conn && PQstatus(db->conn) == CONNECTION_OK;
	FAULT_POINT("db", query->name, "before");
	struct err *e = run_once(db, query, params, ret);
	FAULT_POINT("db", query->name, "after");
	bool lost = e && was_open && PQstatus(db->conn) != CONNECTION_OK,
	     again = (lost && query->reads) || (e && db->stale);
	if (!again || db->in_transaction)
		return e;
	err_free(e);
	TRY(run_once(db, query, params, ret));
	return NULL;
}

/* How a batch of statements ended: all done, none done, or nobody knows. */
enum batch_end { BATCH_DONE, BATCH_REFUSED, BATCH_LOST };

/* Connects, and prepares what has not been: outside of a pipeline, whose rest a refusal would end.
 */
static struct err *get_ready(struct db *db, struct db_call *const *calls, size_t count)
{
	TRY(connect_if_needed(db));
	for (size_t i = 0; i < count; i++) {
		assert(calls[i]->params.count == calls[i]->query->params);
		struct err *e = prepare(db, calls[i]->query);
		calls[i]->refused = e != NULL;
		TRY(e);
	}
	return NULL;
}

static bool send(PGconn *conn, struct db_call *const *calls, size_t count)
{
	bool sent = PQenterPipelineMode(conn);
	for (size_t i = 0; sent && i < count; i++)
		sent = PQsendQueryPrepared(conn, calls[i]->query->name, calls[i]->params.count,
					   calls[i]->params.values, NULL, NULL, 0);
	return sent && PQpipelineSync(conn);
}

/* Waits until there is a result; false where the connection is lost, or the server is stuck. */
static bool has_result(PGconn *conn, int64_t deadline_ms)
{
	while (PQisBusy(conn)) {
		struct pollfd socket = { .fd = PQsocket(conn), .events = POLLIN };
		int64_t left = deadline_ms - clock_monotonic_ms();
		int ready = left > 0 ? poll(&socket, 1, (int)left) : 0;
		if (ready == 0 || (ready < 0 && errno != EINTR) || !PQconsumeInput(conn))
			return false;
	}
	return true;
}

/* Notes what a result says that is not a good one; `at` is the call, or `count` for the commit. */
static enum batch_end note_refusal(struct db *db, const PGresult *result,
				   struct db_call *const *calls, size_t count, size_t at)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE),
		   *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return BATCH_REFUSED;
	/* libpq's own, of which nobody knows what the server did; or the end of the connection. */
	if (!state || !severity || strcmp(severity, "ERROR") != 0)
		return BATCH_LOST;
	db->stale |= is_stale(result);
	log_info("%s was refused among others: SQLSTATE %s",
		 at < count ? calls[at]->query->name : "commit", state);
	if (at < count)
		calls[at]->refused = true;
	return BATCH_REFUSED;
}

/* Reads to the end of the transaction, which may be refused itself. */
static enum batch_end receive(struct db *db, struct db_call *const *calls, size_t count)
{
	enum batch_end end = BATCH_DONE;
	int64_t deadline_ms = clock_monotonic_ms() + ANSWER_MS;
	/* The results of each statement, and those of the commit. */
	for (size_t at = 0; at <= count + 1 && has_result(db->conn, deadline_ms);) {
		PGresult *result = PQgetResult(db->conn);
		ExecStatusType status = PQresultStatus(result);
		bool fine = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
		if (!result) { /* which is how one statement's results end */
			at++;
		} else if (status == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			return end;
		} else if (fine && at < count && !calls[at]->rows) {
			calls[at]->rows = (struct rows *)result;
		} else {
			enum batch_end noted = note_refusal(db, result, calls, count, at);
			end = end == BATCH_LOST ? end : noted;
			PQclear(result);
		}
	}
	return BATCH_LOST;
}

/* On a connection that is ready. */
static enum batch_end exchange(struct db *db, struct db_call *const *calls, size_t count)
{
	enum batch_end end = BATCH_LOST;
	if (send(db->conn, calls, count))
		end = receive(db, calls, count);
	if (end != BATCH_LOST && !PQexitPipelineMode(db->conn))
		end = BATCH_LOST;
	for (size_t i = 0; i < count && end != BATCH_DONE; i++) {
		rows_free(take(calls[i]->rows));
		if (end == BATCH_LOST)
			calls[i]->error = unavailable(db);
	}
	if (end == BATCH_LOST)
		close_connection(db);
	return end;
}

bool db_run(struct db *db, struct db_call *const *calls, size_t count)
{
	assert(!db->backend && !db->in_transaction && count <= DB_MAX_CALLS);
	cleanup(cleanup_err) struct err *e = get_ready(db, calls, count);
	return !e && exchange(db, calls, count) != BATCH_REFUSED;
}

bool db_was_away(const struct err *e)
{
	return e && err_kind(e) == ERR_UNAVAILABLE && !strcmp(err_message(e), away);
}

int rows_count(const struct rows *rows)
{
	return PQntuples((const PGresult *)rows);
}

const char *rows_get(const struct rows *rows, int row, int column)
{
	const PGresult *result = (const PGresult *)rows;
	return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

void rows_free(struct rows *rows)
{
	PQclear((PGresult *)rows);
}

struct err *db_text(struct db *db, const struct query *query, struct params params, char **ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, query, params, &rows));
	*ret = rows_count(rows) > 0 ? mem_strdup(rows_get(rows, 0, 0)) : NULL;
	return NULL;
}

struct err *db_need(struct db *db, const struct query *query, struct params params,
		    const char *what, char **ret)
{
	TRY(db_text(db, query, params, ret));
	return *ret ? NULL : err_new(ERR_NOT_FOUND, "%s not found", what);
}

struct err *db_script(struct db *db, const char *sql)
{
	TRY(connect_if_needed(db));
	PGresult *result = PQexec(db->conn, sql);
	TRY(check(db, result, "script"));
	PQclear(result);
	return NULL;
}

/* Nothing is lost with a connection that turns out to be gone before anything was done. */
static struct err *begin(struct db *db)
{
	bool was_open = db->conn && PQstatus(db->conn) == CONNECTION_OK;
	struct err *e = db_script(db, "BEGIN");
	if (!e || !was_open || PQstatus(db->conn) == CONNECTION_OK)
		return e;
	err_free(e);
	return db_script(db, "BEGIN");
}

struct err *db_transaction(struct db *db, db_work *work, void *arg)
{
	if (db->backend)
		return db->backend->transaction(db->backend_arg, work, arg);
	if (db->in_transaction)
		return work(db, arg);
	TRY(begin(db));
	db->in_transaction = true;
	struct err *e = work(db, arg);
	FAULT_POINT("db", "commit", "before");
	if (!e)
		e = db_script(db, "COMMIT");
	else
		err_free(db_script(db, "ROLLBACK"));
	FAULT_POINT("db", "commit", "after");
	db->in_transaction = false;
	return e;
}
