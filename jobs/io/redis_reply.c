#include "jobs/io/redis_reply.h"

#include <assert.h>
#include <limits.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef ANALYZED /* gcc 12 loses sight of a block that only what is in it points to */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#if HIREDIS_MAJOR != 0
#error "since 1.0 createArray takes a size_t, and there are more kinds of replies"
#endif
static_assert(SIZE_MAX / sizeof(redisReply *) > INT_MAX, "the size of an array is in range");

enum {
	BLOCK = 1000, /* glibc keeps freed pieces of up to 1032 bytes for the thread, without a lock
		       */
	ALIGNED = alignof(redisReply),
};

/* A piece of a reply's memory. The whole reply stands at the beginning of its first block. */
struct block {
	struct block *next; /* of the first: the newest; of others: the one before */
	size_t used, size;
	alignas(redisReply) char bytes[];
};

/* With room for `size` bytes or more; NULL without memory: a server may announce any length. */
static struct block *block_new(size_t size, struct block *next)
{
	if (size < BLOCK)
		size = BLOCK;
	struct block *b = malloc(sizeof(*b) + size);
	if (b)
		*b = (struct block){ .next = next, .size = size };
	return b;
}

static struct block *first_block(void *reply)
{
	return (struct block *)((char *)reply - offsetof(struct block, bytes));
}

static void *alloc_in(struct block *first, size_t size)
{
	struct block *b = first->next ? first->next : first;
	if (b->size - b->used < size) {
		b = block_new(size, first->next);
		if (!b)
			return NULL;
		first->next = b;
	}
	b->used += size;
	return b->bytes + b->used - size;
}

static void *whole_reply(const redisReadTask *task)
{
	while (task->parent)
		task = task->parent;
	return task->obj;
}

/* What `task` has read, with `extra` bytes behind it; NULL without memory. */
static redisReply *new_reply(const redisReadTask *task, int type, size_t extra)
{
	size_t size = (sizeof(redisReply) + extra + ALIGNED - 1) / ALIGNED * ALIGNED;
	struct block *first = task->parent ? first_block(whole_reply(task)) : block_new(size, NULL);
	redisReply *r = first ? alloc_in(first, size) : NULL;
	if (!r)
		return NULL;
	*r = (redisReply){ .type = type };
	if (task->parent) {
		redisReply *parent = task->parent->obj;
		parent->element[task->idx] = r;
	}
	return r;
}

static void *new_string(const redisReadTask *task, char *text, size_t len)
{
	redisReply *r = new_reply(task, task->type, len + 1);
	if (!r)
		return NULL;
	r->str = (char *)(r + 1);
	memcpy(r->str, text, len);
	r->str[len] = '\0';
	r->len = len;
	return r;
}

/* Its elements follow; until the last is there, nobody sees it. */
static void *new_array(const redisReadTask *task, int count)
{
	redisReply *r = new_reply(task, task->type, (size_t)count * sizeof(redisReply *));
	if (!r)
		return NULL;
	r->elements = (size_t)count;
	r->element = (redisReply **)(r + 1);
	return r;
}

static void *new_integer(const redisReadTask *task, long long number)
{
	redisReply *r = new_reply(task, task->type, 0);
	if (r)
		r->integer = number;
	return r;
}

static void *new_nil(const redisReadTask *task)
{
	return new_reply(task, REDIS_REPLY_NIL, 0);
}

static void free_reply(void *reply)
{
	redis_reply_free(reply);
}

void redis_reply_setup(redisReader *reader)
{
	static redisReplyObjectFunctions functions = {
		.createString = new_string,
		.createArray = new_array,
		.createInteger = new_integer,
		.createNil = new_nil,
		.freeObject = free_reply,
	};
	reader->fn = &functions;
}

void redis_reply_free(redisReply *reply)
{
	for (struct block *b = reply ? first_block(reply) : NULL, *next; b; b = next) {
		next = b->next;
		free(b);
	}
}
