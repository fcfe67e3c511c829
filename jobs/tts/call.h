/*
 * One call to a speech provider: what all of them share around http_perform.
 *
 * Money decides what may be repeated. A call that could not be sent costs nothing; one whose answer
 * broke off has failed for sure; but one that was sent and never answered may have been done and
 * billed, so it becomes an error that is not tried again.
 */
#pragma once
#include "jobs/tts/provider.h"
#include "jobs/tts/refusal.h"

/*
 * Seconds to wait for the speech of a text: a quarter of a minute and 30 ms a character, at least a
 * minute, at most conf->provider_timeout_s.
 */
int call_timeout_s(const struct conf *conf, size_t characters);

/* "<name>: <secret>"; the caller wipes it. ERR_REFUSED for a key that can't stand in a header. */
must_check struct err *call_key_header(const char *name, const struct tts_key *key,
				       const char *title, char **ret_header);

enum { CALL_MAX_AUDIO = 64 * 1024 * 1024 }; /* bytes of one answer */

/*
 * http_perform, with its failures told by what they cost: ERR_UPSTREAM where nothing was sent or
 * the answer broke off, ERR_REFUSED where an answer never began.
 */
must_check struct err *call_perform(struct http *http, const char *title,
				    const struct http_request *request, struct http_response *ret);

/*
 * The error of an answer that was a refusal: refusal_error without the key, and with the
 * Retry-After of the last answer.
 */
must_check struct err *call_refused(struct http *http, enum refusal refusal, const char *title,
				    const char *said, const struct tts_key *key)
	__attribute__((returns_nonnull));

/*
 * Makes the body of a good answer the result's audio, as audio_normalize does; the body is taken
 * out of the response. `pcm_rate` is the rate of headerless PCM, or 0. Audio whose end is missing
 * is ERR_UPSTREAM.
 */
must_check struct err *call_take_audio(struct http_response *response, const char *title,
				       enum audio_format format, uint32_t pcm_rate,
				       struct tts_result *ret);
