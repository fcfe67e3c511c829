#include "jobs/base/buf.h"

#include "tests/unit/check.h"

static void grows_and_stays_terminated(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = BUF(100000);
	for (int i = 0; i < 1000; i++) {
		buf_addf(&b, "%d,", i % 10);
		assert_int_equal(strlen(b.data), b.len);
	}
	assert_int_equal(b.len, 2000);
	assert_memory_equal(b.data, "0,1,2,3,4,5,6,7,8,9,0,", 22);
	assert_false(b.too_big);
}

static void keeps_bytes_of_any_value(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = BUF(10);
	buf_add(&b, "a\0\xff", 3);
	buf_adds(&b, "b");
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data,
			    "a\0\xff"
			    "b",
			    5);
}

static void adds_numbers(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = BUF(100);
	static const int64_t numbers[] = { 0, 7, -1, 10, INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		buf_add_int(&b, numbers[i]);
		buf_adds(&b, " ");
	}
	assert_string_equal(b.data, "0 7 -1 10 9223372036854775807 -9223372036854775808 ");
}

static void holds_one_byte_less_than_its_limit(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = BUF(5);
	buf_adds(&b, "1234");
	assert_false(b.too_big);
	buf_adds(&b, "5");
	assert_true(b.too_big);
	assert_string_equal(b.data, "1234");
}

static void refuses_all_that_follows_a_refusal(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = BUF(5);
	buf_adds(&b, "1");
	buf_addf(&b, "%s", "23456");
	buf_adds(&b, "2");
	buf_addf(&b, "%d", 3);
	assert_true(b.too_big);
	assert_string_equal(b.data, "1");
}

static void take_hands_over_and_starts_anew(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = BUF(5);
	cleanup(cleanup_free) char *empty = buf_take(&b);
	assert_string_equal(empty, "");
	buf_adds(&b, "123456");
	buf_clear(&b);
	buf_adds(&b, "1234");
	cleanup(cleanup_free) char *text = buf_take(&b);
	assert_string_equal(text, "1234");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.max, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(keeps_bytes_of_any_value),
		cmocka_unit_test(adds_numbers),
		cmocka_unit_test(holds_one_byte_less_than_its_limit),
		cmocka_unit_test(refuses_all_that_follows_a_refusal),
		cmocka_unit_test(take_hands_over_and_starts_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
