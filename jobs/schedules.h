/*
 * Schedules of active workflows, fired by whichever runner looks first.
 *
 * The execution is written and the schedule moved on in one transaction that holds the schedule's
 * lock, so each is fired once however many runners there are. What was missed while none ran is
 * caught up by one execution.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/services.h"
#include "jobs/queue/queue.h"

#include <stdint.h>

/*
 * Fires what is due at `now_ms`, milliseconds since the Unix epoch. Without a queue (NULL) the
 * executions wait in the database. A workflow that cannot run is logged and left until its next
 * time. *ret_count, to which the executions started are added, counts also on failure.
 */
must_check struct err *schedules_fire(const struct services *services, struct queue *queue,
				      int64_t now_ms, int *ret_count);
