/*
 * The properties hold over SPLIT_TEXTS random texts, 20,000 by default:
 *	make BUILD=release build/release/tests/unit/tts/split_test
 *	SPLIT_TEXTS=1000000 build/release/tests/unit/tts/split_test
 */
#include "tests/unit/tts/split_check.h"

#include "tests/unit/check.h"

/* The pieces joined by bars; the caller frees it. */
static char *cut(const char *text, size_t usual, size_t most)
{
	struct buf b = BUF(1 << 20);
	struct split split = split_start(text, (struct split_limits){ usual, most });
	struct split_piece piece;
	for (bool first = true; split_next(&split, &piece); first = false) {
		buf_adds(&b, first ? "" : "|");
		buf_add(&b, text + piece.offset, piece.length);
	}
	return buf_take(&b);
}

static void cuts_where_a_reader_would_pause(void **state)
{
	(void)state;
	static const struct {
		size_t usual;
		const char *want; /* the text without the bars, cut there */
	} cases[] = {
		{ 100, "One short text." },
		{ 100, "One paragraph.\n\n|Another one.\n \n|And a third." },
		{ 100, "One line\nand the next." },
		{ 20, "First sentence. |Second one here." },
		{ 20, "Is it? Yes! |Then go on now." },
		{ 24, "Dr. Weiß saw Mr. Smith. |He left." },
		{ 26, "He paid 3.14 for it. |No more." },
		{ 30, "See www.example.com/a.b now. |Do." },
		{ 30, "By J. R. R. Tolkien, 1937. |Read." },
		{ 28, "Am 3. Mai kam er an. |Dann nicht." },
		{ 30, "“Who is it?” she asked. |Nobody." },
		{ 30, "He said “No.” |Then he went away." },
		{ 26, "A long one, with commas, |but without any end" },
		{ 12, "only words |in this one" },
		{ 8, "Donaudam|pfschiff|fahrt" },
		{ 10, "我們今天去公園。|「你好！」|他說了很多話。" },
		{ 8, "一二三四五、|六七八九十" },
		{ 20, "كيف حالك اليوم؟ |أنا بخير." },
		{ 16, "नमस्ते दुनिया। |क्या हाल है" },
		{ 7, "👩‍👩‍👧‍👦|👍🏽🇩🇪🇫🇷|🇯🇵" },
		{ 19, "Wait now |<break time=\"1s\"/> |go." },
		{ 14, "Tom &amp; |Jerry &amp; Co" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *text = mem_strdup(cases[i].want);
		char *to = text;
		for (const char *from = cases[i].want; *from; from++)
			if (*from != '|')
				*to++ = *from;
		*to = '\0';
		cleanup(cleanup_free) char *got = cut(text, cases[i].usual, cases[i].usual);
		assert_string_equal(got, cases[i].want);
	}
}

static void a_long_sentence_may_stay_whole(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *got =
		cut("This sentence is, a bit longer than. Usual, and ends.", 30, 60);
	assert_string_equal(got, "This sentence is, a bit longer than. |Usual, and ends.");
}

static void a_change_stays_within_its_paragraph(void **state)
{
	(void)state;
	struct buf before = BUF(1 << 20), after = BUF(1 << 20);
	for (int i = 0; i < 200; i++) {
		buf_addf(&before, "Paragraph %d says something. It goes on.\n\n", i);
		buf_addf(&after, "Paragraph %d says %s. It goes on.\n\n", i,
			 i == 77 ? "a lot more than something" : "something");
	}
	struct split a = split_start(before.data, (struct split_limits){ 900, 5000 });
	struct split b = split_start(after.data, (struct split_limits){ 900, 5000 });
	struct split_piece pa, pb;
	int count = 0, changed = 0;
	while (split_next(&a, &pa) && split_next(&b, &pb)) {
		count++;
		changed += pa.length != pb.length ||
			   memcmp(before.data + pa.offset, after.data + pb.offset, pa.length) != 0;
		assert_true(pa.ends_paragraph);
	}
	assert_int_equal(count, 200);
	assert_int_equal(changed, 1);
	buf_clear(&before);
	buf_clear(&after);
}

static void a_grapheme_longer_than_a_piece_is_cut(void **state)
{
	(void)state;
	struct buf b = BUF(1 << 20);
	buf_adds(&b, "e");
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "\u0301");
	assert_int_equal(split_check(b.data, (struct split_limits){ 100, 100 }), 11);
	buf_clear(&b);
}

/* Where markup is too long to be seen whole, it begins to count in the middle of a grapheme. */
static void a_grapheme_at_the_edge_of_long_markup_stays_whole(void **state)
{
	(void)state;
	for (int length = 1; length < 200; length++)
		for (int shift = 0; shift < 3; shift++) {
			struct buf b = BUF(1 << 12);
			buf_addf(&b, "[%.*s", shift, "ab");
			for (int i = 0; i < length; i++)
				buf_adds(&b, "e\u0301");
			buf_adds(&b, "]");
			cleanup(cleanup_free) char *text = buf_take(&b);
			split_check(text, (struct split_limits){ 2, 4 });
		}
}

static void the_properties_hold_for_any_text(void **state)
{
	(void)state;
	const char *wanted = getenv("SPLIT_TEXTS"); /* NOLINT(concurrency-mt-unsafe) */
	long texts = wanted ? strtol(wanted, NULL, 10) : 20000;
	uint64_t seed = 20260221;
	for (long i = 0; i < texts; i++) {
		cleanup(cleanup_free) char *text = split_text(&seed);
		size_t usual = 1 + split_random(&seed, split_random(&seed, 2) ? 30 : 300);
		size_t most = usual + split_random(&seed, 100);
		split_check(text, (struct split_limits){ usual, most });
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_where_a_reader_would_pause),
		cmocka_unit_test(a_long_sentence_may_stay_whole),
		cmocka_unit_test(a_change_stays_within_its_paragraph),
		cmocka_unit_test(a_grapheme_longer_than_a_piece_is_cut),
		cmocka_unit_test(a_grapheme_at_the_edge_of_long_markup_stays_whole),
		cmocka_unit_test(the_properties_hold_for_any_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
