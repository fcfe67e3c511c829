/*
 * A text of any length as the pieces in which it is spoken, each with the hash that says what its
 * speech depends on.
 *
 * The hash is over provider, address, voice, model, language, settings, format and the piece's own
 * text. What stands before and after a piece is told to the provider, but not hashed: it colours
 * the intonation at a joint, and if it counted, a change in one paragraph would buy three anew, and
 * no sentence would be found again in another text.
 */
#pragma once
#include "jobs/base/digest.h"
#include "jobs/tts/provider.h"

struct piece {
	char *text;        /* what is spoken, without the space around it */
	size_t characters; /* of it */
	char hash[DIGEST_HEX_SIZE];
	bool ends_paragraph;
	double pause; /* seconds of silence after it */
};

struct script {
	struct piece *pieces;
	size_t count;
	size_t characters; /* of all pieces */
};

/*
 * Cuts `text` for a provider and a request (whose own text is not looked at). Between paragraphs
 * there are `pause` seconds; what has nothing to speak, like a line of asterisks, becomes a pause.
 * SSML is one piece. ERR_INVALID where there is nothing to speak in all of it, and for SSML that
 * the provider does not take, that is no <speak> element, or that says more than one request may.
 * script_clear frees it.
 */
must_check struct err *script_write(const struct provider *provider, const struct conf *conf,
				    const struct tts_request *request, const char *text,
				    double pause, struct script *ret);
void script_clear(struct script *s);
