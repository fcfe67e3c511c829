/* The services that keys are for: the users' own, or the server's from its environment. */
#pragma once
#include "jobs/base/conf.h"

#include <stddef.h>

struct service {
	const char *name;     /* on the wire: "elevenlabs" */
	const char *title;    /* for people: "ElevenLabs" */
	const char *variable; /* of the environment, for messages: "ELEVENLABS_API_KEY" */
	size_t key_offset;    /* of the server's own key in struct conf */
};

extern const struct service service_elevenlabs, service_azure, service_openai, service_anthropic;

/* Service number `i`, in the order that users see them; NULL behind the last. */
const struct service *service_at(size_t i);

/* The server's own key, borrowed; "" where it has none. */
const char *service_fallback_key(const struct service *service, const struct conf *conf);
