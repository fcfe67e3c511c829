#include "jobs/base/mem.h"

#include "tests/unit/check.h"

static void allocates_zeroes(void **state)
{
	(void)state;
	static const char zeroes[1000];
	cleanup(cleanup_free) char *some = mem_alloc(sizeof(zeroes));
	cleanup(cleanup_free) char *none = mem_alloc(0);
	assert_memory_equal(some, zeroes, sizeof(zeroes));
	assert_non_null(none);
}

static void resizing_keeps_the_content(void **state)
{
	(void)state;
	cleanup(cleanup_free) int *numbers = mem_resize(NULL, 2, sizeof(int));
	numbers[0] = 1;
	numbers[1] = 2;
	numbers = mem_resize(numbers, 1000, sizeof(int));
	assert_int_equal(numbers[0] + numbers[1], 3);
	numbers = mem_resize(numbers, 0, sizeof(int));
	assert_non_null(numbers);
}

static void copies_strings(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *whole = mem_strdup("voice"), *part = mem_strndup("voice", 2),
				   *short_one = mem_strndup("vo", 5);
	assert_string_equal(whole, "voice");
	assert_string_equal(part, "vo");
	assert_string_equal(short_one, "vo");
	assert_null(mem_strdup(NULL));
}

static void prints_into_a_new_string(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *text = mem_printf("%s-%d", "a", 7),
				   *empty = mem_printf("%s", "");
	assert_string_equal(text, "a-7");
	assert_string_equal(empty, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocates_zeroes),
		cmocka_unit_test(resizing_keeps_the_content),
		cmocka_unit_test(copies_strings),
		cmocka_unit_test(prints_into_a_new_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
