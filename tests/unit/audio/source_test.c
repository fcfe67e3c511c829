#include "jobs/audio/source.h"

#include "tests/unit/audio/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct buf numbered(size_t n)
{
	struct buf b = fixture();
	for (size_t i = 0; i < n; i++)
		buf_add(&b, &(uint8_t){ (uint8_t)(i * 7 % 251) }, 1);
	return b;
}

static void test_memory_gives_what_lies_inside(void **state)
{
	(void)state;
	struct audio_source s = source_memory("abcdef", 6);
	assert_memory_equal(source_at(&s, 0, 6), "abcdef", 6);
	assert_memory_equal(source_at(&s, 5, 1), "f", 1);
	assert_null(source_at(&s, 5, 2));
	assert_null(source_at(&s, 6, 1));
	assert_null(source_at(&s, UINT64_MAX, 1));
	assert_null(source_at(&s, UINT64_MAX - 1, 4));
	assert_int_equal(s.error, 0);
	source_clear(&s);
	assert_null(source_at(&s, 0, 1));
}

static void test_empty_memory_gives_nothing(void **state)
{
	(void)state;
	struct audio_source s = source_memory(NULL, 0);
	assert_null(source_at(&s, 0, 1));
	assert_int_equal(s.error, 0);
}

static void test_file_gives_the_bytes_of_its_range(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = numbered(300000);
	FILE *f = file_of(&b);
	struct audio_source s = source_file(fileno(f), 1000, 200000);
	const uint64_t offsets[] = { 0, 199990, 7, 65530, 65536, 131072, 65535, 0 };
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		assert_memory_equal(source_at(&s, offsets[i], 10), b.data + 1000 + offsets[i], 10);
	assert_memory_equal(source_at(&s, 40000, SOURCE_WINDOW), b.data + 41000, SOURCE_WINDOW);
	assert_null(source_at(&s, 0, SOURCE_WINDOW + 1));
	assert_null(source_at(&s, 199991, 10)); /* in the file, but not in the range */
	assert_int_equal(s.error, 0);
	source_clear(&s);
	fclose(f);
}

static void test_walk_reads_a_file_once(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = numbered((size_t)10 * SOURCE_WINDOW);
	FILE *f = file_of(&b);
	struct audio_source s = source_file(fileno(f), 0, b.len);
	for (uint64_t at = 0; at < b.len; at++)
		assert_int_equal(*source_at(&s, at, 1), (uint8_t)b.data[at]);
	assert_int_equal(s.reads, 10);
	assert_int_equal(s.lookups, b.len);
	source_clear(&s);
	fclose(f);
}

static void test_failed_read_stays_failed(void **state)
{
	(void)state;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct audio_source s = source_file(fd, 0, 100);
	assert_null(source_at(&s, 0, 4));
	assert_int_equal(s.error, EBADF);
	assert_null(source_at(&s, 0, 4));
	assert_int_equal(s.reads, 1);
	source_clear(&s);
	close(fd);
}

static void test_file_shorter_than_its_range_is_an_error(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = numbered(50);
	FILE *f = file_of(&b);
	struct audio_source s = source_file(fileno(f), 0, 51);
	assert_null(source_at(&s, 0, 4));
	assert_int_equal(s.error, ENODATA);
	source_clear(&s);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_gives_what_lies_inside),
		cmocka_unit_test(test_empty_memory_gives_nothing),
		cmocka_unit_test(test_file_gives_the_bytes_of_its_range),
		cmocka_unit_test(test_walk_reads_a_file_once),
		cmocka_unit_test(test_failed_read_stays_failed),
		cmocka_unit_test(test_file_shorter_than_its_range_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
