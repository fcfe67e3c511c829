/*
 * Cuts a text of any length and script into pieces that a provider speaks one by one:
 *
 *	struct split split = split_start(text, limits);
 *	struct split_piece piece;
 *	while (split_next(&split, &piece))
 *		...
 *
 * The pieces follow each other without a gap: joined they are the text, to the byte. A paragraph,
 * which ends with a blank line, is a piece of its own; a longer one is cut after a sentence, else a
 * clause, else a word, else between graphemes, and never inside a tag, an [instruction] or an
 * entity that fits into a piece. Since no piece goes over a paragraph's end, a change in one
 * paragraph changes the pieces of no other.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* In characters (code points), both at least 1. */
struct split_limits {
	size_t usual; /* a piece is this long at most, where it can be cut after a sentence */
	size_t most;  /* no piece is longer */
};

struct split {
	const char *text; /* borrowed, valid UTF-8 */
	size_t length, at;
	size_t paragraph_end; /* of the paragraph at `at` */
	struct split_limits limits;
};

struct split_piece {
	size_t offset, length; /* bytes of the text, surrounding space included */
	bool ends_paragraph;
};

struct split split_start(const char *text, struct split_limits limits);

/* The next piece; false after the last. */
bool split_next(struct split *s, struct split_piece *ret);
