#include "jobs/io/lease.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/mem.h"
#include "jobs/base/thread.h"
#include "jobs/io/redis_pipeline.h"
#include "lua.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	RENEW_S = 5,
	LEARNED_S = 86400,
	NAME_SIZE = 100,
};

/* A lease that this process holds. */
struct held {
	char name[NAME_SIZE], token[ID_SIZE];
};

struct leases {
	char *prefix;
	struct redis_script take, renew;
	struct redis_pipeline *redis;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ends;
	struct held *held;
	size_t count, room;
	bool renews, over;
	pthread_t renewer;
};

static struct redis_script script_of(const char *name)
{
	for (size_t i = 0; i < sizeof(lua) / sizeof(lua[0]); i++)
		if (!strcmp(lua[i].name, name))
			return redis_script_new(mem_strdup(lua[i].text));
	abort();
}

struct err *leases_new(const char *url, const char *prefix, struct leases **ret)
{
	struct redis *redis = NULL;
	TRY(redis_new(url, &redis));
	struct leases *l = mem_alloc(sizeof(*l));
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&l->ends, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&l->lock, NULL);
	l->redis = redis_pipeline_new(redis);
	l->prefix = mem_strdup(prefix);
	l->take = script_of("lease_take");
	l->renew = script_of("lease_renew");
	*ret = l;
	return NULL;
}

void leases_free(struct leases *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->over = true;
	pthread_cond_signal(&l->ends);
	pthread_mutex_unlock(&l->lock);
	if (l->renews)
		pthread_join(l->renewer, NULL);
	redis_pipeline_free(l->redis);
	redis_script_clear(&l->take);
	redis_script_clear(&l->renew);
	pthread_cond_destroy(&l->ends);
	pthread_mutex_destroy(&l->lock);
	free(l->held);
	free(l->prefix);
	free(l);
}

/* The braces keep all keys of a name in one slot of a cluster. */
static void add_key(struct redis_args *args, const struct leases *l, const char *name,
		    const char *what)
{
	cleanup(cleanup_free) char *key = mem_printf("%s:lease:{%s}:%s", l->prefix, name, what);
	redis_arg(args, key);
}

static struct err *run(struct leases *l, const struct redis_script *script, int keys,
		       const struct redis_args *args, int64_t *ret)
{
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(redis_pipeline_eval(l->redis, script, keys, args, &reply));
	*ret = reply->integer;
	return NULL;
}

static struct err *renew(struct leases *l, const struct held *held)
{
	int64_t ignored = 0;
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	add_key(&args, l, held->name, "held");
	redis_arg(&args, held->token);
	redis_arg_int(&args, LEASE_MS);
	return run(l, &l->renew, 1, &args, &ignored);
}

/* Where Redis is away nobody can count on the leases anyway. */
static void renew_all(struct leases *l)
{
	for (size_t i = 0;; i++) {
		pthread_mutex_lock(&l->lock);
		bool more = i < l->count;
		struct held held = more ? l->held[i] : (struct held){ 0 };
		pthread_mutex_unlock(&l->lock);
		if (!more)
			return;
		err_free(renew(l, &held));
	}
}

static void *renewer_main(void *arg)
{
	struct leases *l = arg;
	pthread_mutex_lock(&l->lock);
	while (!l->over) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += RENEW_S;
		if (pthread_cond_timedwait(&l->ends, &l->lock, &until) == 0)
			continue;
		pthread_mutex_unlock(&l->lock);
		renew_all(l);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* The thread begins with the first lease: most responders never need it. */
static void hold(struct leases *l, const char *name, const char *token)
{
	pthread_mutex_lock(&l->lock);
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 16;
		l->held = mem_resize(l->held, l->room, sizeof(*l->held));
	}
	struct held *held = &l->held[l->count++];
	snprintf(held->name, sizeof(held->name), "%s", name);
	snprintf(held->token, sizeof(held->token), "%s", token);
	l->renews = l->renews || thread_start(&l->renewer, renewer_main, l);
	pthread_mutex_unlock(&l->lock);
}

static void let_go(struct leases *l, const char *token)
{
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->held[i].token, token)) {
			l->held[i] = l->held[--l->count];
			break;
		}
	pthread_mutex_unlock(&l->lock);
}

struct err *lease_take(struct leases *l, const char *name, const char *token, int limit,
		       int *ret_place)
{
	int64_t place = 0;
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	add_key(&args, l, name, "held");
	add_key(&args, l, name, "line");
	add_key(&args, l, name, "seen");
	add_key(&args, l, name, "limit");
	redis_arg(&args, token);
	redis_arg_int(&args, limit);
	redis_arg_int(&args, LEASE_MS);
	redis_arg_int(&args, LEASE_PLACE_MS);
	TRY(run(l, &l->take, 4, &args, &place));
	FAULT_POINT("lease", "take", "after");
	*ret_place = (int)place;
	if (place == 0)
		hold(l, name, token);
	return NULL;
}

static struct err *remove_from(struct leases *l, const char *name, const char *what,
			       const char *token)
{
	int64_t ignored = 0;
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "ZREM");
	add_key(&args, l, name, what);
	redis_arg(&args, token);
	return run(l, NULL, 0, &args, &ignored);
}

void lease_return(struct leases *l, const char *name, const char *token)
{
	let_go(l, token);
	FAULT_POINT("lease", "return", "before");
	err_free(remove_from(l, name, "held", token));
}

void lease_give_up(struct leases *l, const char *name, const char *token)
{
	err_free(remove_from(l, name, "line", token));
}

struct err *leases_learn(struct leases *l, const char *name, int limit)
{
	int64_t ignored = 0;
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "SET");
	add_key(&args, l, name, "limit");
	redis_arg_int(&args, limit);
	redis_arg(&args, "EX");
	redis_arg_int(&args, LEARNED_S);
	return run(l, NULL, 0, &args, &ignored);
}
