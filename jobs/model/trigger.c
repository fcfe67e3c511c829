#include "jobs/model/trigger.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <stdlib.h>

struct err *triggers_put(struct db *db, const char *workflow_id, const char *schedules,
			 const char *hooks)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_TRIGGERS_SYNC, PARAMS(workflow_id, schedules, hooks), &rows);
}

struct err *schedule_due(struct db *db, const char *now, struct schedule *ret, bool *ret_found)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_SCHEDULE_DUE, PARAMS(now), &rows));
	*ret_found = rows_count(rows) > 0;
	if (!*ret_found)
		return NULL;
	*ret = (struct schedule){
		.workflow_id = mem_strdup(rows_get(rows, 0, 0)),
		.node_id = mem_strdup(rows_get(rows, 0, 1)),
		.cron = mem_strdup(rows_get(rows, 0, 2)),
		.timezone = mem_strdup(rows_get(rows, 0, 3)),
		.due_at = mem_strdup(rows_get(rows, 0, 4)),
		.user_id = mem_strdup(rows_get(rows, 0, 5)),
		.nodes = mem_strdup(rows_get(rows, 0, 6)),
		.edges = mem_strdup(rows_get(rows, 0, 7)),
	};
	return NULL;
}

void schedule_clear(struct schedule *s)
{
	free(s->workflow_id);
	free(s->node_id);
	free(s->cron);
	free(s->timezone);
	free(s->due_at);
	free(s->user_id);
	free(s->nodes);
	free(s->edges);
	*s = (struct schedule){ 0 };
}

struct err *schedule_fired(struct db *db, const struct schedule *s, const char *now,
			   const char *next)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	if (!next)
		return db_query(db, &Q_SCHEDULE_DROP, PARAMS(s->workflow_id, s->node_id, s->due_at),
				&rows);
	return db_query(db, &Q_SCHEDULE_FIRED,
			PARAMS(s->workflow_id, s->node_id, s->due_at, next, now), &rows);
}

struct err *hook_get(struct db *db, const char *id, struct hook *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_HOOK_GET, PARAMS(id), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "Hook not found");
	*ret = (struct hook){
		.workflow_id = mem_strdup(rows_get(rows, 0, 0)),
		.user_id = mem_strdup(rows_get(rows, 0, 1)),
		.nodes = mem_strdup(rows_get(rows, 0, 2)),
		.edges = mem_strdup(rows_get(rows, 0, 3)),
		.node_id = mem_strdup(rows_get(rows, 0, 4)),
	};
	return NULL;
}

void hook_clear(struct hook *h)
{
	free(h->workflow_id);
	free(h->user_id);
	free(h->nodes);
	free(h->edges);
	free(h->node_id);
	*h = (struct hook){ 0 };
}

struct err *hook_list(struct db *db, const char *workflow_id, struct rows **ret)
{
	return db_query(db, &Q_HOOK_LIST, PARAMS(workflow_id), ret);
}
