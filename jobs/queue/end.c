/* The ways in which a job's try ends. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/queue/internal.h"

#include <stdlib.h>

/* The arguments of a script that ends a job's try. */
static struct redis_args begin_end(const struct queue *q, const struct queue_job *job)
{
	struct redis_args args = queue_args(q);
	redis_arg(&args, job->id);
	redis_arg(&args, job->token);
	return args;
}

/* Ends a job for good, and takes the next one where `ret_next` is given. */
static struct err *finish(struct queue *q, const struct queue_job *job, struct redis_args *args,
			  const struct policy_keep *keep, struct queue_fetched *ret_next,
			  enum queue_result *ret)
{
	redis_arg_int(args, keep->count);
	redis_arg_int(args, keep->seconds);
	redis_arg_int(args, keep->limit);
	redis_arg_int(args, job->policy.attempts);
	redis_arg_int(args, q->metrics_minutes);
	if (ret_next)
		redis_arg_int(args, job->lock_ms);
	else
		redis_arg(args, "");
	redis_arg(args, q->worker);
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(queue_run(q, SCRIPT_FINISH, args, &reply));
	if (ret_next)
		*ret_next = (struct queue_fetched){ .state = QUEUE_EMPTY };
	*ret = reply->type == REDIS_REPLY_INTEGER ? queue_result_of(reply->integer) : QUEUE_DONE;
	if (ret_next && reply->type == REDIS_REPLY_ARRAY)
		queue_take(q, take(reply), job->token, job->lock_ms, ret_next);
	return NULL;
}

struct err *queue_complete(struct queue *q, const struct queue_job *job, struct json_object *value,
			   struct queue_fetched *ret_next, enum queue_result *ret)
{
	cleanup(cleanup_free) char *text = js_text(value);
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	redis_arg(&args, "completed");
	redis_arg(&args, text);
	redis_arg(&args, "");
	return finish(q, job, &args, &job->policy.keep_completed, ret_next, ret);
}

static void add_failure(struct redis_args *args, const struct queue_job *job,
			const struct queue_failure *failure)
{
	cleanup(cleanup_free) char *reason = policy_utf8(failure->reason);
	cleanup(cleanup_free) char *stacks = policy_stacks(queue_job_field(job, FIELD_STACKTRACE),
							   failure->stack, job->policy.stack_limit);
	redis_arg(args, reason);
	redis_arg(args, stacks);
}

struct err *queue_fail(struct queue *q, const struct queue_job *job,
		       const struct queue_failure *failure, struct queue_fetched *ret_next,
		       enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	redis_arg(&args, "failed");
	add_failure(&args, job, failure);
	return finish(q, job, &args, &job->policy.keep_failed, ret_next, ret);
}

struct err *queue_retry(struct queue *q, const struct queue_job *job,
			const struct queue_failure *failure, int64_t delay_ms,
			enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	if (delay_ms > 0)
		redis_arg_int(&args, delay_ms);
	else
		redis_arg(&args, queue_side(&job->policy));
	add_failure(&args, job, failure);
	return queue_run_result(q, delay_ms > 0 ? SCRIPT_RETRY_LATER : SCRIPT_RETRY_NOW, &args,
				ret);
}

struct err *queue_give_back(struct queue *q, const struct queue_job *job, enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = begin_end(q, job);
	return queue_run_result(q, SCRIPT_GIVE_BACK, &args, ret);
}
