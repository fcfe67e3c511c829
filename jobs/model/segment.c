#include "jobs/model/segment.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/model/usage.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void segment_clear(struct segment *s)
{
	free(s->audio_key);
	free(s->alignment);
	*s = (struct segment){ 0 };
}

/* What changes of a segment: a row of (id, status, audio key, seconds, alignment, run id). */
static void read_row(const struct rows *rows, int row, struct segment *s)
{
	const char *seconds = rows_get(rows, row, 3), *run = rows_get(rows, row, 5);
	free(s->audio_key);
	free(s->alignment);
	s->stored = !strcmp(rows_get(rows, row, 1), "stored");
	s->audio_key = mem_strdup(rows_get(rows, row, 2));
	s->duration_sec = seconds ? strtod(seconds, NULL) : 0;
	s->alignment = mem_strdup(rows_get(rows, row, 4));
	snprintf(s->run_id, sizeof(s->run_id), "%s", run ? run : "");
}

struct err *segment_plan(struct db *db, const struct segment_owner *owner,
			 const struct segment_terms *terms, const struct segment_step *step,
			 const char *pieces, struct segment_plan *ret)
{
	char iteration[16];
	snprintf(iteration, sizeof(iteration), "%d", step->iteration);
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_SEGMENT_PLAN,
		     PARAMS(owner->user_id, pieces, terms->provider, terms->voice, terms->model,
			    terms->format, terms->profile_id, step->execution_id, step->node_id,
			    iteration, owner->run_id, owner->claim, SEGMENT_LEASE_S),
		     &rows));
	int count = rows_count(rows);
	struct segment *segments = mem_alloc((size_t)count * sizeof(*segments) + 1);
	for (int i = 0; i < count; i++) {
		snprintf(segments[i].id, ID_SIZE, "%s", rows_get(rows, i, 0));
		read_row(rows, i, &segments[i]);
		segments[i].taken = *rows_get(rows, i, 6) == 't';
	}
	ret->segments = segments;
	ret->budgeted = count > 0 && *rows_get(rows, 0, 7) == 't';
	return NULL;
}

/* A statement whose rows are of no interest. */
static struct err *run(struct db *db, const struct query *query, struct params params)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, query, params, &rows);
}

struct err *segment_supersede(struct db *db, const struct segment_owner *owner, const char *hashes)
{
	return run(db, &Q_SEGMENT_SUPERSEDE, PARAMS(owner->user_id, owner->run_id, hashes));
}

/* Why a segment could not be taken. */
static struct err *look(struct db *db, const struct segment_owner *owner, struct segment *s,
			enum segment_state *ret_state)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_SEGMENT_GET, PARAMS(s->id, owner->user_id), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "A segment of the text was deleted meanwhile");
	read_row(rows, 0, s);
	*ret_state = s->stored ? SEGMENT_STORED : SEGMENT_BUSY;
	return NULL;
}

struct err *segment_take(struct db *db, const struct segment_owner *owner, struct segment *s,
			 enum segment_state *ret_state, int64_t *ret_age_ms)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_SEGMENT_TAKE,
		     PARAMS(s->id, owner->user_id, owner->run_id, owner->claim, SEGMENT_LEASE_S),
		     &rows));
	if (rows_count(rows) == 0)
		return look(db, owner, s, ret_state);
	const char *age = rows_get(rows, 0, 1);
	*ret_age_ms = age ? strtoll(age, NULL, 10) : 0;
	*ret_state = *rows_get(rows, 0, 0) == 't' ? SEGMENT_UNCERTAIN : SEGMENT_TAKEN;
	return NULL;
}

struct err *segment_hold(struct db *db, const struct segment_owner *owner, const char *ids)
{
	return run(db, &Q_SEGMENT_HOLD,
		   PARAMS(owner->user_id, owner->run_id, owner->claim, SEGMENT_LEASE_S,
			  owner->reservation, USAGE_RESERVED_S, ids));
}

struct err *segment_release(struct db *db, const struct segment_owner *owner, const char *id,
			    bool uncertain)
{
	return run(db, &Q_SEGMENT_RELEASE,
		   PARAMS(id, owner->user_id, owner->run_id, owner->claim,
			  uncertain ? "true" : "false"));
}

struct err *segment_store(struct db *db, const struct segment_owner *owner, const char *id,
			  const struct segment_purchase *p)
{
	char seconds[32], billed[24];
	snprintf(seconds, sizeof(seconds), "%.9f", p->duration_sec);
	snprintf(billed, sizeof(billed), "%ld", p->billed_characters);
	return run(db, &Q_SEGMENT_STORE,
		   PARAMS(owner->user_id, p->provider, p->profile_id, id, p->audio_key, seconds,
			  p->billed_characters < 0 ? NULL : billed, p->request_id, p->alignment,
			  owner->reservation));
}

struct err *segment_lost(struct db *db, const char *user_id, const struct segment *s)
{
	return run(db, &Q_SEGMENT_LOST, PARAMS(s->id, user_id, s->audio_key));
}

struct err *segment_starts(struct db *db, const struct segment_step *step, const char *starts)
{
	char iteration[16];
	snprintf(iteration, sizeof(iteration), "%d", step->iteration);
	return run(db, &Q_SEGMENT_STARTS,
		   PARAMS(step->execution_id, step->node_id, iteration, starts));
}

struct err *segment_list(struct db *db, const char *user_id, const char *workflow_id,
			 const char *execution_id, char **ret_json)
{
	return db_need(db, &Q_SEGMENT_LIST, PARAMS(workflow_id, execution_id, user_id), "Execution",
		       ret_json);
}

struct err *segment_find(struct db *db, const char *user_id, const char *workflow_id,
			 const char *execution_id, const char *n, struct segment_place *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_SEGMENT_FIND, PARAMS(workflow_id, execution_id, user_id, n), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "Segment not found");
	ret->node_id = mem_strdup(rows_get(rows, 0, 0));
	snprintf(ret->id, sizeof(ret->id), "%s", rows_get(rows, 0, 1));
	return NULL;
}

void segment_place_clear(struct segment_place *p)
{
	free(p->node_id);
	*p = (struct segment_place){ 0 };
}

struct err *segment_renew(struct db *db, const char *user_id, const char *id)
{
	return run(db, &Q_SEGMENT_RENEW, PARAMS(id, user_id));
}

struct err *segment_estimate(struct db *db, const char *user_id, const char *pieces,
			     struct segment_estimate *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_SEGMENT_ESTIMATE, PARAMS(user_id, pieces), &rows));
	*ret = (struct segment_estimate){
		.billed = strtoll(rows_get(rows, 0, 0), NULL, 10),
		.seconds = strtod(rows_get(rows, 0, 1), NULL),
	};
	return NULL;
}
