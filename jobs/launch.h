/*
 * Starting executions, whoever asks for it: the graph is checked, the execution written with its
 * steps and its outbox row, and then handed to whoever runs it.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/model/execution.h"
#include "jobs/queue/queue.h"
#include "jobs/runner.h"

/*
 * Writes an execution of `plan`, whose steps are filled in from its graph; ret->json is the
 * execution as the API shows it. ERR_INVALID where the graph cannot be run,
 * with every fault in err_details.
 */
must_check struct err *launch(struct db *db, const struct execution_plan *plan,
			      struct execution_created *ret);

/*
 * Tells of an execution, once its transaction holds, whoever is to run it: the queue, or without
 * one this process's runner; with both NULL whichever runner looks into the database next. A queue
 * that is away is logged only: the outbox has the execution.
 */
void launch_hand_over(struct queue *queue, struct runner *runner,
		      const struct execution_ticket *ticket);
