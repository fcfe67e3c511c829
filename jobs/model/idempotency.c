#include "jobs/model/idempotency.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

static enum idempotency_state state_of(const char *word)
{
	static const char *const words[] = {
		[IDEMPOTENCY_CLAIMED] = "claimed",
		[IDEMPOTENCY_RUNNING] = "running",
		[IDEMPOTENCY_OTHER] = "other",
		[IDEMPOTENCY_ANSWERED] = "answered",
	};
	int state = IDEMPOTENCY_CLAIMED;
	while (strcmp(words[state], word) != 0)
		state++;
	return (enum idempotency_state)state;
}

struct err *idempotency_claim(struct db *db, const struct idempotency_key *k,
			      struct idempotency *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_IDEMPOTENCY_CLAIM, PARAMS(k->user_id, k->route, k->key, k->hash),
		     &rows));
	*ret = (struct idempotency){ .state = IDEMPOTENCY_RUNNING };
	if (rows_count(rows) == 0)
		return NULL;
	const char *second = rows_get(rows, 0, 1);
	ret->state = state_of(rows_get(rows, 0, 0));
	if (ret->state == IDEMPOTENCY_CLAIMED)
		ret->claimed_at = mem_strdup(second);
	if (ret->state == IDEMPOTENCY_ANSWERED)
		ret->status = (int)strtol(second, NULL, 10);
	ret->response = mem_strdup(rows_get(rows, 0, 2));
	return NULL;
}

void idempotency_clear(struct idempotency *i)
{
	free(i->claimed_at);
	free(i->response);
	*i = (struct idempotency){ 0 };
}

struct err *idempotency_answer(struct db *db, const struct idempotency_key *k,
			       const struct idempotency *claim, int status, const char *response)
{
	char text[12];
	snprintf(text, sizeof(text), "%d", status);
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_IDEMPOTENCY_ANSWER,
			PARAMS(k->user_id, k->route, k->key, claim->claimed_at, text, response),
			&rows);
}

struct err *idempotency_release(struct db *db, const struct idempotency_key *k,
				const struct idempotency *claim)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_IDEMPOTENCY_RELEASE,
			PARAMS(k->user_id, k->route, k->key, claim->claimed_at), &rows);
}

struct err *idempotency_sweep(struct db *db)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_IDEMPOTENCY_SWEEP, (struct params){ 0 }, &rows);
}
