/* A migrated database of the test's own, and the engine on it, without a queue or a provider. */
#pragma once
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/engine.h"
#include "jobs/launch.h"
#include "jobs/model/migration.h"
#include "jobs/model/workflow.h"
#include "tests/unit/check.h"
#include "tests/unit/postgres_server.h"

enum { CONNECTIONS = 8 };

static struct postgres_server server;
static PGconn *control; /* the test's own, beside the model's */
static struct db *db;
static struct conf conf = { .workflow_parallelism = 4, .workflow_timeout_s = 3600 };
static struct services services = { .conf = &conf };
static char user[ID_SIZE], workflow[ID_SIZE];

static inline void ignore_migration(const struct migration *migration, void *arg)
{
	(void)migration, (void)arg;
}

/* The rows of a statement; a refused one ends the test. The caller clears them. */
static inline __attribute__((format(printf, 1, 2))) PGresult *ask(const char *fmt, ...)
{
	char *sql = NULL;
	va_list ap;
	va_start(ap, fmt);
	if (vasprintf(&sql, fmt, ap) < 0)
		abort();
	va_end(ap);
	PGresult *result = PQexec(control, sql);
	free(sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		fprintf(stderr, "%s\n", PQerrorMessage(control));
		abort();
	}
	return result;
}

static inline void cleanup_result(PGresult **result)
{
	PQclear(*result);
}

static inline const char *value_of(const PGresult *result, int row, const char *column)
{
	return PQgetvalue(result, row, PQfnumber(result, column));
}

static inline long number_of(const PGresult *result, int row, const char *column)
{
	return strtol(value_of(result, row, column), NULL, 10);
}

static inline void make_user(void)
{
	char *json = NULL;
	id_new(user);
	PQclear(ask("INSERT INTO users (id, email, password_hash) VALUES ('%s', 'a@x.y', '')",
		    user));
	assert_ok(workflow_create(db, user, "A workflow", NULL, &json));
	cleanup(cleanup_json) struct json_object *made = NULL;
	assert_ok(js_parse(json, strlen(json), &made));
	memcpy(workflow, js_string(made, "id"), ID_SIZE);
	free(json);
}

static inline int engine_start(void **state)
{
	(void)state;
	js_init();
	log_open("engine-test", LOG_ERROR);
	postgres_server_start(&server);
	control = PQconnectdb(server.url);
	db = db_new(server.url, "engine-test");
	services.db = db_shared_new(server.url, "engine-test", CONNECTIONS);
	assert_ok(migration_apply(db, ignore_migration, NULL));
	make_user();
	return 0;
}

static inline int engine_stop(void **state)
{
	(void)state;
	db_free(services.db);
	db_free(db);
	PQfinish(control);
	postgres_server_stop(&server);
	return 0;
}

/* A new execution's id. */
static inline void launched(const char *nodes, const char *edges, char id[static ID_SIZE])
{
	const struct execution_plan plan = {
		.workflow_id = workflow, .user_id = user, .nodes = nodes, .edges = edges
	};
	struct execution_created created = { 0 };
	assert_ok(launch(db, &plan, &created));
	memcpy(id, created.ticket.id, ID_SIZE);
	execution_created_clear(&created);
}

static inline struct execution_claim claimed(const char *id)
{
	struct execution_claim claim = { 0 };
	enum claim_result result = CLAIM_OVER;
	assert_ok(execution_claim(db, id, "engine-test", &claim, &result));
	assert_int_equal(result, CLAIM_TAKEN);
	return claim;
}

/* Runs a claimed execution that nobody stops. */
static inline struct err *run_claimed(const struct execution_claim *claim, int parallelism,
				      enum engine_result *ret)
{
	static const atomic_bool never;
	const struct engine engine = { .services = &services, .cancel = &never, .by_user = &never };
	char *error = NULL;
	conf.workflow_parallelism = parallelism;
	struct err *e = engine_run(&engine, claim, ret, &error);
	free(error);
	return e;
}

static inline enum engine_result run_to_end(const char *id, int parallelism)
{
	enum engine_result result = ENGINE_CANCELLED;
	struct execution_claim claim = claimed(id);
	assert_ok(run_claimed(&claim, parallelism, &result));
	execution_claim_clear(&claim);
	return result;
}

/*
 * The steps of an execution in the order of the log. "began" and "ended" are microseconds: two
 * steps of which one is written as ended before the other is as begun never overlap.
 */
static inline PGresult *steps_of(const char *id)
{
	return ask("SELECT node_id, iteration, position, status, attempts, input, output, error, "
		   "reused_from, started_at, "
		   "(extract(epoch FROM started_at) * 1000000)::bigint AS began, "
		   "(extract(epoch FROM completed_at) * 1000000)::bigint AS ended "
		   "FROM execution_steps WHERE execution_id = '%s' ORDER BY position, iteration",
		   id);
}

/* How many steps ran at the same time, at most. */
static inline long most_at_once(const char *id)
{
	cleanup(cleanup_result) PGresult *rows =
		ask("SELECT max((SELECT count(*) FROM execution_steps b WHERE b.execution_id = "
		    "a.execution_id AND b.started_at <= a.started_at AND b.completed_at > "
		    "a.started_at)) AS most FROM execution_steps a WHERE a.execution_id = '%s'",
		    id);
	return number_of(rows, 0, "most");
}
