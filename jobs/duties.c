#include "jobs/duties.h"

#include "jobs/assignment.h"
#include "jobs/base/clock.h"
#include "jobs/base/log.h"
#include "jobs/enqueue.h"
#include "jobs/model/idempotency.h"
#include "jobs/schedules.h"

#include <stdbool.h>

enum { OVERDUE_S = 10 }; /* how long an execution may wait before the queue is doubted */

/* Jobs whose worker died. */
static struct err *recover_jobs(const struct duties *d)
{
	int count = 0;
	return queue_recover(d->queue, QUEUE_MAX_STALLED, QUEUE_CHECK_MS, &count);
}

/* Executions that the queue should hold, but lost. */
static struct err *reconcile(const struct duties *d)
{
	int count = 0;
	struct db *db = db_pool_get(d->services->pool);
	struct err *e = enqueue_overdue(d->queue, db, OVERDUE_S, &count);
	db_pool_put(d->services->pool, db);
	if (count > 0)
		log_info("put %d executions into the queue that it had lost", count);
	return e;
}

static struct err *fire_schedules(const struct duties *d)
{
	return schedules_fire(d->services, d->queue, clock_ms());
}

static struct err *sweep_idempotency(const struct duties *d)
{
	struct db *db = db_pool_get(d->services->pool);
	struct err *e = idempotency_sweep(db);
	db_pool_put(d->services->pool, db);
	return e;
}

static const struct {
	const char *name;
	int64_t every_ms;
	bool of_queue;
	struct err *(*run)(const struct duties *d);
} duties[DUTIES] = {
	{ "looking for stalled jobs", QUEUE_CHECK_MS, true, recover_jobs },
	{ "comparing the queue with the database", 15000, true, reconcile },
	{ "firing schedules", 5000, false, fire_schedules },
	{ "deleting old idempotency keys", 3600000, false, sweep_idempotency },
};

void duties_run(struct duties *d)
{
	int64_t now = clock_monotonic_ms();
	for (int i = 0; i < DUTIES; i++) {
		if (now < d->next_ms[i] || (duties[i].of_queue && !d->queue))
			continue;
		d->next_ms[i] = now + duties[i].every_ms;
		assignment_survive(duties[i].run(d), duties[i].name);
	}
}
