/*
 * One call to a provider: what all of them share around http_perform.
 *
 * Money decides what may be repeated. A call that could not be sent costs nothing; one whose answer
 * broke off has failed for sure; but one that was sent and never answered may have been done and
 * billed, so it becomes an error that is not tried again.
 */
#pragma once
#include "jobs/tts/provider.h"
#include "jobs/tts/refusal.h"

#include <stdint.h>

/*
 * Seconds to wait for the speech of a text: a quarter of a minute and 30 ms a character, at least a
 * minute, at most conf->provider_timeout_s.
 */
int call_timeout_s(const struct conf *conf, size_t characters);

/*
 * The header line that is `before` ("xi-api-key: ") and the key; the caller wipes it. ERR_REFUSED
 * for a key that can't stand in a header.
 */
must_check struct err *call_key_header(const char *before, const struct service_key *key,
				       const char *title, char **ret_header);

enum { CALL_MAX_AUDIO = 64 * 1024 * 1024 }; /* bytes of one answer */

enum { CALL_TRIES = 3 };

/*
 * Milliseconds to wait after try number `tries` (from 1) failed with `e`, without jitter: the
 * provider's Retry-After, else conf->provider_retry_ms doubled from try to try, at most a minute;
 * -1 where there is to be no other try, since the tries are used up or `e` would only come again.
 */
int64_t call_wait_ms(const struct conf *conf, const struct err *e, int tries);

/* Sleeps that long, with jitter, until `stop` falls due; false where there is to be no other try.
 */
bool call_wait(const struct conf *conf, const struct stop *stop, const struct err *e, int tries);

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
				    const char *said, const struct service_key *key)
	__attribute__((returns_nonnull));

/*
 * Makes the body of a good answer the result's audio, as audio_normalize does; the body is taken
 * out of the response. `pcm_rate` is the rate of headerless PCM, or 0. Audio whose end is missing
 * is ERR_UPSTREAM.
 */
must_check struct err *call_take_audio(struct http_response *response, const char *title,
				       enum audio_format format, uint32_t pcm_rate,
				       struct tts_result *ret);
