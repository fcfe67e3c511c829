/*
 * Executions that another program has put into the queue without writing them down: a job's data
 * then holds all that is needed. Beside executionId, workflowId, userId, nodes and edges it may
 * hold what earlier steps have yielded ("priorOutputs", also "previousOutputs" or "stepOutputs": an
 * object of outputs by node id), and where to begin ("startStep", also "startFromStep" or
 * "startStepIndex": how many steps of the running order are left out, or a node's id).
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"
#include "jobs/queue/job.h"

#include <json-c/json.h>

/* Whether the job brings its graph with it. */
bool foreign_has_graph(struct json_object *data);

/*
 * Writes down the execution that a job brings, unless there is one of its id already. Steps
 * that come with an output and lie before the begin have succeeded. ERR_INVALID or ERR_NOT_FOUND,
 * with a sentence for whoever added the job, where it cannot be run here.
 */
must_check struct err *foreign_admit(struct db *db, struct json_object *data);
