#include "jobs/tts/pronunciation.h"

#include "tests/unit/tts/fixture.h"

static void assert_spoken(const char *entries, const char *text, const char *want, size_t count)
{
	size_t got = 99;
	cleanup(cleanup_json) struct json_object *list = NULL;
	assert_ok(js_parse(entries, strlen(entries), &list));
	cleanup(cleanup_free) char *spoken = pronunciation_apply(list, text, &got);
	assert_string_equal(spoken, want);
	assert_int_equal(got, count);
}

#define ONE(word, replacement) "[{\"word\":\"" word "\",\"replacement\":\"" replacement "\"}]"

static void whole_words_are_replaced(void **state)
{
	(void)state;
	assert_spoken("[]", "As it is.", "As it is.", 0);
	assert_spoken(ONE("SQL", "sequel"), "SQL, NoSQL (SQL) SQLite SQL",
		      "sequel, NoSQL (sequel) SQLite sequel", 3);
	assert_spoken(ONE("SQL", "sequel"), "SQL2 2SQL SQL_ sql", "SQL2 2SQL sequel_ sql", 1);
	assert_spoken(ONE("C++", "see plus plus"), "C++, C++11, C+++",
		      "see plus plus, see plus plus11, see plus plus+", 3);
	assert_spoken(ONE("a", "b"), "a a a", "b b b", 3);
}

static void small_letters_fit_in_any_case(void **state)
{
	(void)state;
	assert_spoken(ONE("nginx", "engine x"), "nginx Nginx NGINX", "engine x engine x engine x",
		      3);
	assert_spoken(ONE("Nginx", "engine x"), "nginx Nginx NGINX", "nginx engine x NGINX", 1);
	assert_spoken(ONE("straße", "Strasse"), "Straße STRAßE Straßen", "Strasse Strasse Straßen",
		      2);
	assert_spoken(ONE("привет", "здравствуй"), "Привет, приветы", "здравствуй, приветы", 1);
	assert_spoken(ONE("ελλάδα", "Hellas"), "Ελλάδα", "Hellas", 1);
}

static void the_longest_fits_first_and_nothing_twice(void **state)
{
	(void)state;
	assert_spoken("[{\"word\":\"New\",\"replacement\":\"Old\"},"
		      "{\"word\":\"New York\",\"replacement\":\"New Amsterdam\"}]",
		      "New York is New.", "New Amsterdam is Old.", 2);
}

static void scripts_without_spaces_have_words_anywhere(void **state)
{
	(void)state;
	assert_spoken(ONE("東京", "とうきょう"), "私は東京に住む。", "私はとうきょうに住む。", 1);
	assert_spoken(ONE("กรุงเทพ", "Bangkok"), "ไปกรุงเทพกัน", "ไปBangkokกัน", 1);
	assert_spoken(ONE("ก", "x"), "กี่ ก", "กี่ x", 1); /* not without its marks */
	assert_spoken(ONE("मुंबई", "बंबई"), "मुंबई मुंबईकर", "बंबई मुंबईकर", 1);
	assert_spoken(ONE("مكة", "Mecca"), "مكة، مكةالمكرمة", "Mecca، مكةالمكرمة", 1);
	assert_spoken(ONE("e", "x"), "e e\xcc\x81 e", "x e\xcc\x81 x", 2);
}

static void markup_stays(void **state)
{
	(void)state;
	assert_spoken(ONE("break", "pause"), "A break <break time=\"1s\"/> break",
		      "A pause <break time=\"1s\"/> pause", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_words_are_replaced),
		cmocka_unit_test(small_letters_fit_in_any_case),
		cmocka_unit_test(the_longest_fits_first_and_nothing_twice),
		cmocka_unit_test(scripts_without_spaces_have_words_anywhere),
		cmocka_unit_test(markup_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
