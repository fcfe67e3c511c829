#include "jobs/queue/job.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/io/redis_reply.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { REPLY_ID = 1, REPLY_FIELDS = 2 };

static const redisReply *reply_field(const struct queue_job *job, enum queue_field field)
{
	return job->raw->element[REPLY_FIELDS]->element[field];
}

const char *queue_job_field(const struct queue_job *job, enum queue_field field)
{
	return reply_field(job, field)->str;
}

/* The whole part of a numeric field: other clients store what they were given, "10.69" or "-5". */
static int64_t number_field(const struct queue_job *job, enum queue_field field)
{
	const char *text = queue_job_field(job, field);
	return text ? strtoll(text, NULL, 10) : 0;
}

/* JSON of a field, {} where it is absent; notes the poison if it cannot be read. */
static struct json_object *json_field(struct queue_job *job, enum queue_field field,
				      const char *what)
{
	const redisReply *text = reply_field(job, field);
	struct json_object *value = NULL;
	if (!text->str)
		return json_object_new_object();
	cleanup(cleanup_err) struct err *e = js_parse(text->str, text->len, &value);
	if (e && !job->poison)
		job->poison = job->owned_poison =
			mem_printf("The job's %s cannot be read: %s", what, err_message(e));
	return value;
}

static void read_json(struct queue_job *job)
{
	job->content = json_field(job, FIELD_DATA, "data");
	cleanup(cleanup_json) struct json_object *opts = json_field(job, FIELD_OPTS, "opts");
	if (!job->poison && !json_object_is_type(opts, json_type_object))
		job->poison = "The job's opts cannot be read: they are not an object";
	if (job->poison) {
		json_object_put(job->content);
		job->content = NULL;
	}
	job->policy = policy_parse(opts);
}

struct queue_job *queue_job_new(struct redisReply *reply, const char *token, int64_t lock_ms)
{
	struct queue_job *job = mem_alloc(sizeof(*job));
	job->raw = reply;
	job->id = reply->element[REPLY_ID]->str;
	job->token = job->owned_token = mem_strdup(token);
	job->lock_ms = lock_ms;
	const char *name = queue_job_field(job, FIELD_NAME),
		   *data = queue_job_field(job, FIELD_DATA);
	job->name = name ? name : "";
	job->data = data ? data : "{}";
	job->deferred_failure = queue_job_field(job, FIELD_DEFERRED_FAILURE);
	bool is_old = queue_job_field(job, FIELD_ATTEMPTS_MADE_OF_OLD);
	job->attempts_made =
		number_field(job, is_old ? FIELD_ATTEMPTS_MADE_OF_OLD : FIELD_ATTEMPTS_MADE);
	job->attempts_started = number_field(job, FIELD_ATTEMPTS_STARTED);
	job->stalled_count = number_field(job, FIELD_STALLED_COUNT);
	job->priority = number_field(job, FIELD_PRIORITY);
	job->timestamp_ms = number_field(job, FIELD_TIMESTAMP);
	read_json(job);
	return job;
}

void queue_job_free(struct queue_job *job)
{
	if (!job)
		return;
	json_object_put(job->content);
	redis_reply_free(job->raw);
	free(job->owned_token);
	free(job->owned_poison);
	free(job);
}

/* Evenly spread from 0 to 1, without 1. */
static double chance(void)
{
	uint32_t bits = 0;
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		abort();
	return bits / 4294967296.0;
}

int64_t queue_job_retry_delay(const struct queue_job *job)
{
	if (job->poison || job->deferred_failure)
		return -1;
	return policy_retry_delay(&job->policy, job->attempts_made + 1, chance());
}
