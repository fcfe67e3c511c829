#include "jobs/queue/admin.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/queue/internal.h"

#include <stdlib.h>

/* The fields of lua/list.lua. */
enum field { ID, NAME, CREATED, FINISHED, ATTEMPTS, REASON };

static const char *const containers[] = {
	[QUEUE_WAIT] = "wait",
	[QUEUE_PAUSED] = "paused",
	[QUEUE_PRIORITIZED] = "prioritized",
	[QUEUE_WAS_DELAYED] = "delayed",
	[QUEUE_ACTIVE] = "active",
	[QUEUE_COMPLETED] = "completed",
	[QUEUE_FAILED] = "failed",
};

static int64_t number(const redisReply *job, enum field field)
{
	return strtoll(job->element[field]->str, NULL, 10);
}

struct err *queue_list(struct queue *q, enum queue_container container, int limit,
		       struct queue_list *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg(&args, containers[container]);
	redis_arg_int(&args, limit < QUEUE_LIST_MAX ? limit : QUEUE_LIST_MAX);
	redisReply *reply = NULL;
	TRY(queue_run(q, SCRIPT_LIST, &args, &reply));
	*ret = (struct queue_list){
		.entries = mem_alloc((reply->elements + 1) * sizeof(*ret->entries)),
		.count = reply->elements,
		.raw = reply,
	};
	for (size_t i = 0; i < ret->count; i++) {
		const redisReply *job = reply->element[i];
		ret->entries[i] = (struct queue_entry){
			.id = job->element[ID]->str,
			.name = job->element[NAME]->str,
			.reason = job->element[REASON]->str,
			.created_ms = number(job, CREATED),
			.finished_ms = number(job, FINISHED),
			.attempts = number(job, ATTEMPTS),
		};
	}
	return NULL;
}

void queue_list_clear(struct queue_list *list)
{
	free(list->entries);
	redis_reply_free(list->raw);
	*list = (struct queue_list){ 0 };
}

struct err *queue_oldest_ms(struct queue *q, int64_t *ret)
{
	static const enum queue_container ready[] = { QUEUE_WAIT, QUEUE_PAUSED, QUEUE_PRIORITIZED };
	int64_t oldest = 0;
	for (size_t i = 0; i < sizeof(ready) / sizeof(ready[0]); i++) {
		cleanup(queue_list_clear) struct queue_list first = { 0 };
		TRY(queue_list(q, ready[i], 1, &first));
		if (first.count > 0 && (!oldest || first.entries[0].created_ms < oldest))
			oldest = first.entries[0].created_ms;
	}
	*ret = oldest;
	return NULL;
}

struct err *queue_retry_failed(struct queue *q, const char *id, enum queue_result *ret)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	redis_arg(&args, id);
	redis_arg(&args, "LPUSH");
	return queue_run_result(q, SCRIPT_RETRY_FAILED, &args, ret);
}
