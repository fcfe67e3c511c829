#include "jobs/tts/synthesize.h"

#include "jobs/base/digest.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/call.h"
#include "jobs/tts/text.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 32, KEY_NAME_SIZE = 64 };

/* Writes a count as people read it, "12,345", and returns `text`. */
static char *grouped(size_t count, char text[static NUMBER_SIZE])
{
	char digits[NUMBER_SIZE];
	int len = snprintf(digits, sizeof(digits), "%zu", count), at = 0;
	for (int i = 0; i < len && at < NUMBER_SIZE - 2; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

static struct err *check_text(const struct provider *provider, const struct tts_request *request)
{
	size_t length = utf8_length(request->text);
	size_t most = provider->max_characters(request);
	char has[NUMBER_SIZE], takes[NUMBER_SIZE];
	if (!text_is_speakable(request->text))
		return err_new(ERR_INVALID, "There is nothing to speak in the text: it has no "
					    "letter or digit.");
	if (length > most)
		return err_new(ERR_INVALID,
			       "The text has %s characters; %s takes at most %s in one request. "
			       "Shorten it, or split it over several nodes.",
			       grouped(length, has), provider->service->title,
			       grouped(most, takes));
	return NULL;
}

/* The gate's name for a key, which tells nobody the key. */
static void name_key(const struct provider *provider, const struct service_key *key,
		     char name[static KEY_NAME_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	digest_sha256(key->secret, strlen(key->secret), digest);
	snprintf(name, KEY_NAME_SIZE, "%s:%.16s", provider->service->name, digest_hex(digest, hex));
}

static struct err *cancelled(const struct provider *provider)
{
	return err_new(ERR_CANCELLED, "The speech of %s was cancelled", provider->service->title);
}

/* One call, when it is its turn. */
static struct err *call_in_turn(const struct services *services, struct http *http,
				const struct provider *provider, const struct service_key *key,
				const struct tts_request *request, struct tts_result *ret)
{
	struct gate_pass pass;
	char name[KEY_NAME_SIZE];
	name_key(provider, key, name);
	if (!gate_enter(services->gate, name, provider->parallel, request->stop, &pass))
		return cancelled(provider);
	FAULT_POINT("provider", "speak", "before");
	struct err *e = provider->synthesize(http, services->conf, key, request, ret);
	FAULT_POINT("provider", "speak", "after");
	gate_learn(services->gate, &pass, ret->parallel);
	gate_leave(services->gate, &pass);
	return e;
}

struct err *synthesize(const struct services *services, struct http *http,
		       const struct provider *provider, const struct service_key *key,
		       const struct tts_request *request, struct tts_result *ret)
{
	TRY(check_text(provider, request));
	for (int tries = 1; !stop_is_due(request->stop); tries++) {
		struct tts_result result = { .billed_characters = -1 };
		struct err *e = call_in_turn(services, http, provider, key, request, &result);
		if (!e) {
			*ret = result;
			ret->uncertain = false;
			return NULL;
		}
		ret->uncertain |= result.uncertain;
		tts_result_clear(&result);
		if (!call_wait(services->conf, request->stop, e, tries))
			return err_wrap(e, "%s, try %d of %d", provider->service->name, tries,
					CALL_TRIES);
		err_free(e);
	}
	return cancelled(provider);
}
