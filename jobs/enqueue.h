/* Executions on their way to the queue: jobs named "run", with the execution's id as theirs. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/model/execution.h"
#include "jobs/queue/queue.h"

/* Puts an execution into the queue; one that is there already stays as it is. */
must_check struct err *enqueue_execution(struct queue *queue,
					 const struct execution_ticket *ticket);

/*
 * Puts into the queue what it should hold but may have lost, or taken for finished: executions that
 * have waited for longer than `seconds` without a runner. *ret_restored counts those that were not
 * on their way there.
 */
must_check struct err *enqueue_overdue(struct queue *queue, struct db *db, int seconds,
				       int *ret_restored);
