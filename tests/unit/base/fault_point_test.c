#include "jobs/base/fault_point.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ORDER_AT = 4, PID_AT = 8, LOOK_US = 1000 };

static char path[] = "/tmp/fault_point_test.XXXXXX";
static int fd;

static int open_file(void **state)
{
	(void)state;
	fd = mkstemp(path);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread */
	return ftruncate(fd, FAULT_POINTS_SIZE) || setenv("FAULT_POINTS", path, 1);
}

static int remove_file(void **state)
{
	(void)state;
	close(fd);
	return unlink(path);
}

static void write_order(uint8_t order)
{
	assert_int_equal(pwrite(fd, &order, 1, ORDER_AT), 1);
}

static uint8_t read_order(void)
{
	uint8_t order = 0;
	assert_int_equal(pread(fd, &order, 1, ORDER_AT), 1);
	return order;
}

/* An order for the point store.row.after, whose FNV-1a hash was computed elsewhere. */
static void give_order(enum fault_order order)
{
	static const uint8_t hash[] = { 0x94, 0x71, 0x4e, 0x05 };
	write_order(FAULT_NONE);
	assert_int_equal(pwrite(fd, hash, sizeof(hash), 0), sizeof(hash));
	write_order((uint8_t)order);
}

/* A process that comes to three points and ends with 7. */
static pid_t start_process(void)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	fault_point("store", "row", "before");
	fault_point("store", "row", "after");
	fault_point("store", "row", "after");
	_exit(7);
}

static int end_of(pid_t pid)
{
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void nothing_happens_without_an_order(void **state)
{
	(void)state;
	give_order(FAULT_NONE);
	assert_int_equal(WEXITSTATUS(end_of(start_process())), 7);
	assert_int_equal(read_order(), FAULT_NONE);
}

static void the_first_process_there_dies(void **state)
{
	(void)state;
	uint32_t obeyed_by = 0;
	give_order(FAULT_DIE);
	pid_t pid = start_process();
	int status = end_of(pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(read_order(), FAULT_DEAD);
	assert_int_equal(pread(fd, &obeyed_by, sizeof(obeyed_by), PID_AT), sizeof(obeyed_by));
	assert_int_equal(obeyed_by, pid);
	assert_int_equal(WEXITSTATUS(end_of(start_process())), 7);
}

static void it_stands_still_until_the_order_is_taken_back(void **state)
{
	(void)state;
	give_order(FAULT_HOLD);
	pid_t pid = start_process();
	while (read_order() != FAULT_HELD)
		usleep(LOOK_US);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	write_order(FAULT_NONE);
	assert_int_equal(WEXITSTATUS(end_of(pid)), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_without_an_order),
		cmocka_unit_test(the_first_process_there_dies),
		cmocka_unit_test(it_stands_still_until_the_order_is_taken_back),
	};
	return cmocka_run_group_tests(tests, open_file, remove_file);
}
