/*
 * Calls functions about once a second, one after the other on a thread of its own, for work that is
 * under way elsewhere. The thread begins with the first of them and sleeps while there are none.
 */
#pragma once
#include <stdbool.h>

struct ticker;

/* The caller's, who keeps it in place between ticker_add and ticker_remove. */
struct ticking {
	void (*tick)(void *arg); /* may take its time, but holds up the others' */
	void *arg;
	struct ticking *next; /* the ticker's */
};

struct ticker *ticker_new(void) __attribute__((returns_nonnull));

/* Ends the thread; there must be nothing left to call. */
void ticker_free(struct ticker *ticker);

/* From now on t->tick is called; false where the thread cannot be started. */
bool ticker_add(struct ticker *ticker, struct ticking *t);

/* Waits for a call that is under way, so not to be called by one; there is none after it. */
void ticker_remove(struct ticker *ticker, struct ticking *t);
