/*
 * Replies of Redis, each in one piece of memory or a few. hiredis allocates every element of a
 * reply and its text by itself, which costs more than all else that is done with them, the more so
 * where one thread reads what others free.
 */
#pragma once
#include <hiredis/hiredis.h>

/* Has `reader` make such replies, which redis_reply_free frees, and freeReplyObject must not. */
void redis_reply_setup(redisReader *reader);

/* Frees a whole reply with its elements, never an element; NULL is allowed. */
void redis_reply_free(redisReply *reply);

static inline void cleanup_reply(redisReply **reply)
{
	redis_reply_free(*reply);
}
