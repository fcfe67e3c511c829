#include "jobs/assignment.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/engine.h"

#include <stdlib.h>

enum {
	BUSY_RETRY_MS = 5000, /* when another runner still holds the claim */
	MAX_CRASHES = 3,      /* of runners with one execution, before it is given up */
};

void assignment_survive(struct err *e, const char *doing)
{
	if (!e)
		return;
	cleanup(cleanup_free) char *stack = err_stack(e);
	if (err_is_retryable(e))
		log_warn("%s: %s; trying again", doing, err_message(e));
	else
		log_error("%s: %s", doing, stack);
	err_free(e);
}

/* Where the queue's next job goes that comes with the end of this one. */
static struct queue_fetched *place_for_next(const struct assignment *a, struct queue_fetched *f)
{
	return a->takes_next ? f : NULL;
}

static struct json_object *result_of(const char *status)
{
	struct json_object *result = json_object_new_object();
	js_set_string(result, "status", status);
	return result;
}

static void complete_job(struct assignment *a, const char *status)
{
	enum queue_result result;
	struct queue_fetched f = { 0 };
	cleanup(cleanup_json) struct json_object *value = result_of(status);
	assignment_survive(queue_complete(a->queue, a->job, value, place_for_next(a, &f), &result),
			   "completing a job");
	a->next = f.job;
}

static void fail_job(struct assignment *a, const char *reason, const char *stack)
{
	enum queue_result result;
	struct queue_fetched f = { 0 };
	const struct queue_failure failure = { reason, stack };
	assignment_survive(queue_fail(a->queue, a->job, &failure, place_for_next(a, &f), &result),
			   "failing a job");
	a->next = f.job;
}

static void retry_job(struct queue *queue, const struct queue_job *job,
		      const struct queue_failure *failure, int64_t delay_ms)
{
	enum queue_result result;
	assignment_survive(queue_retry(queue, job, failure, delay_ms, &result), "retrying a job");
}

void assignment_defer_job(struct queue *queue, const struct queue_job *job)
{
	static const struct queue_failure busy = {
		"Another runner still holds this execution",
		"Error: Another runner still holds this execution\n    at voiceover-jobs",
	};
	retry_job(queue, job, &busy, BUSY_RETRY_MS);
}

void assignment_drop_job(struct queue *queue, const struct queue_job *job)
{
	enum queue_result result;
	cleanup(cleanup_json) struct json_object *value = result_of("OVER");
	assignment_survive(queue_complete(queue, job, value, NULL, &result), "dropping a job");
}

void assignment_refuse_job(struct queue *queue, const struct queue_job *job, const char *reason)
{
	enum queue_result result;
	cleanup(cleanup_free) char *stack = mem_printf("Error: %s\n    at voiceover-jobs", reason);
	const struct queue_failure failure = { reason, stack };
	assignment_survive(queue_fail(queue, job, &failure, NULL, &result), "refusing a job");
}

void assignment_return_job(struct queue *queue, const struct queue_job *job)
{
	enum queue_result result;
	assignment_survive(queue_give_back(queue, job, &result), "giving a job back");
}

static void give_execution_back(struct assignment *a)
{
	assignment_survive(execution_give_back(a->services->db, &a->claim),
			   "giving an execution back");
}

/*
 * Ends an execution that cannot be run, whatever the reason; its job only once that is recorded,
 * since nobody would look for it again otherwise.
 */
static enum assignment_end give_up(struct assignment *a, const char *reason, const char *stack)
{
	struct err *e = execution_finish(a->services->db, &a->claim, "FAILED", reason, NULL, NULL);
	bool recorded = !e || err_kind(e) == ERR_CANCELLED;
	assignment_survive(e, "failing an execution");
	if (a->job && recorded)
		fail_job(a, reason, stack);
	else if (a->job)
		assignment_return_job(a->queue, a->job);
	return recorded ? ASSIGNMENT_FAILED : ASSIGNMENT_RETURNED;
}

static enum assignment_end ended(struct assignment *a, enum engine_result result, const char *error)
{
	static const enum assignment_end ends[] = {
		[ENGINE_COMPLETED] = ASSIGNMENT_COMPLETED,
		[ENGINE_FAILED] = ASSIGNMENT_FAILED,
		[ENGINE_CANCELLED] = ASSIGNMENT_CANCELLED,
	};
	const char *name = engine_result_name(result);
	log_info("execution %s ended: %s", a->claim.id, name);
	FAULT_POINT("run", "end", "after");
	if (a->job && result == ENGINE_FAILED) {
		cleanup(cleanup_free) char *stack = mem_printf("Error: %s", error);
		fail_job(a, error, stack);
	} else if (a->job) {
		complete_job(a, name);
	}
	return ends[result];
}

/* The run broke off: by a stop, a lost claim, a database that stayed away, or a bug. */
static enum assignment_end broke_off(struct assignment *a, const struct err *e)
{
	log_warn("execution %s broke off: %s", a->claim.id, err_message(e));
	cleanup(cleanup_free) char *stack = err_stack(e);
	int64_t delay = a->job ? queue_job_retry_delay(a->job) : -1;
	bool passing = err_kind(e) == ERR_CANCELLED || err_is_retryable(e);
	if (!passing && delay < 0)
		return give_up(a, err_message(e), stack);
	give_execution_back(a);
	const struct queue_failure failure = { err_message(e), stack };
	if (!passing)
		retry_job(a->queue, a->job, &failure, delay);
	else if (a->job)
		assignment_return_job(a->queue, a->job);
	return passing ? ASSIGNMENT_RETURNED : ASSIGNMENT_RETRIED;
}

enum assignment_end assignment_run(struct assignment *a, struct http *http)
{
	const char *failure = !a->job                    ? NULL
			      : a->job->deferred_failure ? a->job->deferred_failure
							 : a->job->poison;
	if (!failure && a->claim.crashes >= MAX_CRASHES)
		failure = "This run was left unfinished three times, by a program that ended or a "
			  "database that stayed away, so it is not tried again; look at the step "
			  "that "
			  "was running then";
	if (failure)
		return give_up(a, failure, failure);
	const struct engine engine = {
		.services = a->services,
		.http = http,
		.cancel = &a->cancel,
		.by_user = &a->by_user,
		.log_context = a->claim.request_id ? a->claim.request_id : a->claim.id,
	};
	enum engine_result result;
	cleanup(cleanup_free) char *error = NULL;
	log_info("execution %s starts (claim %s)", a->claim.id, a->claim.number);
	FAULT_POINT("run", "start", "before");
	cleanup(cleanup_err) struct err *e = engine_run(&engine, &a->claim, &result, &error);
	return e ? broke_off(a, e) : ended(a, result, error);
}

void assignment_clear(struct assignment *a)
{
	execution_claim_clear(&a->claim);
	queue_job_free(a->job);
	a->job = a->next = NULL;
}
