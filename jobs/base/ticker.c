#include "jobs/base/ticker.h"

#include "jobs/base/mem.h"
#include "jobs/base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct ticker {
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed, called;
	struct ticking *first, *calling; /* calling: what is being called now */
	bool runs, ends;
	pthread_t thread;
};

struct ticker *ticker_new(void)
{
	struct ticker *ticker = mem_alloc(sizeof(*ticker));
	pthread_mutex_init(&ticker->lock, NULL);
	pthread_cond_init(&ticker->changed, NULL);
	pthread_cond_init(&ticker->called, NULL);
	return ticker;
}

void ticker_free(struct ticker *ticker)
{
	if (!ticker)
		return;
	pthread_mutex_lock(&ticker->lock);
	ticker->ends = true;
	pthread_cond_signal(&ticker->changed);
	pthread_mutex_unlock(&ticker->lock);
	if (ticker->runs)
		pthread_join(ticker->thread, NULL);
	pthread_cond_destroy(&ticker->called);
	pthread_cond_destroy(&ticker->changed);
	pthread_mutex_destroy(&ticker->lock);
	free(ticker);
}

static void wait_a_second(struct ticker *ticker)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	while (!ticker->ends && pthread_cond_clockwait(&ticker->changed, &ticker->lock,
						       CLOCK_MONOTONIC, &until) == 0)
		continue;
}

/* What is called stays in the list until that is over: ticker_remove waits for it. */
static void call_all(struct ticker *ticker)
{
	struct ticking *t;
	for (t = ticker->first; t; t = t->next) {
		ticker->calling = t;
		pthread_mutex_unlock(&ticker->lock);
		t->tick(t->arg);
		pthread_mutex_lock(&ticker->lock);
		pthread_cond_broadcast(&ticker->called);
	}
	ticker->calling = NULL;
}

static void *ticker_main(void *arg)
{
	struct ticker *ticker = arg;
	pthread_mutex_lock(&ticker->lock);
	while (!ticker->ends) {
		while (!ticker->first && !ticker->ends)
			pthread_cond_wait(&ticker->changed, &ticker->lock);
		wait_a_second(ticker);
		call_all(ticker);
	}
	pthread_mutex_unlock(&ticker->lock);
	return NULL;
}

bool ticker_add(struct ticker *ticker, struct ticking *t)
{
	pthread_mutex_lock(&ticker->lock);
	ticker->runs = ticker->runs || thread_start(&ticker->thread, ticker_main, ticker);
	bool added = ticker->runs;
	if (added) {
		if (!ticker->first)
			pthread_cond_signal(&ticker->changed);
		t->next = ticker->first;
		ticker->first = t;
	}
	pthread_mutex_unlock(&ticker->lock);
	return added;
}

void ticker_remove(struct ticker *ticker, struct ticking *t)
{
	pthread_mutex_lock(&ticker->lock);
	while (ticker->calling == t)
		pthread_cond_wait(&ticker->called, &ticker->lock);
	for (struct ticking **at = &ticker->first; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	pthread_mutex_unlock(&ticker->lock);
}
