#include "jobs/io/spool.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const time_t day = 86400;

static char folder[] = "/tmp/spool-test-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder) != 0 || mkdir("7", 0700) != 0 ||
	       mkdir("7/01", 0700) != 0 || mkdir("other", 0700) != 0;
}

static int remove_folder(void **state)
{
	(void)state;
	static const char *const left[] = {
		"7/01/0000000011", "7/01/0000000012", "other/0000000013", "note", "0000000014",
	};
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		unlink(left[i]);
	return rmdir("7/01") || rmdir("7") || rmdir("other") || rmdir(folder);
}

static void make_file(const char *name, time_t age)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	const struct timespec at = { .tv_sec = time(NULL) - age };
	const struct timespec times[] = { at, at };
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool is_there(const char *name)
{
	return access(name, F_OK) == 0;
}

static void test_old_uploads_go(void **state)
{
	(void)state;
	make_file("7/01/0000000011", 2 * day);
	make_file("7/01/0000000012", 60);
	make_file("other/0000000013", 2 * day);
	make_file("note", 2 * day);
	assert_int_equal(symlink("note", "0000000014"), 0);
	int count = 0;
	assert_null(spool_sweep(folder, day, &count));
	assert_int_equal(count, 1);
	assert_false(is_there("7/01/0000000011"));
	assert_true(is_there("7/01/0000000012"));
	assert_true(is_there("other/0000000013"));
	assert_true(is_there("note"));
	assert_true(is_there("0000000014"));
}

static void test_no_folder(void **state)
{
	(void)state;
	int count = 7;
	assert_null(spool_sweep("/nowhere/at/all", day, &count));
	assert_int_equal(count, 0);
	cleanup(cleanup_err) struct err *e = spool_sweep("/proc/self/cmdline", day, &count);
	assert_non_null(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_uploads_go),
		cmocka_unit_test(test_no_folder),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
