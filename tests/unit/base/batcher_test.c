#include "jobs/base/batcher.h"

#include "tests/unit/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

enum { THREADS = 20, ROUNDS = 50, MOST = 4 };

struct item {
	atomic_int done;
};

/* What a test's batches have been. */
static struct {
	atomic_int running, batches, items, largest;
	atomic_bool overlapped, hold;
} seen;

static void work(void *arg, void **items, size_t count)
{
	(void)arg;
	if (atomic_fetch_add(&seen.running, 1) > 0)
		atomic_store(&seen.overlapped, true);
	for (size_t i = 0; i < count; i++)
		atomic_fetch_add(&((struct item *)items[i])->done, 1);
	atomic_fetch_add(&seen.batches, 1);
	atomic_fetch_add(&seen.items, (int)count);
	if ((int)count > atomic_load(&seen.largest))
		atomic_store(&seen.largest, (int)count);
	while (atomic_load(&seen.hold))
		usleep(1000);
	atomic_fetch_sub(&seen.running, 1);
}

static int begin(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static void *ask_often(void *batcher)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct item item = { 0 };
		batcher_do(batcher, &item);
		if (atomic_load(&item.done) != 1)
			return &seen;
	}
	return NULL;
}

static void each_item_is_done_once(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	struct batcher *b = batcher_new(MOST, work, &seen);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, b), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong = NULL;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	batcher_free(b);
	assert_int_equal(atomic_load(&seen.items), THREADS * ROUNDS);
	assert_in_range(atomic_load(&seen.largest), 1, MOST);
	assert_false(atomic_load(&seen.overlapped));
}

static void *ask_once(void *batcher)
{
	struct item item = { 0 };
	batcher_do(batcher, &item);
	return NULL;
}

/* One of `MOST` + 2 is under way while the others come: a full batch, and what is left over. */
static void what_waits_is_done_together(void **state)
{
	(void)state;
	pthread_t threads[MOST + 2];
	struct batcher *b = batcher_new(MOST, work, &seen);
	atomic_store(&seen.hold, true);
	for (int i = 0; i < MOST + 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, ask_once, b), 0);
		while (atomic_load(&seen.batches) == 0)
			usleep(1000);
	}
	usleep(200 *
	       1000); /* for all to stand in line; where one does not, there is a batch more */
	atomic_store(&seen.hold, false);
	for (int i = 0; i < MOST + 2; i++)
		pthread_join(threads[i], NULL);
	batcher_free(b);
	assert_int_equal(atomic_load(&seen.largest), MOST);
	assert_int_equal(atomic_load(&seen.items), MOST + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_item_is_done_once, begin),
		cmocka_unit_test_setup(what_waits_is_done_together, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
