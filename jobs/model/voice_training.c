#include "jobs/model/voice_training.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 24 };
static const char what[] = "Voice profile";

void voice_training_clear(struct voice_training *t)
{
	free(t->stage);
	free(t->options);
	free(t->request_id);
	*t = (struct voice_training){ 0 };
}

struct err *voice_training_create(struct db *db, const char *user_id, const char *profile_id,
				  const char *options, const char *request_id)
{
	char id[ID_SIZE];
	cleanup(cleanup_free) char *made = NULL;
	return db_need(db, &Q_VOICE_TRAINING_CREATE,
		       PARAMS(profile_id, user_id, id_new(id), options, request_id), what, &made);
}

struct err *voice_training_take(struct db *db, struct voice_training *ret, bool *ret_found)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_VOICE_TRAINING_TAKE, (struct params){ 0 }, &rows));
	*ret_found = rows_count(rows) > 0;
	if (!*ret_found)
		return NULL;
	*ret = (struct voice_training){
		.stage = mem_strdup(rows_get(rows, 0, 3)),
		.sent = !strcmp(rows_get(rows, 0, 4), "t"),
		.options = mem_strdup(rows_get(rows, 0, 5)),
		.request_id = mem_strdup(rows_get(rows, 0, 6)),
		.tries = (int)strtol(rows_get(rows, 0, 7), NULL, 10),
		.expired = !strcmp(rows_get(rows, 0, 8), "t"),
	};
	char *const ids[] = { ret->profile_id, ret->user_id, ret->id };
	for (int i = 0; i < 3; i++)
		snprintf(ids[i], ID_SIZE, "%s", rows_get(rows, 0, i));
	return NULL;
}

struct err *voice_training_move(struct db *db, const struct voice_training *t, int64_t due_ms)
{
	char due[NUMBER_SIZE];
	cleanup(cleanup_free) char *found = NULL;
	snprintf(due, sizeof(due), "%lld", (long long)due_ms);
	return db_need(db, &Q_VOICE_TRAINING_MOVE,
		       PARAMS(t->id, t->user_id, t->stage, t->sent ? "t" : "f", due), what, &found);
}

struct err *voice_training_retry(struct db *db, const struct voice_training *t, int64_t due_ms)
{
	char due[NUMBER_SIZE];
	cleanup(cleanup_free) char *found = NULL;
	snprintf(due, sizeof(due), "%lld", (long long)due_ms);
	return db_need(db, &Q_VOICE_TRAINING_RETRY, PARAMS(t->id, t->user_id, due), what, &found);
}

struct err *voice_training_end(struct db *db, const struct voice_training *t, const char *voice,
			       const char *message)
{
	cleanup(cleanup_free) char *found = NULL;
	return db_need(db, &Q_VOICE_TRAINING_END, PARAMS(t->id, t->user_id, voice, message), what,
		       &found);
}
