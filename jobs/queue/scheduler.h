/*
 * BullMQ's job schedulers ("repeat"): when the next job of one is due. Whoever takes a job of a
 * scheduler adds the next one before it runs the job; the chain ends where nobody does.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/queue/job.h"

#include <stdint.h>

struct scheduler_next {
	int64_t due_ms; /* since the epoch */
	char *opts;     /* of the next job, as JSON; NULL where the scheduler has reached its end */
};

/* Now, since the epoch, and by how much the scheduler's jobs are off the multiples of its distance.
 */
struct scheduler_times {
	int64_t now_ms, offset_ms;
};

/*
 * What follows `job`, which some scheduler made. Fixed distances (`every`)
 * and cron patterns of five fields are known; ERR_INVALID for others, and for the repeatable jobs
 * that came before schedulers. scheduler_next_clear frees *ret.
 */
must_check struct err *scheduler_next(const struct queue_job *job,
				      const struct scheduler_times *times,
				      struct scheduler_next *ret);
void scheduler_next_clear(struct scheduler_next *n);
