#include "jobs/tts/captions.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/split.h"
#include "jobs/tts/text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LINE = 42, CUE = 2 * LINE }; /* characters; what subtitlers allow */

static const struct {
	const char *extension, *content_type, *begin;
	char point; /* before milliseconds */
} kinds[] = {
	[CAPTIONS_NONE] = { "", "", "", '.' },
	[CAPTIONS_SRT] = { "srt", "application/x-subrip", "", ',' },
	[CAPTIONS_VTT] = { "vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n", '.' },
};

const char *captions_extension(enum captions kind)
{
	return kinds[kind].extension;
}

const char *captions_content_type(enum captions kind)
{
	return kinds[kind].content_type;
}

void captions_begin(struct buf *out, enum captions kind)
{
	buf_adds(out, kinds[kind].begin);
}

static void add_time(struct buf *out, enum captions kind, double seconds)
{
	long long ms = llround(seconds * 1000);
	buf_addf(out, "%02lld:%02lld:%02lld%c%03lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
		 kinds[kind].point, ms % 1000);
}

/*
 * Adds a line of a caption, its spaces and line ends as single spaces. WebVTT takes & and < for the
 * beginning of something else, and so would "-->" be; players of SRT read the latter too.
 */
static void add_words(struct buf *out, enum captions kind, const char *text, size_t len)
{
	bool space = false, begun = false;
	for (size_t i = 0; i < len; i++) {
		if (strchr(" \t\r\n\v\f", text[i])) {
			space = begun;
			continue;
		}
		if (space)
			buf_adds(out, " ");
		if (kind == CAPTIONS_VTT && text[i] == '&')
			buf_adds(out, "&amp;");
		else if (kind == CAPTIONS_VTT && text[i] == '<')
			buf_adds(out, "&lt;");
		else if (kind == CAPTIONS_VTT && text[i] == '>')
			buf_adds(out, "&gt;");
		else if (text[i] == '>' && i >= 2 && !memcmp(text + i - 2, "--", 2))
			buf_adds(out, "›");
		else
			buf_add(out, text + i, 1);
		space = false;
		begun = true;
	}
}

/* The space next to the middle of a text, at which it becomes two lines; 0 where there is none. */
static size_t middle_space(const char *text, size_t len)
{
	for (size_t off = 0; off < len / 2; off++) {
		if (text[len / 2 - off] == ' ' || text[len / 2 - off] == '\n')
			return len / 2 - off;
		if (text[len / 2 + off] == ' ' || text[len / 2 + off] == '\n')
			return len / 2 + off;
	}
	return 0;
}

static void add_text(struct buf *out, enum captions kind, const char *text, size_t len)
{
	size_t characters = 0;
	for (size_t i = 0; i < len; i++)
		characters += ((uint8_t)text[i] & 0xc0) != 0x80;
	size_t first = characters > LINE ? middle_space(text, len) : 0;
	if (first > 0) {
		add_words(out, kind, text, first);
		buf_adds(out, "\n");
	}
	add_words(out, kind, text + first, len - first);
	buf_adds(out, "\n\n");
}

/* When the characters of a spoken text are said. */
struct clock {
	const struct captioned *spoken;
	struct json_object *alignment;
	size_t characters;
};

static double time_of(const struct clock *c, size_t character)
{
	double duration = c->spoken->duration_sec;
	if (character >= c->characters)
		return c->spoken->start_sec + duration;
	double at = duration * (double)character / (double)c->characters;
	if (c->alignment)
		at = json_object_get_double(json_object_array_get_idx(c->alignment, character)) /
		     1000;
	return c->spoken->start_sec + fmin(fmax(at, 0), duration);
}

static struct json_object *read_alignment(const struct captioned *spoken, size_t characters)
{
	struct json_object *alignment = NULL;
	if (!spoken->alignment)
		return NULL;
	err_free(js_parse(spoken->alignment, strlen(spoken->alignment), &alignment));
	if (json_object_is_type(alignment, json_type_array) &&
	    json_object_array_length(alignment) == characters)
		return alignment;
	json_object_put(alignment);
	return NULL;
}

void captions_add(struct buf *out, enum captions kind, const struct captioned *spoken, int *number)
{
	size_t characters = utf8_length(spoken->text), at = 0;
	cleanup(cleanup_json) struct json_object *alignment = read_alignment(spoken, characters);
	const struct clock clock = { spoken, alignment, characters };
	struct split split = split_start(spoken->text, (struct split_limits){ CUE, CUE });
	struct split_piece piece;
	while (split_next(&split, &piece)) {
		cleanup(cleanup_free) char *text =
			mem_strndup(spoken->text + piece.offset, piece.length);
		size_t length = utf8_length(text), shown = piece.length;
		while (shown > 0 && strchr(" \t\r\n\v\f", text[shown - 1]))
			text[--shown] = '\0';
		if (text_is_speakable(text)) {
			if (kind == CAPTIONS_SRT)
				buf_addf(out, "%d\n", *number + 1);
			++*number;
			add_time(out, kind, time_of(&clock, at));
			buf_adds(out, " --> ");
			add_time(out, kind, time_of(&clock, at + length));
			buf_adds(out, "\n");
			add_text(out, kind, text, shown);
		}
		at += length;
	}
}
