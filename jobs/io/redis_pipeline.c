/*
 * DESIGN. Callers stand in a line. Its first one drives: it takes the line's head, itself included,
 * as a batch, runs that as one exchange, wakes those who were in it, and makes whoever is first
 * then the next driver. So nobody drives longer than its own call takes, and no thread is needed
 * for it.
 */
#include "jobs/io/redis_pipeline.h"

#include "jobs/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

struct caller {
	struct redis_call call;
	sem_t turn; /* posted once: at the call's end, or to drive */
	bool drives;
	struct caller *next;
};

struct redis_pipeline {
	struct redis *redis;  /* the driver's */
	pthread_mutex_t lock; /* of the rest */
	struct caller *first, **end;
	bool is_driven;
};

struct redis_pipeline *redis_pipeline_new(struct redis *redis)
{
	struct redis_pipeline *p = mem_alloc(sizeof(*p));
	p->redis = redis;
	p->end = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void redis_pipeline_free(struct redis_pipeline *p)
{
	if (!p)
		return;
	redis_free(p->redis);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void await_turn(struct caller *c)
{
	while (sem_wait(&c->turn) < 0 && errno == EINTR)
		;
}

/* Stands in line; returns with the call done, or as the driver. */
static void line_up(struct redis_pipeline *p, struct caller *c)
{
	pthread_mutex_lock(&p->lock);
	c->drives = !p->is_driven;
	p->is_driven = true;
	*p->end = c;
	p->end = &c->next;
	bool waits = !c->drives;
	pthread_mutex_unlock(&p->lock);
	if (waits)
		await_turn(c);
}

/* Takes the head of the line, its driver first. */
static size_t take_batch(struct redis_pipeline *p, struct caller *batch[static REDIS_MAX_CALLS])
{
	size_t n = 0;
	pthread_mutex_lock(&p->lock);
	while (p->first && n < REDIS_MAX_CALLS) {
		batch[n++] = p->first;
		p->first = p->first->next;
	}
	if (!p->first)
		p->end = &p->first;
	pthread_mutex_unlock(&p->lock);
	return n;
}

static void hand_over(struct redis_pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	struct caller *next = p->first;
	p->is_driven = next;
	if (next)
		next->drives = true;
	pthread_mutex_unlock(&p->lock);
	if (next)
		sem_post(&next->turn);
}

static void drive(struct redis_pipeline *p)
{
	struct caller *batch[REDIS_MAX_CALLS];
	struct redis_call *calls[REDIS_MAX_CALLS];
	size_t n = take_batch(p, batch);
	for (size_t i = 0; i < n; i++)
		calls[i] = &batch[i]->call;
	redis_run(p->redis, calls, n);
	hand_over(p);
	for (size_t i = 1; i < n; i++)
		sem_post(&batch[i]->turn); /* it may be gone after this */
}

struct err *redis_pipeline_eval(struct redis_pipeline *p, const struct redis_script *script,
				int keys, const struct redis_args *args, redisReply **ret)
{
	struct caller c = { .call = { .script = script, .keys = keys, .args = args } };
	sem_init(&c.turn, 0, 0);
	line_up(p, &c);
	if (c.drives)
		drive(p);
	sem_destroy(&c.turn);
	*ret = c.call.reply;
	return c.call.error;
}

struct err *redis_pipeline_command(struct redis_pipeline *p, const struct redis_args *args,
				   redisReply **ret)
{
	return redis_pipeline_eval(p, NULL, 0, args, ret);
}
