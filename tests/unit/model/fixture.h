/* A migrated database of the test's own, and rows to begin with. */
#pragma once
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/model/migration.h"
#include "jobs/model/workflow.h"
#include "tests/unit/check.h"
#include "tests/unit/postgres_server.h"

static struct postgres_server server;
static struct db *db;

static inline void ignore_migration(const struct migration *migration, void *arg)
{
	(void)migration, (void)arg;
}

static inline int database_start(void **state)
{
	(void)state;
	js_init();
	postgres_server_start(&server);
	db = db_new(server.url, "model-test");
	assert_ok(migration_apply(db, ignore_migration, NULL));
	return 0;
}

static inline int database_stop(void **state)
{
	(void)state;
	db_free(db);
	postgres_server_stop(&server);
	return 0;
}

/* A new user's id; without a password that fits. */
static inline char *new_user(char id[static ID_SIZE])
{
	id_new(id);
	free(postgres_server_ask(
		&server, "INSERT INTO users (id, email, password_hash) VALUES ('%s', '%s@x.y', '')",
		id, id));
	return id;
}

/* Answers of the model are JSON: parsed, and their text freed. */
static inline struct json_object *parsed(char *json)
{
	struct json_object *o = NULL;
	assert_non_null(json);
	assert_ok(js_parse(json, strlen(json), &o));
	free(json);
	return o;
}

static inline void assert_member(struct json_object *o, const char *key, const char *want)
{
	const char *got = js_string(o, key);
	if (!got || strcmp(got, want) != 0)
		fail_msg("%s is %s, not %s", key, got ? got : "(none)", want);
}

/* A new workflow's id. */
static inline char *new_workflow(const char *user_id, char id[static ID_SIZE])
{
	char *json = NULL;
	assert_ok(workflow_create(db, user_id, "A workflow", NULL, &json));
	cleanup(cleanup_json) struct json_object *o = parsed(json);
	memcpy(id, js_string(o, "id"), ID_SIZE);
	return id;
}
