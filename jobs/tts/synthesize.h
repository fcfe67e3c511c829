/* One text to audio: the provider's call, tried again where that can help. */
#pragma once
#include "jobs/io/services.h"
#include "jobs/tts/provider.h"

/*
 * Speaks `request` with up to CALL_TRIES tries, and call_wait between them. Each waits at the gate
 * until the key's plan allows another call; what the provider says of that is learned there. Only
 * what may pass on another try is tried again. A text longer than one request takes is ERR_INVALID
 * naming both lengths; one without a letter or digit is ERR_INVALID too. After a failure
 * ret->uncertain tells whether one of the tries may have been done and billed all the same.
 */
must_check struct err *synthesize(const struct services *services, struct http *http,
				  const struct provider *provider, const struct service_key *key,
				  const struct tts_request *request, struct tts_result *ret);
