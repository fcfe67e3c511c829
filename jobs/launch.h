/*
 * Starting executions, whoever asks for it: the graph is checked, the execution written with its
 * steps and its outbox row, and handed to whoever runs it.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/model/execution.h"
#include "jobs/queue/queue.h"
#include "jobs/runner.h"

/* Where executions go: to the queue, or without one to this process's runner, or (both NULL) to
 * whichever runner looks into the database next. Borrowed. */
struct launcher {
	struct db *db;
	struct queue *queue;
	struct runner *runner;
};

/*
 * Starts an execution of `plan`, whose steps are filled in from its graph; ret->json is the
 * execution as the API shows it. ERR_INVALID where the graph cannot be run,
 * with every fault in err_details. A queue that is away is no error: the outbox has the execution.
 */
must_check struct err *launch(const struct launcher *l, const struct execution_plan *plan,
			      struct execution_created *ret);
