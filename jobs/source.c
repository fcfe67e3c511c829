#include "jobs/source.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/foreign.h"

#include <string.h>

enum { MAX_RACES = 100 }; /* lost to other runners, before the next look is put off */

static struct err *take_from_database(const struct source *s, struct db *db,
				      struct execution_claim *ret, enum taken *ret_taken)
{
	char id[ID_SIZE];
	enum claim_result result = CLAIM_BUSY;
	*ret_taken = TAKEN_NOTHING;
	for (int i = 0; i < MAX_RACES && result != CLAIM_TAKEN; i++) {
		TRY(execution_next(db, id));
		if (!*id)
			return NULL;
		TRY(execution_claim(db, id, s->runner, ret, &result));
	}
	if (result == CLAIM_TAKEN)
		*ret_taken = TAKEN;
	return NULL;
}

static struct err *take_from_queue(const struct source *s, struct queue_job **ret,
				   enum taken *ret_taken, int64_t *ret_until_ms)
{
	static const enum taken taken[] = {
		[QUEUE_JOB] = TAKEN,
		[QUEUE_EMPTY] = TAKEN_NOTHING,
		[QUEUE_DELAYED] = TAKEN_NOTHING,
		[QUEUE_LIMITED] = TAKEN_LIMITED,
	};
	char token[ID_SIZE];
	struct queue_fetched fetched;
	TRY(queue_fetch(s->queue, id_new(token), QUEUE_LOCK_MS, &fetched));
	*ret = fetched.job;
	*ret_taken = taken[fetched.state];
	*ret_until_ms = fetched.at_ms;
	return NULL;
}

enum taken source_take(const struct source *s, struct assignment *ret, int64_t *ret_until_ms)
{
	enum taken taken = TAKEN_TROUBLE;
	struct err *e = NULL;
	*ret_until_ms = 0;
	if (s->queue) {
		e = take_from_queue(s, &ret->job, &taken, ret_until_ms);
	} else {
		e = take_from_database(s, s->services->db, &ret->claim, &taken);
	}
	assignment_survive(e, "taking work");
	return e ? TAKEN_TROUBLE : taken;
}

bool source_wait(const struct source *s, int64_t until_ms)
{
	struct err *e = queue_wait(s->queue, until_ms);
	bool is_fine = !e || err_kind(e) == ERR_CANCELLED;
	if (is_fine)
		err_free(e);
	else
		assignment_survive(e, "waiting for work");
	return is_fine;
}

/* The execution that a job is about: what its data says, or else its id. */
static const char *execution_of(const struct queue_job *job, struct json_object *data)
{
	const char *id = js_string(data, "executionId");
	return id ? id : job->id;
}

/* A job that names another user than the execution has was not made for it. */
static struct err *check_user(struct db *db, const struct execution_claim *claim,
			      struct json_object *data)
{
	const char *user = js_string(data, "userId");
	if (!user || strcmp(user, claim->user_id) == 0)
		return NULL;
	TRY(execution_give_back(db, claim));
	return err_new(ERR_NOT_FOUND, "The user %s has no execution %s", user, claim->id);
}

/*
 * True for a job that somebody has retried by hand after it had failed, in a dashboard: it has been
 * tried, and BullMQ takes the reason off only then.
 */
static bool is_retried_by_hand(const struct queue_job *job)
{
	return job->attempts_made > 0 && !queue_job_field(job, FIELD_FAILED_REASON);
}

static struct err *reopen(struct db *db, const char *id, bool *ret_back)
{
	cleanup(cleanup_rows) struct rows *reopened = NULL;
	TRY(execution_reopen(db, id, &reopened));
	*ret_back = rows_count(reopened) > 0;
	return NULL;
}

static struct err *admit(struct db *db, const char *id, struct json_object *data, bool *ret_back)
{
	cleanup(cleanup_free) char *status = NULL;
	if (id_is_valid(id))
		TRY(execution_status(db, id, &status));
	if (status)
		return NULL;
	*ret_back = true;
	return foreign_admit(db, data);
}

/*
 * An execution that is over, or that nobody knows: one that was retried by hand goes on, one that
 * only the job knows is written down. *ret_back tells that there is something to claim now.
 */
static struct err *bring_back(struct db *db, const struct queue_job *job, struct json_object *data,
			      const char *id, bool *ret_back)
{
	if (id_is_valid(id) && is_retried_by_hand(job))
		TRY(reopen(db, id, ret_back));
	if (!*ret_back && foreign_has_graph(data))
		return admit(db, id, data, ret_back);
	return NULL;
}

static struct err *claim(const struct source *s, struct db *db, const struct queue_job *job,
			 struct execution_claim *ret, enum claim_result *ret_result)
{
	bool is_back = false;
	struct json_object *data = job->content;
	const char *id = execution_of(job, data);
	TRY(execution_claim(db, id, s->runner, ret, ret_result));
	if (*ret_result == CLAIM_OVER)
		TRY(bring_back(db, job, data, id, &is_back));
	if (is_back)
		TRY(execution_claim(db, id, s->runner, ret, ret_result));
	struct err *e = *ret_result == CLAIM_TAKEN ? check_user(db, ret, data) : NULL;
	if (e)
		execution_claim_clear(ret);
	return e;
}

/* What becomes of a job whose execution was not claimed. */
static void settle(const struct source *s, const struct queue_job *job, enum claim_result result)
{
	const char *failure = job->deferred_failure ? job->deferred_failure : job->poison;
	if (failure)
		assignment_refuse_job(s->queue, job, failure);
	else if (result == CLAIM_BUSY)
		assignment_defer_job(s->queue, job);
	else
		assignment_drop_job(s->queue, job);
}

enum taken source_claim(const struct source *s, const struct queue_job *job,
			struct execution_claim *ret)
{
	enum claim_result result = CLAIM_BUSY;
	struct err *e = claim(s, s->services->db, job, ret, &result);
	if (!e && result != CLAIM_TAKEN)
		settle(s, job, result);
	if (!e)
		return result == CLAIM_TAKEN ? TAKEN : TAKEN_NOTHING;
	if (err_kind(e) == ERR_INVALID || err_kind(e) == ERR_NOT_FOUND) {
		log_warn("job %s is refused: %s", job->id, err_message(e));
		assignment_refuse_job(s->queue, job, err_message(e));
		err_free(e);
		return TAKEN_NOTHING;
	}
	assignment_survive(e, "claiming an execution");
	assignment_return_job(s->queue, job);
	return TAKEN_TROUBLE;
}
