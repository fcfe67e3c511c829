/* Captions: what is said when, as SRT or WebVTT. */
#pragma once
#include "jobs/base/buf.h"

#include <json-c/json.h>
#include <stddef.h>

enum captions { CAPTIONS_NONE, CAPTIONS_SRT, CAPTIONS_VTT };

/* "srt", "vtt"; and their content types. Static. */
const char *captions_extension(enum captions kind);
const char *captions_content_type(enum captions kind);

/* The beginning of a file of captions. */
void captions_begin(struct buf *out, enum captions kind);

/* A spoken text. Borrowed. */
struct captioned {
	const char *text;
	double start_sec, duration_sec;
	const char *
		alignment; /* JSON array of milliseconds from the start, one a character; or NULL */
};

/*
 * Adds the captions of a spoken text: cut at sentences, long ones at clauses, each of at most two
 * lines and 84 characters. Where there is no alignment, the time is shared out by the number of
 * characters. *number counts the captions.
 */
void captions_add(struct buf *out, enum captions kind, const struct captioned *spoken, int *number);
