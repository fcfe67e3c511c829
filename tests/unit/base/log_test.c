#include "jobs/base/log.h"

#include "tests/unit/capture.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>

enum { THREADS = 4, LINES = 300 };

#define SECRET "sk_0123456789abcdef"

static void assert_matches(const char *text, const char *pattern)
{
	regex_t regex;
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	int status = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	if (status != 0)
		fail_msg("\"%s\" does not match %s", text, pattern);
}

/* What one error line about `text` looks like; the caller frees it. */
static char *line_about(const char *text)
{
	struct capture c = capture_start();
	log_error("%s", text);
	return capture_end(&c);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;
	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

static void a_line_has_time_level_program_and_message(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *line = line_about("disk is full");
	assert_matches(line, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z error "
			     "tester\\[[0-9]+\\]: disk is full\n$");
}

static void the_context_stands_in_front(void **state)
{
	(void)state;
	log_context("request\n7");
	cleanup(cleanup_free) char *with = line_about("x");
	log_context(NULL);
	cleanup(cleanup_free) char *without = line_about("x");
	assert_matches(with, "tester\\[[0-9]+\\] request\\\\x0a7: x\n$");
	assert_matches(without, "tester\\[[0-9]+\\]: x\n$");
}

static void less_than_the_level_is_not_written(void **state)
{
	(void)state;
	static const char *const words[] = { "error ", "warn  ", "info  ", "debug " };
	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		log_open("tester", (enum log_level)level);
		struct capture c = capture_start();
		log_error("x");
		log_warn("x");
		log_info("x");
		log_debug("x");
		cleanup(cleanup_free) char *lines = capture_end(&c);
		for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
			assert_int_equal(count(lines, words[i]), i <= level);
	}
	log_open("tester", LOG_INFO);
}

static void levels_have_names(void **state)
{
	(void)state;
	assert_int_equal(log_level_parse("error"), LOG_ERROR);
	assert_int_equal(log_level_parse("warn"), LOG_WARN);
	assert_int_equal(log_level_parse("info"), LOG_INFO);
	assert_int_equal(log_level_parse("debug"), LOG_DEBUG);
	assert_int_equal(log_level_parse("INFO"), -1);
	assert_int_equal(log_level_parse("warning"), -1);
	assert_int_equal(log_level_parse(""), -1);
}

static void control_bytes_are_escaped(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *line = line_about("a\nb\r\x1b[31m\x7f\tGr\xc3\xbc\xc3\x9f");
	assert_has(line, ": a\\x0ab\\x0d\\x1b[31m\\x7f\\x09Gr\xc3\xbc\xc3\x9f\n");
	assert_int_equal(count(line, "\n"), 1);
}

static void a_long_message_is_one_cut_line(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *text = mem_alloc(100001);
	for (const char *c = "x\n"; *c; c++) {
		memset(text, *c, 100000);
		cleanup(cleanup_free) char *line = line_about(text);
		assert_in_range(strlen(line), 1000, 10000);
		assert_int_equal(count(line, "\n"), 1);
		assert_int_equal(line[strlen(line) - 1], '\n');
	}
}

static void errno_is_kept(void **state)
{
	(void)state;
	struct capture c = capture_start();
	errno = ENOSPC;
	log_error("%m");
	int after = errno;
	cleanup(cleanup_free) char *line = capture_end(&c);
	assert_int_equal(after, ENOSPC);
	assert_has(line, "No space left");
}

static void secrets_are_masked_until_forgotten(void **state)
{
	(void)state;
	log_mask(SECRET);
	cleanup(cleanup_free) char *masked = line_about("key=" SECRET ", again " SECRET);
	log_forget(SECRET);
	cleanup(cleanup_free) char *shown = line_about(SECRET);
	assert_hasnt(masked, "0123456789");
	assert_has(masked, "key=*******************, again *******************\n");
	assert_has(shown, SECRET);
}

