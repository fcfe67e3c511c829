/*
 * What many threads ask for, done in batches: what they ask while one batch is under way makes up
 * the next. So with many threads each pays a share of what a batch costs, and a single one waits
 * for nobody.
 */
#pragma once
#include <stddef.h>

/* Does what the `count` items ask for, 1 to the most of the batcher; one batch at a time. It may
 * put them into another order. */
typedef void batch_work(void *arg, void **items, size_t count);

struct batcher;

/* `most` items a batch at most, BATCHER_MOST or less. */
enum { BATCHER_MOST = 64 };
struct batcher *batcher_new(size_t most, batch_work *work, void *arg)
	__attribute__((returns_nonnull));
void batcher_free(struct batcher *b); /* takes NULL; nobody stands in its line by then */

/* Returns once `work` has done this item; from any thread. */
void batcher_do(struct batcher *b, void *item);
