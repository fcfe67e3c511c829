/*
 * Where a text may be cut, in any script: after a sentence, a clause or a word.
 *
 * A boundary stands before a character that is neither space nor closing mark: marks, the quotes
 * and brackets that close after them, and the space behind those stay with what they end. What
 * looks like the end of a sentence and is none does not count: abbreviations ("Dr. Weiß"), initials
 * ("J. R. R. Tolkien"), numbers ("3.14", "am 3. Mai"), URLs, and marks before a small letter.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum boundary {
	BOUNDARY_NONE,
	BOUNDARY_WORD,     /* spaces, also U+200B, which stands between words in Thai and Khmer */
	BOUNDARY_CLAUSE,   /* commas and their like, dashes, the end of a line */
	BOUNDARY_SENTENCE, /* full stops and their like */
};
enum { BOUNDARIES = BOUNDARY_SENTENCE + 1 };

/*
 * What stands at byte `at` of a valid UTF-8 text of `len` bytes; 0 < at < len, and at the first
 * byte of a character. Never other than BOUNDARY_NONE inside a grapheme (UAX #29).
 */
enum boundary boundary_at(const char *text, size_t len, size_t at);

/* True where `at` is inside <a tag>, [an instruction] or an &entity; on one line. */
bool boundary_is_inside_markup(const char *text, size_t len, size_t at);

/*
 * The last end of a grapheme (UAX #29) in text[1..most], where text[0] begins one and `most` is
 * less than `len` and the start of a character; 0 where one grapheme is longer than that.
 */
size_t boundary_last_grapheme(const char *text, size_t len, size_t most);
