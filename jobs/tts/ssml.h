/*
 * SSML (Speech Synthesis Markup Language 1.1) in Azure's dialect. Everything that comes from a user
 * is escaped here and nowhere else.
 */
#pragma once
#include "jobs/base/buf.h"

/* All borrowed; valid UTF-8. */
struct ssml {
	const char *language; /* xml:lang */
	const char *voice;
	const char *speaker_profile; /* of a personal voice; or NULL */
	double rate;                 /* 1 is the voice's own pace */
	const char *text;
};

/*
 * Appends `text` as XML character data that is safe in a quoted attribute too: & < > " ' become
 * entities, and what XML 1.0 forbids becomes a space.
 */
void ssml_escape(struct buf *b, const char *text);

/*
 * What a document says, as far as one can tell: what stands outside its tags and comments, CDATA
 * included, with each run of blanks as one space. The caller frees it.
 */
char *ssml_text(const char *document) __attribute__((returns_nonnull));

/* The document; the caller frees it. */
char *ssml_build(const struct ssml *ssml) __attribute__((returns_nonnull));
