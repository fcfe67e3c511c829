#include "jobs/io/redis_reply.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef ANALYZED /* gcc 12 loses sight of what is stored behind a pointer found by a loop */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

enum {
	OWN_BYTES = 900, /* most replies need no more, and malloc keeps such pieces at hand */
	BLOCK = 2000,
	ALIGNED = alignof(redisReply),
};

struct block {
	struct block *next;
	alignas(redisReply) char bytes[];
};

/* A reply that is no element of another, and the memory of all that is in it. */
struct whole {
	redisReply reply;
	struct block *blocks; /* the newest first */
	size_t used, size;    /* of the newest, or of `bytes` */
	alignas(redisReply) char bytes[OWN_BYTES];
};

static struct whole *whole_new(void)
{
	struct whole *w = malloc(sizeof(*w));
	if (!w)
		return NULL;
	w->blocks = NULL;
	w->used = 0;
	w->size = sizeof(w->bytes);
	return w;
}

static struct whole *whole_of(const redisReadTask *task)
{
	while (task->parent)
		task = task->parent;
	return task->obj;
}

/* False where there is no such memory: a server may announce any length. */
static bool add_block(struct whole *w, size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);
	if (!b)
		return false;
	b->next = w->blocks;
	w->blocks = b;
	w->used = 0;
	w->size = size;
	return true;
}

static void *get(struct whole *w, size_t size)
{
	size = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
	if (w->size - w->used < size && !add_block(w, size > BLOCK ? size : BLOCK))
		return NULL;
	w->used += size;
	return (w->blocks ? w->blocks->bytes : w->bytes) + w->used - size;
}

static redisReply *new_element(const redisReadTask *task, size_t more, void **ret_more)
{
	redisReply *parent = task->parent->obj, *r = get(whole_of(task), sizeof(*r) + more);
	if (!r)
		return NULL;
	parent->element[task->idx] = r;
	*ret_more = r + 1;
	return r;
}

static redisReply *new_whole(size_t more, void **ret_more)
{
	struct whole *w = whole_new();
	*ret_more = w ? get(w, more) : NULL;
	if (*ret_more)
		return (redisReply *)w; /* its first member */
	free(w);
	return NULL;
}

/* What `task` has read, with `more` bytes for it in *ret_more; NULL without memory. */
static redisReply *new_reply(const redisReadTask *task, int type, size_t more, void **ret_more)
{
	redisReply *r =
		task->parent ? new_element(task, more, ret_more) : new_whole(more, ret_more);
	if (r)
		*r = (redisReply){ .type = type };
	return r;
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
	void *nothing;
	redisReply *r = new_reply(task, task->type, 0, &nothing);
	if (r)
		r->integer = number;
	return r;
}

static void *new_nil(const redisReadTask *task)
{
	void *nothing;
	return new_reply(task, REDIS_REPLY_NIL, 0, &nothing);
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
	struct whole *w = (struct whole *)reply;
	for (struct block *b = w ? w->blocks : NULL, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(w);
}
