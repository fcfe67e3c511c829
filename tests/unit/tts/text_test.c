#include "jobs/tts/text.h"

#include "tests/unit/tts/fixture.h"

static void test_speakable(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool speakable;
	} cases[] = {
		{ "", false },
		{ " \t\r\n", false },
		{ "...!? -- ()", false },
		{ "a", true },
		{ "…7…", true },
		{ "\u00bfÑ?", true },
		{ "\u00bf?", false },
		{ "\u00aa", true },
		{ "\u00b5", true },
		{ "\u2014 \u201c\u201d \u2026", false }, /* dashes, quotes, ellipsis */
		{ "\u3002\uff01\u300c\u300d", false },   /* CJK punctuation */
		{ "\u4f60\u597d", true },
		{ "\u3042", true },
		{ "\uac00", true },
		{ "\uff11", true },
		{ "\u0645\u0631", true },
		{ "\u060c\u061f", false },
		{ "\u0964", false },
		{ "\u0939", true },
		{ "\u0416", true },
		{ "\U0001f600\ufe0f\u200d", false }, /* emoji with joiners */
		{ "\U0001f600 ok", true },
		{ "\u20ac", false },
		{ "\u2192 \u2605", false },
		{ "\U00020000", true }, /* an ideograph beyond the first plane */
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (text_is_speakable(cases[i].text) != cases[i].speakable)
			fail_msg("“%s” is %sspeakable", cases[i].text,
				 cases[i].speakable ? "" : "not ");
}

static void test_clean(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "tab\there\r\nline", "tab\there\r\nline" },
		{ "a\x0b"
		  "b\x01"
		  "c\x1f"
		  "d\x7f",
		  "a b c d " },
		{ "x\xc2\x85y", "x y" },
		{ "x\ufffey\uffffz", "x y z" },
		{ "ü\u200d\U0001f600", "ü\u200d\U0001f600" },
		{ "\ufffd\ue000", "\ufffd\ue000" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *clean = text_clean(cases[i].text);
		assert_string_equal(clean, cases[i].want);
	}
}

static void test_direction(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL for none */
	} cases[] = {
		{ "[whispers] Come in", "[whispers]" },
		{ "See [1], then [laughs, softly].", "[laughs, softly]" },
		{ "[[sighs]", "[sighs]" },
		{ "", NULL },
		{ "[", NULL },
		{ "[]", NULL },
		{ "[x]", NULL },
		{ "[Berlin] [2024] [a1]", NULL },
		{ "[open", NULL },
		{ "[a direction that goes on and on for longer than any does]", NULL },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length = 0;
		const char *found = text_direction(cases[i].text, &length);
		assert_int_equal(found != NULL, cases[i].want != NULL);
		if (!found || !cases[i].want)
			continue;
		assert_int_equal(length, strlen(cases[i].want));
		assert_memory_equal(found, cases[i].want, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_speakable),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_direction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
