#include "jobs/tts/call.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

enum { LEAST_TIMEOUT_S = 60, FIXED_TIMEOUT_S = 15, CHARACTERS_PER_TIMEOUT_S = 33 };
enum { MAX_WAIT_MS = 60000, JITTER_PERCENT = 10 };

int call_timeout_s(const struct conf *conf, size_t characters)
{
	size_t wanted = FIXED_TIMEOUT_S + characters / CHARACTERS_PER_TIMEOUT_S;
	if (wanted < LEAST_TIMEOUT_S)
		wanted = LEAST_TIMEOUT_S;
	size_t most = (size_t)conf->provider_timeout_s;
	return (int)(wanted < most ? wanted : most);
}

struct err *call_key_header(const char *before, const struct service_key *key, const char *title,
			    char **ret_header)
{
	for (const char *c = key->secret; *c; c++)
		if (*c <= ' ' || *c > '~')
			return refusal_error(REFUSAL_KEY, title, NULL, NULL);
	*ret_header = mem_printf("%s%s", before, key->secret);
	return NULL;
}

struct err *call_perform(struct http *http, const char *title, const struct http_request *request,
			 struct http_response *ret)
{
	bool answered = false;
	cleanup(cleanup_err) struct err *e = http_perform(http, request, ret, &answered);
	if (!e)
		return NULL;
	if (err_kind(e) != ERR_UPSTREAM || !http_was_sent(http))
		return take(e);
	return err_wrap(
		refusal_error(answered ? REFUSAL_CUT_OFF : REFUSAL_UNANSWERED, title, NULL, NULL),
		"%s", err_message(e));
}

int64_t call_wait_ms(const struct conf *conf, const struct err *e, int tries)
{
	if (tries >= CALL_TRIES || !err_is_retryable(e))
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

bool call_wait(const struct conf *conf, const struct stop *stop, const struct err *e, int tries)
{
	int64_t wait_ms = call_wait_ms(conf, e, tries);
	if (wait_ms < 0)
		return false;
	stop_sleep(stop, with_jitter(wait_ms, err_retry_after(e) > 0));
	return true;
}

struct err *call_refused(struct http *http, enum refusal refusal, const char *title,
			 const char *said, const struct service_key *key)
{
	struct err *e = refusal_error(refusal, title, said, key->secret);
	err_set_retry_after(e, http_retry_after(http));
	return e;
}

struct err *call_take_audio(struct http_response *response, const char *title,
			    enum audio_format format, uint32_t pcm_rate, struct tts_result *ret)
{
	char *body = take(response->body);
	cleanup(audio_bytes_clear) struct audio_bytes audio = {
		.data = (uint8_t *)body,
		.len = response->body_len,
	};
	struct audio_info info;
	TRY(audio_normalize(&audio, format, pcm_rate, &info));
	if (info.truncated)
		return refusal_error(REFUSAL_TRUNCATED, title, NULL, NULL);
	ret->audio = take(audio.data);
	ret->audio_len = audio.len;
	ret->info = info;
	return NULL;
}
