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

#define EXECUTION_LEASE_S "30" /* a claim lasts so many seconds unless renewed */

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

/* What the queue is told of an execution. */
struct execution_ticket {
	char id[ID_SIZE], workflow_id[ID_SIZE], user_id[ID_SIZE];
	int priority; /* its place among those of all users: 1 first; 0 before all of them */
};

/* A new execution, as the queue and as the API show it; execution_created_clear frees it. */
struct execution_created {
	struct execution_ticket ticket;
	char *json;
};
void execution_created_clear(struct execution_created *c);

/* Writes execution, steps and outbox row at once. */
must_check struct err *execution_create(struct db *db, const struct execution_plan *plan,
					struct execution_created *ret);

/* An execution that is brought from elsewhere, with its id; all borrowed, optional ones NULL. */
struct execution_admission {
	const char *id, *workflow_id, *user_id;
	const char *nodes, *edges, *steps;    /* as in a plan */
	const char *outputs;                  /* by node id; a JSON object */
	const char *start_count, *start_node; /* a step before it that has an output is done */
};

/* Writes it down unless that id is taken. ERR_NOT_FOUND where the user has no such workflow. */
must_check struct err *execution_admit(struct db *db, const struct execution_admission *a);

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
	bool resumes;               /* steps of it may have succeeded before */
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

/*
 * Lets a failed execution go on from its failed steps. *ret is its ticket's row, or none where
 * there is no such execution or it has not failed; freed by the caller.
 */
must_check struct err *execution_reopen(struct db *db, const char *id, struct rows **ret);

/* Cancels an execution that nobody holds a claim on; any other stays as it is. */
must_check struct err *execution_withdraw(struct db *db, const char *id);

/* An execution's status, which the caller frees; NULL where there is none of that id. */
must_check struct err *execution_status(struct db *db, const char *id, char **ret);

/*
 * Ticket rows of the first hundred, by their ids and behind the id `after` (ID_NONE), that wait
 * longer than `seconds` for a claim; freed by the caller.
 */
must_check struct err *execution_overdue(struct db *db, int seconds, const char *after,
					 struct rows **ret);

/* The ticket of a row. */
struct execution_ticket execution_ticket(const struct rows *rows, int row);

/*
 * Deletes up to a thousand executions that ended more than `days` ago, with their steps; the last
 * of each workflow stays, and so does the audio. *ret_count tells how many.
 */
must_check struct err *execution_sweep(struct db *db, int days, int *ret_count);

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

struct step_started {
	bool cancel;        /* the user has asked for the end: the step must not be run */
	int64_t elapsed_ms; /* since it first began, in runs of it that were broken off; else 0 */
};

must_check struct err *step_start(struct db *db, const struct execution_claim *c,
				  const struct step_key *key, const char *input,
				  struct step_started *ret);
must_check struct err *step_finish(struct db *db, const struct execution_claim *c,
				   const struct step_key *key, const struct step_end *end);

/*
 * Ends an execution as COMPLETED, FAILED (with its error) or CANCELLED, and with it its last step
 * `key`, as step_finish does; NULL where that has been written.
 */
must_check struct err *execution_finish(struct db *db, const struct execution_claim *c,
					const char *status, const char *error,
					const struct step_key *key, const struct step_end *end);

/* How far a running step is: `done` of `total` segments. A lost claim is no error. */
must_check struct err *step_progress(struct db *db, const struct execution_claim *c,
				     const struct step_key *key, int done, int total);
