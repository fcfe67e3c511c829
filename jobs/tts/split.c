#include "jobs/tts/split.h"

#include "jobs/tts/boundary.h"

#include <stdint.h>
#include <string.h>

struct split split_start(const char *text, struct split_limits limits)
{
	if (limits.usual > limits.most)
		limits.usual = limits.most;
	return (struct split){ .text = text, .length = strlen(text), .limits = limits };
}

static bool is_continuation(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

/* How many of eight bytes begin no character. */
static size_t continuations(const char *bytes)
{
	static const uint64_t ones = 0x0101010101010101;
	uint64_t x;
	memcpy(&x, bytes, sizeof(x));
	return (size_t)(((x >> 7 & ~(x >> 6) & ones) * ones) >> 56);
}

/* The byte behind `count` characters from `at` on, or `end`, whichever comes first. */
static size_t skip(const char *text, size_t at, size_t end, size_t count)
{
	if (end - at <= count)
		return end;
	for (; count >= 8 && end - at >= 8; at += 8)
		count -= 8 - continuations(text + at);
	while (at < end && (is_continuation(text[at]) || count-- > 0))
		at++;
	return at;
}

/* The end of the paragraph that begins at `at`: behind the last of the blank lines after it. */
static size_t paragraph_end(const char *text, size_t at, size_t length)
{
	static const char blank[] = " \t\r\v\f\n";
	at += strspn(text + at, blank);
	for (const char *line; (line = memchr(text + at, '\n', length - at));) {
		size_t next = (size_t)(line - text) + 1;
		size_t space = strspn(text + next, blank);
		if (next + space >= length)
			return length;
		const char *last = memrchr(text + next, '\n', space);
		if (last)
			return (size_t)(last - text) + 1;
		at = next + space;
	}
	return length;
}

/* What has been found in a window, by kind. */
struct found {
	size_t at[BOUNDARIES]; /* 0 for none */
};

/*
 * Looks for places to cut in text[low..high], backwards from `high`, of each kind for the one at or
 * next behind `aim`, else for the last before it.
 */
static struct found look(const struct split *s, size_t low, size_t aim, size_t high)
{
	struct found found = { 0 };
	for (size_t at = high; at > low; at--) {
		uint8_t last = (uint8_t)s->text[at - 1];
		if (at < aim && found.at[BOUNDARY_SENTENCE])
			break;
		if ((last > ' ' && last < 0x80 && last != '"') || is_continuation(s->text[at]))
			continue;
		enum boundary kind = boundary_at(s->text, s->length, at);
		bool better = !found.at[kind] || (at >= aim && found.at[kind] > aim);
		if (kind == BOUNDARY_NONE || !better ||
		    boundary_is_inside_markup(s->text, s->length, at))
			continue;
		found.at[kind] = at;
	}
	return found;
}

/* The first end of a sentence in text[low..high]; 0 where there is none. */
static size_t next_sentence(const struct split *s, size_t low, size_t high)
{
	for (size_t at = low + 1; at <= high && at < s->length; at++) {
		uint8_t last = (uint8_t)s->text[at - 1];
		if ((last > ' ' && last < 0x80) || is_continuation(s->text[at]))
			continue;
		if (boundary_at(s->text, s->length, at) == BOUNDARY_SENTENCE &&
		    !boundary_is_inside_markup(s->text, s->length, at))
			return at;
	}
	return 0;
}

/* Between graphemes, before markup that would be cut unless it is all that there is. */
static size_t any_place(const struct split *s, size_t high)
{
	size_t begin = s->at;
	size_t last = boundary_last_grapheme(s->text + begin, s->length - begin, high - begin);
	size_t best = last ? begin + last : high, at = best;
	while (at > begin &&
	       (is_continuation(s->text[at]) || boundary_is_inside_markup(s->text, s->length, at)))
		at--;
	if (at == begin || at == best)
		return best;
	/* `at` is before the mark that opens; a grapheme may have begun before that */
	last = boundary_last_grapheme(s->text + begin, s->length - begin, at - begin);
	return last ? begin + last : best;
}

/* Where to end the piece at s->at, in a paragraph that is longer than the usual. */
static size_t cut(const struct split *s)
{
	size_t end = s->paragraph_end, usual = s->limits.usual;
	size_t high = skip(s->text, s->at, end, usual);
	/* The last two pieces of a paragraph share what is left, so that none is a mere word. */
	bool last_two = skip(s->text, high, end, usual / 2 + 1) == end;
	size_t rest = last_two ? (end - s->at) / 2 : high - s->at;
	size_t aim = s->at + rest < high ? s->at + rest : high;
	struct found found = look(s, s->at, aim, high);
	if (found.at[BOUNDARY_SENTENCE])
		return found.at[BOUNDARY_SENTENCE];
	size_t room = usual / 2;
	if (s->limits.most - usual < room)
		room = s->limits.most - usual;
	size_t more = skip(s->text, high, end, room);
	size_t sentence = next_sentence(s, high, more);
	if (sentence || more == end)
		return sentence ? sentence : end;
	for (int kind = BOUNDARY_CLAUSE; kind >= BOUNDARY_WORD; kind--)
		if (found.at[kind])
			return found.at[kind];
	return any_place(s, high);
}

bool split_next(struct split *s, struct split_piece *ret)
{
	if (s->at >= s->length)
		return false;
	if (s->at >= s->paragraph_end)
		s->paragraph_end = paragraph_end(s->text, s->at, s->length);
	size_t end = s->paragraph_end;
	if (skip(s->text, s->at, end, s->limits.usual) < end)
		end = cut(s);
	*ret = (struct split_piece){
		.offset = s->at,
		.length = end - s->at,
		.ends_paragraph = end == s->paragraph_end,
	};
	s->at = end;
	return true;
}
