/* What starts workflows by itself: the schedules and hooks of their trigger nodes. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"
#include "jobs/io/db.h"

#include <stdbool.h>

/*
 * Brings the rows in step with a workflow: `schedules` is an array of
 * {nodeId,cron,timezone,nextAt}, `hooks` one of node ids, both JSON text. What is unchanged keeps
 * its next time, and its address.
 */
must_check struct err *triggers_put(struct db *db, const char *workflow_id, const char *schedules,
				    const char *hooks);

/* A schedule that is due, of an active workflow. schedule_clear frees it. */
struct schedule {
	char *workflow_id, *node_id, *cron, *timezone;
	char *due_at; /* ISO 8601 */
	char *user_id, *nodes, *edges;
};

/*
 * The schedule that has been due longest at `now` (ISO 8601), locked until the transaction ends;
 * *ret_found is false where there is none that nobody else has locked.
 */
must_check struct err *schedule_due(struct db *db, const char *now, struct schedule *ret,
				    bool *ret_found);
void schedule_clear(struct schedule *s);

/*
 * Notes that it has fired at `now`, and when it does next; with NULL for `next`, never. Nothing
 * where somebody else has noted it already.
 */
must_check struct err *schedule_fired(struct db *db, const struct schedule *s, const char *now,
				      const char *next);

/* The node of an active workflow that an address belongs to. hook_clear frees it. */
struct hook {
	char *workflow_id, *user_id, *nodes, *edges, *node_id;
};

/* ERR_NOT_FOUND where there is no such address, or its workflow is not active. */
must_check struct err *hook_get(struct db *db, const char *id, struct hook *ret);
void hook_clear(struct hook *h);

/* Rows of (node id, address) of a workflow's hooks; freed by the caller. */
must_check struct err *hook_list(struct db *db, const char *workflow_id, struct rows **ret);
