#include "jobs/tts/call.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

enum { LEAST_TIMEOUT_S = 60, FIXED_TIMEOUT_S = 15, CHARACTERS_PER_TIMEOUT_S = 33 };

int call_timeout_s(const struct conf *conf, size_t characters)
{
	size_t wanted = FIXED_TIMEOUT_S + characters / CHARACTERS_PER_TIMEOUT_S;
	if (wanted < LEAST_TIMEOUT_S)
		wanted = LEAST_TIMEOUT_S;
	size_t most = (size_t)conf->provider_timeout_s;
	return (int)(wanted < most ? wanted : most);
}

struct err *call_key_header(const char *name, const struct tts_key *key, const char *title,
			    char **ret_header)
{
	for (const char *c = key->secret; *c; c++)
		if (*c <= ' ' || *c > '~')
			return refusal_error(REFUSAL_KEY, title, NULL, NULL);
	*ret_header = mem_printf("%s: %s", name, key->secret);
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

struct err *call_refused(struct http *http, enum refusal refusal, const char *title,
			 const char *said, const struct tts_key *key)
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
