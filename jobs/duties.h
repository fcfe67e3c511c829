/* What a runner does beside the jobs: looking after the queue, the schedules, and what is kept. */
#pragma once
#include "jobs/io/services.h"
#include "jobs/queue/queue.h"

#include <stddef.h>
#include <stdint.h>

struct duties {
	const struct services *services;
	struct queue *queue; /* NULL: what concerns it is left out */
};

enum { DUTIES = 6 };

struct duty {
	const char *name;    /* one word, for the command line */
	const char *help;    /* what it does */
	const char *counted; /* what it counts, as "3 jobs recovered" */
	int64_t every_ms;    /* how often a runner does it */
	bool of_queue;       /* there is nothing to do without one */
	struct err *(*run)(const struct duties *d, int *ret_count);
};
extern const struct duty duty_table[DUTIES];

/* The duty of that name; NULL where there is none. */
const struct duty *duty_find(const char *name);

/* When each is due, monotonic; 0 at first: all at once. */
struct duty_times {
	int64_t next_ms[DUTIES];
};

/* Does what is due. Errors are logged; what failed is done again when it is due again. */
void duties_run(const struct duties *d, struct duty_times *times);
