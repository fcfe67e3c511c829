/*
 * The engine: runs a claimed execution, node by node and independent branches side by side, logging
 * each step as it starts and ends.
 *
 * Steps that have succeeded already (before a crash, or in the run that this one is a rerun of)
 * are not run again. A failed node stops what depends on it; the others go on. Of a branching node
 * only the taken branch runs; a node runs if any branch that leads to it does.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/services.h"
#include "jobs/model/execution.h"

#include <stdatomic.h>

enum { ENGINE_MAX_PARALLELISM = 32 };

/* One thread's tools, and the flags that stop it. */
struct engine {
	const struct services *services;
	struct http *http;
	const atomic_bool *cancel; /* stop: outside calls in flight are given up too */
	const atomic_bool
		*by_user;        /* the user asked for it: the run is CANCELLED, not given back */
	const char *log_context; /* for the threads of side branches; or NULL */
};

enum engine_result { ENGINE_COMPLETED, ENGINE_FAILED, ENGINE_CANCELLED };

/* The status of an execution that has ended so. */
const char *engine_result_name(enum engine_result result);

/*
 * Runs the execution to its end and records it. *ret_error is what the execution failed with (the
 * first failed step's), owned by the caller, NULL unless ENGINE_FAILED. Fails with ERR_CANCELLED
 * where it was stopped but the user did not ask for it, or the claim is lost: the caller gives it
 * back; with ERR_UNAVAILABLE where the database stayed away for a minute.
 */
must_check struct err *engine_run(const struct engine *engine, const struct execution_claim *claim,
				  enum engine_result *ret, char **ret_error);

/* A node of a graph to be run alone; `prior_id` is an execution that gives its inputs, or NULL. */
struct engine_trial {
	const char *user_id;
	const char *nodes, *edges; /* the graph, as JSON text */
	const char *node_id, *prior_id;
	int64_t max_ms; /* how long it may take */
};

/*
 * Runs it, with the outputs of the prior execution's successful steps as inputs, and gives its step
 * log as JSON, which the caller frees. A failing node is a step log with its error, not an error.
 * ERR_NOT_FOUND where the graph has no such node.
 */
must_check struct err *engine_run_node(const struct engine *engine,
				       const struct engine_trial *trial, char **ret_step);
