#include "jobs/io/redis_pipeline.h"

#include "jobs/base/batcher.h"
#include "jobs/base/mem.h"

#include <assert.h>
#include <stdlib.h>

static_assert((int)REDIS_MAX_CALLS <= (int)BATCHER_MOST, "a batch is one exchange");

struct redis_pipeline {
	struct redis *redis;
	struct batcher *batcher;
};

static void run(void *arg, void **items, size_t count)
{
	const struct redis_pipeline *p = arg;
	struct redis_call *calls[BATCHER_MOST];
	for (size_t i = 0; i < count; i++)
		calls[i] = items[i];
	redis_run(p->redis, calls, count);
}

struct redis_pipeline *redis_pipeline_new(struct redis *redis)
{
	struct redis_pipeline *p = mem_alloc(sizeof(*p));
	p->redis = redis;
	p->batcher = batcher_new(REDIS_MAX_CALLS, run, p);
	return p;
}

void redis_pipeline_free(struct redis_pipeline *p)
{
	if (!p)
		return;
	batcher_free(p->batcher);
	redis_free(p->redis);
	free(p);
}

struct err *redis_pipeline_eval(struct redis_pipeline *p, const struct redis_script *script,
				int keys, const struct redis_args *args, redisReply **ret)
{
	struct redis_call call = { .script = script, .keys = keys, .args = args };
	batcher_do(p->batcher, &call);
	*ret = call.reply;
	return call.error;
}

struct err *redis_pipeline_command(struct redis_pipeline *p, const struct redis_args *args,
				   redisReply **ret)
{
	return redis_pipeline_eval(p, NULL, 0, args, ret);
}
