/* Texts in twelve scripts, and what has to hold of the pieces of any text; for tests and fuzzers.
 */
#pragma once
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/boundary.h"
#include "jobs/tts/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unigbrk.h>

enum { SPLIT_SCRIPTS = 12 };

/* Real sentences, and between the bars what texts of that script are put together of at random. */
static const char *const split_words[SPLIT_SCRIPTS][16] = {
	{ "Dr. Weiß paid 3.14 €", "e.g.", "J. R. R. Tolkien", "naïve", "“Wait?” he said.", "It’s",
	  "www.example.com/a.b?c=d", "end.", "Really?!", "U.S.A.", "one,", "two;", "(yes.)" },
	{ "Он сказал:", "«Привет!»", "Это", "т.е.", "конец.", "да,", "№ 5", "Й" },
	{ "Η Ελλάδα", "τι;", "ναι·", "τέλος.", "ά", "«ω»" },
	{ "我們今天去公園。", "「你好！」", "他說：", "一、二、三", "真的嗎？", "好", "３．１４" },
	{ "彼は言った。", "「はい、そうです。」", "カ゛", "が", "ｶﾞ", "東京タワー", "ね！？" },
	{ "안녕하세요.", "한국어", "각", "네!", "뭐라고?" },
	{ "مرحبا،", "كيف حالك؟", "قال:", "نَعَم.", "۝١", "اردو۔" },
	{ "नमस्ते।", "क्षत्रिय", "हिन्दी", "क्या?", "श्री॥", "कि" },
	{ "สวัสดีครับ", "กำลัง", "ไป ", "น้ำ", "ที่\u200bนี่" },
	{ "שלום,", "מה?", "שָׁלוֹם", "סוף.", "״כן״" },
	{ "வணக்கம்.", "நிலா", "க்ஷ", "கொ", "ஸ்ரீ" },
	{ "👩‍👩‍👧‍👦", "🇩🇪🇫🇷🇯🇵", "👍🏽", "❤️‍🔥",
	  "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "e\u0301\u0302", "1️⃣", "🙂." },
};
static const char *const split_glue[] = {
	" ",
	" ",
	" ",
	" ",
	" ",
	"\n",
	"\n\n",
	"\r\n\r\n",
	"",
	"  ",
	"\u3000",
	"\u00a0",
	"<break time=\"1.5s\"/>",
	"[laughs softly] ",
	"&amp;",
	"\u0301",
	" \u0301",
	"\u200d",
	"\t",
	"— ",
	"—",
	"... ",
	"…",
	"\n \n  ",
};

/* The next number of a sequence that only the seed decides. */
static inline uint32_t split_random(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % below);
}

/* A text that only the seed decides, mostly of one script; the caller frees it. */
static inline char *split_text(uint64_t *seed)
{
	struct buf b = BUF(1 << 20);
	uint32_t script = split_random(seed, SPLIT_SCRIPTS), words = 1 + split_random(seed, 60);
	for (uint32_t i = 0; i < words; i++) {
		uint32_t from = split_random(seed, 10) ? script : split_random(seed, SPLIT_SCRIPTS);
		uint32_t count = 0;
		while (count < 16 && split_words[from][count])
			count++;
		buf_adds(&b, split_words[from][split_random(seed, count)]);
		buf_adds(&b,
			 split_glue[split_random(seed, sizeof(split_glue) / sizeof(*split_glue))]);
	}
	return buf_take(&b);
}

static inline void split_fail(const char *what, const char *text, size_t at)
{
	fprintf(stderr, "%s at byte %zu of \"%s\"\n", what, at, text);
	abort();
}

static inline size_t split_characters(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((uint8_t)text[i] & 0xc0) != 0x80;
	return n;
}

/* A cut inside of a grapheme or markup is for those that are longer than a piece. */
static inline void split_check_cut(const char *text, size_t len, const char *breaks, size_t at,
				   size_t most)
{
	size_t begin = at, end = at;
	while (begin > 0 && !breaks[begin])
		begin--;
	while (end < len && !breaks[end])
		end++;
	if (!breaks[at] && split_characters(text + begin, end - begin) <= most)
		split_fail("inside a grapheme that would fit", text, at);
	if (most > 200 && boundary_is_inside_markup(text, len, at))
		split_fail("inside markup", text, at);
}

/* Aborts unless the pieces are the text, within the limits, and cut where it may be cut. */
static inline size_t split_check(const char *text, struct split_limits limits)
{
	size_t len = strlen(text), at = 0, count = 0;
	cleanup(cleanup_free) char *breaks = mem_alloc(len + 1);
	u8_grapheme_breaks((const uint8_t *)text, len, breaks);
	struct split split = split_start(text, limits);
	struct split_piece piece;
	while (split_next(&split, &piece)) {
		if (piece.offset != at || piece.length == 0)
			split_fail("a gap", text, piece.offset);
		if (split_characters(text + at, piece.length) > limits.most)
			split_fail("a piece that is too long", text, at);
		if (!utf8_is_valid(text + at, piece.length))
			split_fail("a cut character", text, at);
		at += piece.length;
		if (at < len)
			split_check_cut(text, len, breaks, at, split.limits.usual);
		count++;
	}
	if (at != len)
		split_fail("the end", text, at);
	return count;
}
