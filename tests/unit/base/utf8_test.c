#include "jobs/base/utf8.h"

#include "tests/unit/check.h"

#include <stdio.h>

#define BYTES(s) (s), sizeof(s) - 1

static void reads_every_length(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		uint32_t cp;
	} cases[] = {
		{ BYTES("\0"), 0 },
		{ BYTES("A"), 'A' },
		{ BYTES("\x7f"), 0x7f },
		{ BYTES("\xc2\x80"), 0x80 },
		{ BYTES("\xdf\xbf"), 0x7ff },
		{ BYTES("\xe0\xa0\x80"), 0x800 },
		{ BYTES("\xed\x9f\xbf"), 0xd7ff },
		{ BYTES("\xee\x80\x80"), 0xe000 },
		{ BYTES("\xef\xbf\xbf"), 0xffff },
		{ BYTES("\xf0\x90\x80\x80"), 0x10000 },
		{ BYTES("\xf4\x8f\xbf\xbf"), 0x10ffff },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t cp = 0xffffffff;
		assert_int_equal(utf8_next(cases[i].bytes, cases[i].len, &cp), cases[i].len);
		assert_int_equal(cp, cases[i].cp);
	}
}

static void refuses_what_is_not_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ BYTES("\x80") }, /* a continuation byte alone */
		{ BYTES("\xbf") },
		{ BYTES("\xc3") }, /* cut off */
		{ BYTES("\xe2\x82") },
		{ BYTES("\xf0\x9f\x98") },
		{ BYTES("\xc3(") }, /* no continuation */
		{ BYTES("\xe2(\xac") },
		{ BYTES("\xf0\x9f\x98(") },
		{ BYTES("\xc0\xaf") }, /* overlong */
		{ BYTES("\xc1\xbf") },
		{ BYTES("\xe0\x9f\xbf") },
		{ BYTES("\xf0\x8f\xbf\xbf") },
		{ BYTES("\xed\xa0\x80") }, /* surrogates */
		{ BYTES("\xed\xbf\xbf") },
		{ BYTES("\xf4\x90\x80\x80") },     /* above U+10FFFF */
		{ BYTES("\xf8\x88\x80\x80\x80") }, /* five bytes */
		{ BYTES("\xfe") },
		{ BYTES("\xff") },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t cp;
		assert_int_equal(utf8_next(cases[i].bytes, cases[i].len, &cp), 0);
		assert_false(utf8_is_valid(cases[i].bytes, cases[i].len));
	}
}

static void judges_whole_texts(void **state)
{
	(void)state;
	assert_true(utf8_is_valid("", 0));
	assert_true(utf8_is_valid(BYTES("Gr\xc3\xbc\xc3\x9f Gott \xf0\x9f\x8e\x99\0 too")));
	assert_false(utf8_is_valid(BYTES("good, then \xff bad")));
	assert_false(utf8_is_valid("\xe2\x82\xac", 2));
}

static void counts_characters(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(""), 0);
	assert_int_equal(utf8_length("voice"), 5);
	assert_int_equal(utf8_length("Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\x99"), 8);
}

static void repairs_what_was_cut(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "", "" },
		{ "Gr\xc3\xbc\xc3\x9f", "Gr\xc3\xbc\xc3\x9f" },
		{ "Gr\xc3\xbc\xc3", "Gr\xc3\xbc" },
		{ "\xf0\x9f\x8e\" is", "\" is" },
		{ "\xff\xfe", "" },
		{ "\xed\xa0\x80surrogate", "surrogate" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[32];
		snprintf(text, sizeof(text), "%s", cases[i][0]);
		utf8_repair(text);
		assert_string_equal(text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_length),   cmocka_unit_test(refuses_what_is_not_utf8),
		cmocka_unit_test(judges_whole_texts),   cmocka_unit_test(counts_characters),
		cmocka_unit_test(repairs_what_was_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
