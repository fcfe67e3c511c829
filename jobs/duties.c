#include "jobs/duties.h"

#include "jobs/assignment.h"
#include "jobs/base/clock.h"
#include "jobs/base/log.h"
#include "jobs/enqueue.h"
#include "jobs/io/spool.h"
#include "jobs/model/execution.h"
#include "jobs/model/idempotency.h"
#include "jobs/schedules.h"

#include <stdio.h>
#include <string.h>

enum {
	OVERDUE_S = 5,            /* how long an execution may wait before the queue is doubted */
	CHECK_MS = 10000,         /* a lock lasts 30 s, and two checks have to miss it */
	MAX_STALLED = 5,          /* the execution's own count of crashes ends it before */
	SPOOLED_S = 24 * 60 * 60, /* no upload takes so long */
	HOUR_MS = 60 * 60 * 1000,
	MAX_SWEEPS = 1000, /* of a thousand executions, one after the other */
};

/* Jobs whose worker died; and whether the server may forget what it is told. */
static struct err *recover_jobs(const struct duties *d, int *ret_count)
{
	return queue_recover(d->queue, MAX_STALLED, CHECK_MS, ret_count);
}

static struct err *check_eviction(const struct duties *d, int *ret_count)
{
	char policy[QUEUE_POLICY_SIZE];
	TRY(queue_eviction_policy(d->queue, policy));
	*ret_count = *policy && strcmp(policy, "noeviction") != 0;
	if (*ret_count)
		log_warn("Redis may drop jobs when its memory is full (maxmemory-policy %s): set "
			 "it to noeviction",
			 policy);
	return NULL;
}

/* Executions that the queue should hold, but does not. One that ends while this looks may be put
 * there too; whoever takes it finds that, and drops it. */
static struct err *reconcile(const struct duties *d, int *ret_count)
{
	struct err *e = enqueue_overdue(d->queue, d->services->db, OVERDUE_S, ret_count);
	if (*ret_count > 0)
		log_info("put %d executions into the queue that it did not have", *ret_count);
	return e;
}

static struct err *fire_schedules(const struct duties *d, int *ret_count)
{
	return schedules_fire(d->services, d->queue, clock_ms(), ret_count);
}

/* What is kept only for a time: idempotency keys, and executions where that is wanted. */
static struct err *retain(const struct duties *d, int *ret_count)
{
	struct db *db = d->services->db;
	int days = d->services->conf->retention_days;
	TRY(idempotency_sweep(db));
	int count = days > 0 ? 1 : 0;
	for (int i = 0; i < MAX_SWEEPS && count > 0; i++) {
		TRY(execution_sweep(db, days, &count));
		*ret_count += count;
	}
	return NULL;
}

static struct err *sweep_uploads(const struct duties *d, int *ret_count)
{
	return spool_sweep(d->services->conf->upload_spool, SPOOLED_S, ret_count);
}

const struct duty duty_table[DUTIES] = {
	{ "stalled", "make jobs ready again whose runner is gone", "jobs recovered", CHECK_MS, true,
	  recover_jobs },
	{ "eviction", "warn where Redis may drop jobs when its memory is full", "warnings", HOUR_MS,
	  true, check_eviction },
	{ "reconcile", "put into the queue what it should hold but does not", "executions added",
	  10000, true, reconcile },
	{ "schedules", "start the workflows whose schedule is due", "executions started", 5000,
	  false, fire_schedules },
	{ "retention", "delete old idempotency keys, and executions older than RETENTION_DAYS",
	  "executions deleted", HOUR_MS, false, retain },
	{ "sweep", "delete what a crash of nginx left in UPLOAD_SPOOL", "files deleted", HOUR_MS,
	  false, sweep_uploads },
};

const struct duty *duty_find(const char *name)
{
	for (int i = 0; i < DUTIES; i++)
		if (strcmp(duty_table[i].name, name) == 0)
			return &duty_table[i];
	return NULL;
}

void duties_run(const struct duties *d, struct duty_times *times)
{
	int64_t now = clock_monotonic_ms();
	for (int i = 0; i < DUTIES; i++) {
		const struct duty *duty = &duty_table[i];
		int count = 0;
		if (now < times->next_ms[i] || (duty->of_queue && !d->queue))
			continue;
		times->next_ms[i] = now + duty->every_ms;
		char doing[40];
		snprintf(doing, sizeof(doing), "duty %s", duty->name);
		assignment_survive(duty->run(d, &count), doing);
	}
}
