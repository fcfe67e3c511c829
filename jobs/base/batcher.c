/*
 * DESIGN. Callers stand in a line. Its first one drives: it takes the line's head, itself included,
 * as a batch, does that, wakes those who were in it, and makes whoever is first then the next
 * driver. So nobody drives longer than its own item takes, and no thread is needed for it.
 */
#include "jobs/base/batcher.h"

#include "jobs/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

struct caller {
	void *item;
	sem_t turn; /* posted once: when the item is done, or to drive */
	bool drives;
	struct caller *next;
};

struct batcher {
	batch_work *work;
	void *arg;
	size_t most;
	pthread_mutex_t lock; /* of the rest */
	struct caller *first, **end;
	bool is_driven;
};

struct batcher *batcher_new(size_t most, batch_work *work, void *arg)
{
	assert(most > 0 && most <= BATCHER_MOST);
	struct batcher *b = mem_alloc(sizeof(*b));
	b->work = work;
	b->arg = arg;
	b->most = most;
	b->end = &b->first;
	pthread_mutex_init(&b->lock, NULL);
	return b;
}

void batcher_free(struct batcher *b)
{
	if (!b)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static void await_turn(struct caller *c)
{
	while (sem_wait(&c->turn) < 0 && errno == EINTR)
		;
}

/* Stands in line; returns with the item done, or as the driver. */
static void line_up(struct batcher *b, struct caller *c)
{
	pthread_mutex_lock(&b->lock);
	c->drives = !b->is_driven;
	b->is_driven = true;
	*b->end = c;
	b->end = &c->next;
	bool waits = !c->drives;
	pthread_mutex_unlock(&b->lock);
	if (waits)
		await_turn(c);
}

/* Takes the head of the line, its driver first. */
static size_t take_batch(struct batcher *b, struct caller *batch[static BATCHER_MOST])
{
	size_t n = 0;
	pthread_mutex_lock(&b->lock);
	while (b->first && n < b->most) {
		batch[n++] = b->first;
		b->first = b->first->next;
	}
	if (!b->first)
		b->end = &b->first;
	pthread_mutex_unlock(&b->lock);
	return n;
}

static void hand_over(struct batcher *b)
{
	pthread_mutex_lock(&b->lock);
	struct caller *next = b->first;
	b->is_driven = next;
	if (next)
		next->drives = true;
	pthread_mutex_unlock(&b->lock);
	if (next)
		sem_post(&next->turn);
}

static void drive(struct batcher *b)
{
	struct caller *batch[BATCHER_MOST];
	void *items[BATCHER_MOST];
	size_t n = take_batch(b, batch);
	for (size_t i = 0; i < n; i++)
		items[i] = batch[i]->item;
	b->work(b->arg, items, n);
	hand_over(b);
	for (size_t i = 1; i < n; i++)
		sem_post(&batch[i]->turn); /* it may be gone after this */
}

void batcher_do(struct batcher *b, void *item)
{
	struct caller c = { .item = item };
	sem_init(&c.turn, 0, 0);
	line_up(b, &c);
	if (c.drives)
		drive(b);
	sem_destroy(&c.turn);
}
