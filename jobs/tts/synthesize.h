/* One text to audio: the provider's call, tried again where that can help. */
#pragma once
#include "jobs/tts/provider.h"

#include <stdint.h>

enum { SYNTHESIZE_TRIES = 3 };

/*
 * Speaks `request` with up to SYNTHESIZE_TRIES tries. Between two the wait is the provider's
 * Retry-After, else conf->provider_retry_ms doubled from try to try, at most a minute, with jitter;
 * request->stop ends it. Only what may pass on another try is tried again. A text longer than one
 * request takes is ERR_INVALID naming both lengths; one without a letter or digit is ERR_INVALID
 * too.
 */
must_check struct err *synthesize(struct http *http, const struct conf *conf,
				  const struct provider *provider, const struct tts_key *key,
				  const struct tts_request *request, struct tts_result *ret);

/*
 * Milliseconds to wait after try number `tries` (from 1) failed with `e`, without jitter; -1 where
 * there is to be no other try.
 */
int64_t synthesize_wait_ms(const struct conf *conf, const struct err *e, int tries);
