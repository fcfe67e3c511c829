/*
 * Executions and their steps: what the users poll, and what runs.
 *
 * Whoever runs an execution holds a claim on it: a number that every write carries, and a lease
 * that has to be renewed. A write under a claim that has been lost is ERR_CANCELLED and changes
 * nothing. JSON is the wire's; the caller frees it.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"
#include "jobs/io/db.h"

#include <stdbool.h>
#include <stdint.h>

#define EXECUTION_LEASE_S "60" /* a claim lasts so many seconds unless renewed */

/* What a new execution runs on; all borrowed, optional ones NULL. */
struct execution_plan {
	const char *workflow_id, *user_id;
	const char *nodes, *edges; /* the snapshot, as JSON text */
	const char *steps;         /* array of {nodeId,nodeType,nodeTitle} in running order */
	const char *request_id;
	const char *trigger;  /* what started it, as the trigger's output has it; JSON text */
	const char *rerun_of; /* the execution that this one repeats */
	const char *keep; /* of its steps: array of {nodeId, iterations}, as rerun_plan makes it */
};

/* Writes execution, steps and outbox row at once; *ret_id is the new execution's. */
must_check struct err *execution_create(struct db *db, const struct execution_plan *plan,
					char ret_id[static ID_SIZE], char **ret_json);

/* An execution's own snapshot, status and workflow, for a rerun. execution_graph_clear frees it. */
struct execution_graph {
	char *status, *nodes, *edges, *workflow_id;
	char *trigger; /* NULL where a person started it */
};
must_check struct err *execution_graph(struct db *db, const char *user_id, const char *id,
				       struct execution_graph *ret);
void execution_graph_clear(struct execution_graph *g);

/* The newest 50 of a workflow; one; ask a running one to stop. */
must_check struct err *execution_list(struct db *db, const char *user_id, const char *workflow_id,
				      char **ret_json);
must_check struct err *execution_get(struct db *db, const char *user_id, const char *workflow_id,
				     const char *id, char **ret_json);
must_check struct err *execution_cancel(struct db *db, const char *user_id, const char *workflow_id,
					const char *id);

/* An execution in hand. execution_claim_clear frees it. */
struct execution_claim {
	char id[ID_SIZE], number[12]; /* the claim's number, as text for statements */
	char *workflow_id, *user_id, *nodes, *edges;
	char *request_id, *trigger; /* NULL where there is none */
	int crashes;                /* how often a runner died with it */
	int64_t age_ms;             /* since it was started */
};

enum claim_result {
	CLAIM_TAKEN,
	CLAIM_BUSY, /* somebody else holds it */
	CLAIM_OVER, /* it has ended, or does not exist */
};

/* Tries to take execution `id` for `runner`; *ret is filled on CLAIM_TAKEN only. */
must_check struct err *execution_claim(struct db *db, const char *id, const char *runner,
				       struct execution_claim *ret, enum claim_result *ret_result);
void execution_claim_clear(struct execution_claim *c);

/* The oldest execution that waits to be claimed, for runs without a queue; "" for none. */
must_check struct err *execution_next(struct db *db, char ret_id[static ID_SIZE]);

/* Extends the lease; *ret_cancel tells that the user asked for the end. */
must_check struct err *execution_renew(struct db *db, const struct execution_claim *c,
				       bool *ret_cancel);

/* Leaves it for another runner: running steps become idle again. A lost claim is no error. */
must_check struct err *execution_give_back(struct db *db, const struct execution_claim *c);

/* Ends it as COMPLETED, FAILED (with its error) or CANCELLED. */
must_check struct err *execution_finish(struct db *db, const struct execution_claim *c,
					const char *status, const char *error);

/* Rows of (id, workflow id, user id) that wait longer than `seconds` for a claim; freed by the
 * caller. */
must_check struct err *execution_overdue(struct db *db, int seconds, struct rows **ret);

/* Rows of (node id) of the nodes that have a successful step. */
must_check struct err *execution_successes(struct db *db, const char *user_id, const char *id,
					   struct rows **ret);

/* Rows of (node id, iteration, output) of the steps that have succeeded. */
must_check struct err *execution_outputs(struct db *db, const char *user_id, const char *id,
					 struct rows **ret);

/* What the steps of a workflow's latest execution gave: an object by node id, as JSON text. */
must_check struct err *execution_last_outputs(struct db *db, const char *user_id,
					      const char *workflow_id, char **ret_json);

/* Which step: a node's, or one of its runs inside a loop. All borrowed. */
struct step_key {
	const char *node_id, *node_type, *node_title;
	size_t position; /* in the log, from 1 */
	int iteration;   /* from 1 inside a loop; 0 outside */
};

/* How a step ended. All borrowed; NULL for what there is none of. */
struct step_end {
	bool failed;
	int attempts;
	int64_t duration_ms;
	const char *output, *error, *error_stack, *cost,
		*notes; /* output, cost, notes: JSON text */
};

/* *ret_cancel tells that the user has asked for the end: the step must not be run then. */
must_check struct err *step_start(struct db *db, const struct execution_claim *c,
				  const struct step_key *key, const char *input, bool *ret_cancel);
must_check struct err *step_finish(struct db *db, const struct execution_claim *c,
				   const struct step_key *key, const struct step_end *end);

/* How far a running step is: `done` of `total` segments. A lost claim is no error. */
must_check struct err *step_progress(struct db *db, const struct execution_claim *c,
				     const struct step_key *key, int done, int total);
