/*
 * The queue as its administrator sees it: which jobs there are, how long they wait, and another
 * chance for those that failed.
 */
#pragma once
#include "jobs/queue/queue.h"

/* Where jobs are; the order is that of their life. */
enum queue_container {
	QUEUE_WAIT,
	QUEUE_PAUSED, /* where BullMQ 5 keeps ready jobs while the queue is paused */
	QUEUE_PRIORITIZED,
	QUEUE_WAS_DELAYED,
	QUEUE_ACTIVE,
	QUEUE_COMPLETED,
	QUEUE_FAILED,
};

/* A job in a list; strings are borrowed from it, and "" where a job has none. */
struct queue_entry {
	const char *id, *name, *reason; /* why its last try failed */
	int64_t created_ms, finished_ms, attempts;
};

struct queue_list {
	struct queue_entry *entries;
	size_t count;
	struct redisReply *raw;
};

enum { QUEUE_LIST_MAX = 1000 }; /* entries that one call gives: scripts hold up the server */

/*
 * The first `limit` (at most QUEUE_LIST_MAX) jobs of a container in the order in which they come,
 * or the latest finished ones. queue_list_clear frees *ret.
 */
must_check struct err *queue_list(struct queue *q, enum queue_container container, int limit,
				  struct queue_list *ret);
void queue_list_clear(struct queue_list *list);

/* When the job was created (ms since the epoch) that is the next of all that are ready; 0 for none.
 */
must_check struct err *queue_oldest_ms(struct queue *q, int64_t *ret);

/* Makes a failed job ready again, with the tries it had left; QUEUE_LOST where it has not failed.
 */
must_check struct err *queue_retry_failed(struct queue *q, const char *id, enum queue_result *ret);
