#include "jobs/progress.h"

#include "jobs/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_line(struct progress p, int width, const char *want)
{
	cleanup(buf_clear) struct buf line = BUF(1000);
	progress_line(&p, width, &line);
	assert_string_equal(line.data, want);
	assert_true(line.len <= (size_t)width);
}

static void test_bar_and_counts(void **state)
{
	(void)state;
	const struct progress half = {
		.ended = 8, .failed = 1, .running = 4, .waiting = 8, .elapsed_ms = 2000
	};
	assert_line(half, 72,
		    "[########............]  40 %  8/20  1 failed  4 running  4.0/s  3 s left");
	assert_line((struct progress){ 0 }, 32, "[###################] 100 %  0/0");
	assert_line((struct progress){ .waiting = 3 }, 30, "[.................]   0 %  0/3");
}

static void test_narrow_screens(void **state)
{
	(void)state;
	const struct progress p = { .ended = 1, .running = 1, .elapsed_ms = 1000 };
	assert_line(p, 20, "  50 %  1/2  1 runni");
	assert_line(p, 1, " ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bar_and_counts),
		cmocka_unit_test(test_narrow_screens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
