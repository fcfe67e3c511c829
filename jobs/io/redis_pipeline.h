/*
 * A connection to Redis for many threads. What they ask for while an exchange is under way goes out
 * together in the next one, so that with many threads a call costs a share of a round trip; a
 * single thread waits for nobody.
 */
#pragma once
#include "jobs/io/redis.h"

struct redis_pipeline;

/* Takes `redis` over, which nobody else may use from now on. */
struct redis_pipeline *redis_pipeline_new(struct redis *redis);
void redis_pipeline_free(struct redis_pipeline *p);

/* Like redis_command, from any thread. */
must_check struct err *redis_pipeline_command(struct redis_pipeline *p,
					      const struct redis_args *args, redisReply **ret);

/* Runs a script as redis_run does, from any thread, and fails like redis_command; without one
 * `args` are a command. */
must_check struct err *redis_pipeline_eval(struct redis_pipeline *p,
					   const struct redis_script *script, int keys,
					   const struct redis_args *args, redisReply **ret);
