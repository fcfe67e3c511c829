#include "jobs/base/err.h"

#include "jobs/base/buf.h"
#include "jobs/base/utf8.h"
#include "tests/unit/check.h"

#include <stdbool.h>

static struct err *innermost(void)
{
	return err_new(ERR_UPSTREAM, "%s answered %d", "the provider", 503);
}

static struct err *passing_on(void)
{
	TRY(innermost());
	return NULL;
}

static struct err *passing_nothing(void)
{
	TRY(NULL);
	return err_new(ERR_INTERNAL, "the end was reached");
}

static size_t lines_of(const char *text)
{
	size_t n = 1;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void says_kind_and_message(void **state)
{
	(void)state;
	assert_error(innermost(), ERR_UPSTREAM, "the provider answered 503");
	assert_error(passing_nothing(), ERR_INTERNAL, "the end was reached");
}

static void stack_is_innermost_first_with_notes(void **state)
{
	(void)state;
	cleanup(cleanup_err) struct err *e = err_wrap(passing_on(), "step %d", 3);
	cleanup(cleanup_free) char *stack = err_stack(e);
	const char *begin = "Error: the provider answered 503\n    at innermost (";
	assert_memory_equal(stack, begin, strlen(begin));
	const char *passed = strstr(stack, "\n    at passing_on ("),
		   *note = strstr(stack, " step 3");
	assert_non_null(passed);
	assert_non_null(note);
	assert_true(passed < note);
	assert_int_equal(lines_of(stack), 4);
	assert_has(stack, "err_test.c:");
}

static void nothing_stays_nothing(void **state)
{
	(void)state;
	assert_null(err_wrap(NULL, "never said"));
	err_free(NULL);
}

static void a_full_stack_keeps_both_ends(void **state)
{
	(void)state;
	cleanup(cleanup_err) struct err *e = innermost();
	for (int i = 1; i <= 40; i++)
		e = err_wrap(e, "note %d.", i);
	cleanup(cleanup_free) char *stack = err_stack(e);
	assert_int_equal(lines_of(stack), 1 + 16);
	assert_has(stack, "at innermost (");
	assert_has(stack, " note 1.");
	assert_has(stack, " note 40.");
	assert_hasnt(stack, " note 39.");
}

static void long_texts_are_cut_between_characters(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf text = BUF(100000);
	for (int i = 0; i < 10000; i++)
		buf_adds(&text, "\xe2\x82\xac");
	for (size_t shift = 0; shift < 3; shift++) {
		cleanup(cleanup_err) struct err *e =
			err_wrap(err_new(ERR_INVALID, "%s%s", "..." + shift, text.data), "%s%s",
				 "..." + shift, text.data);
		cleanup(cleanup_free) char *stack = err_stack(e);
		size_t len = strlen(err_message(e));
		assert_in_range(len, 399, 10000);
		assert_in_range(strlen(stack), len, len + 1000);
		assert_true(utf8_is_valid(stack, strlen(stack)));
	}
}

static void only_some_kinds_may_pass_later(void **state)
{
	(void)state;
	for (int kind = 0; kind < ERR_KINDS; kind++) {
		cleanup(cleanup_err) struct err *e = err_new((enum err_kind)kind, "x");
		bool later =
			kind == ERR_RATE_LIMITED || kind == ERR_UPSTREAM || kind == ERR_UNAVAILABLE;
		assert_int_equal(err_is_retryable(e), later);
	}
}

static void carries_details_and_a_wait(void **state)
{
	(void)state;
	cleanup(cleanup_err) struct err *e = innermost();
	assert_null(err_details(e));
	assert_int_equal(err_retry_after(e), 0);
	char json[] = "[1]";
	err_set_details(e, "[]");
	err_set_details(e, json);
	json[1] = '2';
	assert_string_equal(err_details(e), "[1]");
	err_set_retry_after(e, 7);
	assert_int_equal(err_retry_after(e), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_kind_and_message),
		cmocka_unit_test(stack_is_innermost_first_with_notes),
		cmocka_unit_test(nothing_stays_nothing),
		cmocka_unit_test(a_full_stack_keeps_both_ends),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(only_some_kinds_may_pass_later),
		cmocka_unit_test(carries_details_and_a_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
