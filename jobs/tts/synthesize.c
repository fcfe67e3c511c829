#include "jobs/tts/synthesize.h"

#include "jobs/base/clock.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_WAIT_MS = 60000, CANCEL_STEP_MS = 100, JITTER_PERCENT = 10, NUMBER_SIZE = 32 };

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
			       grouped(length, has), provider->title, grouped(most, takes));
	return NULL;
}

int64_t synthesize_wait_ms(const struct conf *conf, const struct err *e, int tries)
{
	if (tries >= SYNTHESIZE_TRIES || !err_is_retryable(e))
		return -1;
	int64_t wait = err_retry_after(e) > 0 ? err_retry_after(e) * INT64_C(1000)
					      : (int64_t)conf->provider_retry_ms << (tries - 1);
	return wait < MAX_WAIT_MS ? wait : MAX_WAIT_MS;
}

/*
 * 10% more or less, so that calls which were throttled together do not come back together; never
 * less than the provider asked for.
 */
static int64_t with_jitter(int64_t wait_ms, bool asked_for)
{
	uint32_t spread = asked_for ? JITTER_PERCENT : 2 * JITTER_PERCENT;
	int64_t least = asked_for ? 100 : 100 - JITTER_PERCENT;
	return wait_ms * (least + arc4random_uniform(spread + 1)) / 100;
}

struct err *synthesize(struct http *http, const struct conf *conf, const struct provider *provider,
		       const struct tts_key *key, const struct tts_request *request,
		       struct tts_result *ret)
{
	TRY(check_text(provider, request));
	for (int tries = 1; !stop_is_due(request->stop); tries++) {
		struct tts_result result = { .billed_characters = -1 };
		struct err *e = provider->synthesize(http, conf, key, request, &result);
		if (!e) {
			*ret = result;
			return NULL;
		}
		tts_result_clear(&result);
		int64_t wait_ms = synthesize_wait_ms(conf, e, tries);
		if (wait_ms < 0)
			return err_wrap(e, "%s, try %d of %d", provider->name, tries,
					SYNTHESIZE_TRIES);
		wait_ms = with_jitter(wait_ms, err_retry_after(e) > 0);
		err_free(e);
		stop_sleep(request->stop, wait_ms);
	}
	return err_new(ERR_CANCELLED, "The speech of %s was cancelled", provider->title);
}
