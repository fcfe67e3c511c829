/*
 * A run in progress: what its steps have given, and how a step is run and logged.
 *
 * Steps of one run are run by several threads. What is shared, `results` and all below it, is
 * touched under the lock only; JSON objects are copied under it, since json-c's reference counts
 * are not atomic.
 */
#pragma once
#include "jobs/engine.h"
#include "jobs/nodes/graph.h"

#include <pthread.h>

enum node_status {
	NODE_WAITING,
	NODE_RUNNING,
	NODE_DONE,
	NODE_FAILED,
	NODE_SKIPPED, /* stands on a branch that was not taken */
	NODE_BLOCKED, /* depends on what failed */
};

struct node_result {
	enum node_status status;
	struct json_object *output; /* of NODE_DONE */
};

struct run {
	const struct engine *engine;
	const struct execution_claim
		*claim; /* NULL for a node that is tried alone: nothing is logged */
	const char *user_id, *run_id;
	struct graph graph;
	int64_t deadline_ms; /* of the whole run, monotonic */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct node_result
		*results; /* of the nodes outside of loops; of those inside, a list by item */
	struct json_object *kept; /* outputs from before of steps inside loops, by step_name */
	int running, steps;
	size_t output_bytes;
	bool failed, cancelled, finished; /* finished: its end is written */
	char *error;                      /* the first failed step's */
	struct err *broke; /* why the run cannot go on: a lost claim, the database; the first */
};

void run_open(struct run *r, const struct engine *engine, const struct execution_claim *claim);
void run_close(struct run *r);

/* True once no further step is to be started. Call with the lock held. */
bool run_is_over(const struct run *r);

/* How it has ended, if nothing runs any more. Call with the lock held while others may run. */
enum engine_result run_result(const struct run *r);

/* A write to the database, as run_persist repeats it. */
typedef struct err *run_write(struct run *r, struct db *db, void *arg);

/* Does a write; waits up to a minute for a database that is away, so that no paid work is lost. */
must_check struct err *run_persist(struct run *r, run_write *write, void *arg);

/*
 * Where a node runs: outside of any loop, or for one item of a loop. `results` are the body's own
 * then, one a node of the graph; what is outside of the body is looked up in the run.
 */
struct scope {
	struct run *run;
	struct node_result *results; /* NULL outside of loops */
	size_t loop;
	int iteration;            /* from 1; 0 outside */
	struct json_object *item; /* what the loop gives this time; borrowed */
};

/* What is to be done with a node now. */
enum decision { DECIDE_WAIT, DECIDE_RUN, DECIDE_SKIP, DECIDE_BLOCK };

/* Decides by the node's sources. Call with the run's lock held. */
enum decision scope_decide(const struct scope *s, size_t index);

/* The inputs of a node, by source: a copy, which the caller owns. Call with the lock held. */
struct json_object *scope_inputs(const struct scope *s, size_t index);

/* The node's result in this scope. Call with the lock held where that is the run's. */
struct node_result *scope_result(const struct scope *s, size_t node);

/*
 * Runs a node with this thread's `http` and logs it, trying again as its settings say; a loop runs
 * its body too. The result is stored in the scope. What breaks the run is noted in it.
 */
void step_run(const struct scope *s, size_t node, struct http *http);

/* Runs a node as step_run does, but gives the step log as JSON, which the caller frees. */
char *step_try(const struct scope *s, size_t node, struct http *http);

/* Under which name `kept` holds a step inside a loop; the caller frees it. */
char *step_name(const char *node_id, int iteration) __attribute__((returns_nonnull));

/*
 * Runs the body of loop `node` for each of the `items` of its output, and replaces those by what
 * came out. The run's lock is not held. Fails as the first step that failed, or with ERR_CANCELLED
 * where `stop` is due before the next item.
 */
must_check struct err *loop_run(struct run *r, size_t node, struct http *http,
				const struct stop *stop, struct json_object *output);

/*
 * True where no node can run any more, if none is running. Settles those that will not. Call with
 * the lock held.
 */
bool crew_is_done(struct run *r);

/* Runs every step of the graph that can run, on this thread and up to `parallelism` - 1 others. */
void crew_run(struct run *r, int parallelism);
