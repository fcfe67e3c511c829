/*
 * Reruns: which steps of a failed execution are kept in the next one, and which run again.
 *
 * Kept is what succeeded, unless it has to run again: because the user says so, because it was
 * changed since (in a rerun on the current graph), or because something before it runs again.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/model/execution.h"
#include "jobs/nodes/graph.h"

/* How a rerun goes. */
struct rerun_options {
	bool from_start;       /* nothing is kept */
	const char *from_node; /* this node and what comes after it run again; or NULL */
};

struct rerun_plan {
	char *keep;    /* for execution_plan, as JSON text */
	char *changes; /* array of {nodeId, change: "changed" | "removed" | "added"}, as JSON text
			*/
};

/*
 * Plans the rerun of an execution that ran on `old` and whose nodes `succeeded` (rows of node ids)
 * on the graph `now`, which may be the same. ERR_INVALID where from_node is not in the graph.
 * rerun_plan_clear frees *ret.
 */
must_check struct err *rerun_plan(const struct graph *old, const struct graph *now,
				  const struct rows *succeeded, const struct rerun_options *options,
				  struct rerun_plan *ret);
void rerun_plan_clear(struct rerun_plan *p);
