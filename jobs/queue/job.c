#include "jobs/queue/job.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { REPLY_ID = 1, REPLY_FIELDS = 2 };

const char *queue_job_field(const struct queue_job *job, const char *name)
{
	const redisReply *fields = job->raw->element[REPLY_FIELDS];
	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (strcmp(fields->element[i]->str, name) == 0)
			return fields->element[i + 1]->str;
	return NULL;
}

/* The whole part of a numeric field: other clients store what they were given, "10.69" or "-5". */
static int64_t number_field(const struct queue_job *job, const char *name)
{
	const char *text = queue_job_field(job, name);
	return text ? strtoll(text, NULL, 10) : 0;
}

/* JSON of the field `name`, {} where it is absent; notes the poison if it cannot be read. */
static struct json_object *json_field(struct queue_job *job, const char *name)
{
	const redisReply *fields = job->raw->element[REPLY_FIELDS];
	for (size_t i = 0; i + 1 < fields->elements; i += 2) {
		if (strcmp(fields->element[i]->str, name) != 0)
			continue;
		struct json_object *value = NULL;
		const redisReply *text = fields->element[i + 1];
		cleanup(cleanup_err) struct err *e = js_parse(text->str, text->len, &value);
		if (e && !job->poison)
			job->poison = job->owned_poison =
				mem_printf("The job's %s cannot be read: %s", name, err_message(e));
		return value;
	}
	return json_object_new_object();
}

static void read_json(struct queue_job *job)
{
	cleanup(cleanup_json) struct json_object *data = json_field(job, "data");
	cleanup(cleanup_json) struct json_object *opts = json_field(job, "opts");
	if (!job->poison && !json_object_is_type(opts, json_type_object))
		job->poison = "The job's opts cannot be read: they are not an object";
	job->policy = policy_parse(opts);
}

struct queue_job *queue_job_new(struct redisReply *reply, const char *token, int64_t lock_ms)
{
	struct queue_job *job = mem_alloc(sizeof(*job));
	job->raw = reply;
	job->id = reply->element[REPLY_ID]->str;
	job->token = job->owned_token = mem_strdup(token);
	job->lock_ms = lock_ms;
	const char *name = queue_job_field(job, "name"), *data = queue_job_field(job, "data");
	job->name = name ? name : "";
	job->data = data ? data : "{}";
	job->deferred_failure = queue_job_field(job, "defa");
	bool is_legacy = queue_job_field(job, "attemptsMade"); /* before BullMQ 5 */
	job->attempts_made = number_field(job, is_legacy ? "attemptsMade" : "atm");
	job->attempts_started = number_field(job, "ats");
	job->stalled_count = number_field(job, "stc");
	job->priority = number_field(job, "priority");
	job->timestamp_ms = number_field(job, "timestamp");
	read_json(job);
	return job;
}

void queue_job_free(struct queue_job *job)
{
	if (!job)
		return;
	freeReplyObject(job->raw);
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
