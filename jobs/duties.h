/* What a runner does beside the jobs: looking after the queue, the schedules, and what is kept. */
#pragma once
#include "jobs/io/services.h"
#include "jobs/queue/queue.h"

#include <stdint.h>

enum { DUTIES = 4 };

struct duties {
	const struct services *services;
	struct queue *queue;     /* NULL: what concerns it is left out */
	int64_t next_ms[DUTIES]; /* when each is due, monotonic; 0 at first: all at once */
};

/* Does what is due. Errors are logged; what failed is done again when it is due again. */
void duties_run(struct duties *d);
