#include "jobs/base/ticker.h"

#include "tests/unit/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { SOON_US = 1000, PATIENCE = 10000 }; /* looks at whether it was called */

static void count(void *arg)
{
	atomic_int *calls = arg;
	atomic_fetch_add(calls, 1);
}

static void wait_for(atomic_int *calls, int wanted)
{
	for (int i = 0; i < PATIENCE && atomic_load(calls) < wanted; i++)
		usleep(SOON_US);
	assert_true(atomic_load(calls) >= wanted);
}

static void calls_all_again_and_again(void **state)
{
	(void)state;
	struct ticker *ticker = ticker_new();
	atomic_int calls[3] = { 0 };
	struct ticking t[3] = { { count, &calls[0], NULL },
				{ count, &calls[1], NULL },
				{ count, &calls[2], NULL } };
	for (int i = 0; i < 3; i++)
		assert_true(ticker_add(ticker, &t[i]));
	for (int i = 0; i < 3; i++)
		wait_for(&calls[i], 2);
	ticker_remove(ticker, &t[1]); /* the one between the others */
	int before = atomic_load(&calls[1]), others = atomic_load(&calls[0]);
	wait_for(&calls[0], others + 2);
	assert_int_equal(atomic_load(&calls[1]), before);
	ticker_remove(ticker, &t[0]);
	ticker_remove(ticker, &t[2]);

	atomic_int later = 0; /* after a time with nothing to call */
	struct ticking again = { count, &later, NULL };
	assert_true(ticker_add(ticker, &again));
	wait_for(&later, 1);
	ticker_remove(ticker, &again);
	ticker_free(ticker);
}

/* A call that takes as long as the test wants. */
struct slow {
	atomic_int begun, may_end, ended;
	int ended_early; /* as the other thread saw it */
};

static void be_slow(void *arg)
{
	struct slow *slow = arg;
	atomic_store(&slow->begun, 1);
	wait_for(&slow->may_end, 1);
	atomic_store(&slow->ended, 1);
}

static void *let_end(void *arg)
{
	struct slow *slow = arg;
	usleep(50 * SOON_US);
	slow->ended_early = atomic_load(&slow->ended);
	atomic_store(&slow->may_end, 1);
	return NULL;
}

static void is_removed_after_its_call(void **state)
{
	(void)state;
	struct ticker *ticker = ticker_new();
	struct slow slow = { 0 };
	struct ticking t = { be_slow, &slow, NULL };
	pthread_t other;
	assert_true(ticker_add(ticker, &t));
	wait_for(&slow.begun, 1);
	assert_int_equal(pthread_create(&other, NULL, let_end, &slow), 0);
	ticker_remove(ticker, &t);
	assert_int_equal(atomic_load(&slow.ended), 1);
	pthread_join(other, NULL);
	assert_int_equal(slow.ended_early, 0);
	ticker_free(ticker);
}

static void ends_without_having_begun(void **state)
{
	(void)state;
	ticker_free(ticker_new());
	ticker_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_all_again_and_again),
		cmocka_unit_test(is_removed_after_its_call),
		cmocka_unit_test(ends_without_having_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
