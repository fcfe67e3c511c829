/*
 * Trigger nodes, as they stand in a workflow's JSON, which need not be a graph that can be run.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

#include <json-c/json.h>
#include <stdint.h>

/*
 * Brings a workflow's schedules and hooks in step with its nodes and status; `workflow` is the
 * workflow as the API shows it. To be called in the transaction that changes it. Schedules that
 * cannot be read, or are never due, are left out: saving is not the moment to refuse them.
 */
must_check struct err *triggers_sync(struct db *db, const char *workflow, int64_t now_ms);

/*
 * The enabled node of that id and type among a workflow's nodes (an array), borrowed; NULL where
 * there is none.
 */
struct json_object *trigger_find(struct json_object *nodes, const char *id, const char *type);

/* Its settings, borrowed; NULL for none. */
struct json_object *trigger_config(struct json_object *node);