static void a_secret_in_use_twice_is_forgotten_twice(void **state)
{
	(void)state;
	log_mask(SECRET);
	log_mask(SECRET);
	log_forget(SECRET);
	cleanup(cleanup_free) char *masked = line_about(SECRET);
	log_forget(SECRET);
	log_forget(SECRET);
	cleanup(cleanup_free) char *shown = line_about(SECRET);
	assert_hasnt(masked, SECRET);
	assert_has(shown, SECRET);
}

static void a_secret_within_another_hides_neither(void **state)
{
	(void)state;
	static const char *const orders[][2] = {
		{ "abcdefgh", "abcdefghIJKLMNOP" },
		{ "abcdefghIJKLMNOP", "abcdefgh" },
	};
	for (size_t i = 0; i < COUNT(orders); i++) {
		log_mask(orders[i][0]);
		log_mask(orders[i][1]);
		cleanup(cleanup_free) char *line = line_about("abcdefghIJKLMNOP");
		log_forget(orders[i][0]);
		log_forget(orders[i][1]);
		assert_has(line, ": ****************\n");
	}
}

/* Wherever a long message is cut, no beginning of a secret is left. */
static void a_secret_is_masked_before_the_line_is_cut(void **state)
{
	(void)state;
	log_mask(SECRET);
	cleanup(cleanup_free) char *text = mem_alloc(12000);
	for (size_t i = 0; i + sizeof(SECRET) < 11000; i += sizeof(SECRET) - 1)
		memcpy(text + i, SECRET, sizeof(SECRET));
	for (size_t shift = 0; shift < sizeof(SECRET) - 1; shift++) {
		cleanup(cleanup_free) char *line = line_about(text);
		assert_hasnt(line, "sk_");
		memmove(text + 1, text, strlen(text) + 1);
		text[0] = '.';
	}
	log_forget(SECRET);
}

static void short_texts_are_no_secrets(void **state)
{
	(void)state;
	log_mask(NULL);
	log_mask("");
	log_mask("1234567");
	cleanup(cleanup_free) char *line = line_about("1234567");
	assert_has(line, "1234567");
	log_forget("1234567");
	log_forget(NULL);
}

static void *log_and_mask(void *arg)
{
	const char *name = arg;
	log_context(name);
	for (int i = 0; i < LINES; i++) {
		log_mask(SECRET);
		log_error("%s says %s", name, SECRET);
		log_forget(SECRET);
	}
	log_context(NULL);
	return NULL;
}

static void threads_write_whole_lines_and_no_secret(void **state)
{
	(void)state;
	static char names[THREADS][24];
	pthread_t threads[THREADS];
	struct capture c = capture_start();
	for (int i = 0; i < THREADS; i++) {
		snprintf(names[i], sizeof(names[i]), "thread-%d", i);
		pthread_create(&threads[i], NULL, log_and_mask, names[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cleanup(cleanup_free) char *lines = capture_end(&c);
	assert_hasnt(lines, SECRET);
	assert_int_equal(count(lines, "\n"), THREADS * LINES);
	for (int i = 0; i < THREADS; i++) {
		cleanup(cleanup_free) char *whole =
			mem_printf("] %s: %s says *******************\n", names[i], names[i]);
		assert_int_equal(count(lines, whole), LINES);
	}
}

static int open_log(void **state)
{
	(void)state;
	log_open("tester", LOG_INFO);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_time_level_program_and_message),
		cmocka_unit_test(the_context_stands_in_front),
		cmocka_unit_test(less_than_the_level_is_not_written),
		cmocka_unit_test(levels_have_names),
		cmocka_unit_test(control_bytes_are_escaped),
		cmocka_unit_test(a_long_message_is_one_cut_line),
		cmocka_unit_test(errno_is_kept),
		cmocka_unit_test(secrets_are_masked_until_forgotten),
		cmocka_unit_test(a_secret_in_use_twice_is_forgotten_twice),
		cmocka_unit_test(a_secret_within_another_hides_neither),
		cmocka_unit_test(a_secret_is_masked_before_the_line_is_cut),
		cmocka_unit_test(short_texts_are_no_secrets),
		cmocka_unit_test(threads_write_whole_lines_and_no_secret),
	};
	return cmocka_run_group_tests(tests, open_log, NULL);
}
