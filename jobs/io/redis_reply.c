#include "jobs/io/redis_reply.h"

#include <assert.h>
#include <limits.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef ANALYZED /* gcc 12 loses sight of what is stored behind a pointer found by a loop */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#if HIREDIS_MAJOR != 0
#error "since 1.0 createArray takes a size_t, and there are more kinds of replies"
#endif
static_assert(SIZE_MAX / sizeof(redisReply *) > INT_MAX, "the size of an array is in range");

enum {
	/* glibc keeps freed pieces of up to 1032 bytes for the thread, and takes no lock for them.
	 */
	OWN_BYTES = 900,
	BLOCK = 1000,
	ALIGNED = alignof(redisReply),
};

struct block {
	struct block *next;
	alignas(redisReply) char bytes[];
};

/* A reply that is no element of another, and the memory of all that is in it. */
struct arena {
	redisReply reply;
	struct block *blocks; /* the newest first */
	size_t used, size;    /* of the newest, or of `bytes` */
	alignas(redisReply) char bytes[OWN_BYTES];
};

static struct arena *arena_new(void)
{
	struct arena *a = malloc(sizeof(*a));
	if (!a)
		return NULL;
	a->blocks = NULL;
	a->used = 0;
	a->size = sizeof(a->bytes);
	return a;
}

static struct arena *arena_of(const redisReadTask *task)
{
	while (task->parent)
		task = task->parent;
	return task->obj;
}

/* False where there is no such memory: a server may announce any length. */
static bool add_block(struct arena *a, size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);
	if (!b)
		return false;
	b->next = a->blocks;
	a->blocks = b;
	a->used = 0;
	a->size = size;
	return true;
}

static void *arena_alloc(struct arena *a, size_t size)
{
	size = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
	if (a->size - a->used < size && !add_block(a, size > BLOCK ? size : BLOCK))
		return NULL;
	a->used += size;
	return (a->blocks ? a->blocks->bytes : a->bytes) + a->used - size;
}

static redisReply *new_element(const redisReadTask *task, size_t extra, void **ret_extra)
{
	redisReply *parent = task->parent->obj,
		   *r = arena_alloc(arena_of(task), sizeof(*r) + extra);
	if (!r)
		return NULL;
	parent->element[task->idx] = r;
	*ret_extra = r + 1;
	return r;
}

static redisReply *new_root(size_t extra, void **ret_extra)
{
	struct arena *a = arena_new();
	*ret_extra = a ? arena_alloc(a, extra) : NULL;
	if (*ret_extra)
		return (redisReply *)a; /* its first member */
	free(a);
	return NULL;
}

/* What `task` has read, with `extra` bytes for it in *ret_extra; NULL without memory. */
static redisReply *new_reply(const redisReadTask *task, int type, size_t extra, void **ret_extra)
{
	redisReply *r =
		task->parent ? new_element(task, extra, ret_extra) : new_root(extra, ret_extra);
	if (r)
		*r = (redisReply){ .type = type };
	return r;
}

static redisReply *new_plain(const redisReadTask *task, int type)
{
	void *nothing;
	return new_reply(task, type, 0, &nothing);
}

static void *new_string(const redisReadTask *task, char *text, size_t len)
{
	void *copy;
	redisReply *r = new_reply(task, task->type, len + 1, &copy);
	if (!r)
		return NULL;
	r->str = copy;
	memcpy(r->str, text, len);
	r->str[len] = '\0';
	r->len = len;
	return r;
}

/* Its elements follow; until the last is there, nobody sees it. */
static void *new_array(const redisReadTask *task, int count)
{
	void *elements;
	redisReply *r =
		new_reply(task, task->type, (size_t)count * sizeof(redisReply *), &elements);
	if (!r)
		return NULL;
	r->elements = (size_t)count;
	r->element = elements;
	return r;
}

static void *new_integer(const redisReadTask *task, long long number)
{
	redisReply *r = new_plain(task, task->type);
	if (r)
		r->integer = number;
	return r;
}

static void *new_nil(const redisReadTask *task)
{
	return new_plain(task, REDIS_REPLY_NIL);
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
	struct arena *a = (struct arena *)reply;
	for (struct block *b = a ? a->blocks : NULL, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}
