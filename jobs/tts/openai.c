#include "jobs/tts/openai.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/call.h"
#include "jobs/tts/text.h"

#include <math.h>
#include <string.h>

/* platform.openai.com, API reference, "Create speech". */
enum { MAX_CHARACTERS = 4096 };
static const struct tts_range speed = { "speed", 0.25, 4 };
#define DEFAULT_MODEL "tts-1"

static const char *const formats[AUDIO_FORMATS] = {
	[AUDIO_MP3] = "mp3",
	[AUDIO_WAV] = "wav",
};

/*
 * Codes before bare statuses: a 429 can be a used-up quota as well as haste, and a 404 a model as
 * well as a wrong address (platform.openai.com, "Error codes").
 */
static const struct refusal_rule rules[] = {
	{ 0, "insufficient_quota", REFUSAL_CREDITS },
	{ 0, "credit_balance", REFUSAL_CREDITS },
	{ 0, "billing_hard_limit", REFUSAL_CREDITS },
	{ 0, "invalid_api_key", REFUSAL_KEY },
	{ 0, "content_policy", REFUSAL_CONTENT },
	{ 0, "content_filter", REFUSAL_CONTENT },
	{ 0, "invalid_prompt", REFUSAL_CONTENT },
	{ 0, "context_length", REFUSAL_CONTEXT },
	{ 0, "maximum context length", REFUSAL_CONTEXT },
	{ 0, "string_above_max_length", REFUSAL_TEXT_TOO_LONG },
	{ 0, "string_too_long", REFUSAL_TEXT_TOO_LONG },
	{ 0, "model_not_found", REFUSAL_MODEL },
	{ 404, "model", REFUSAL_MODEL },
	{ 403, "model", REFUSAL_MODEL },
	{ 400, "voice", REFUSAL_VOICE_NAME },
	{ 422, "voice", REFUSAL_VOICE_NAME },
	{ 400, NULL, REFUSAL_PARAMETER },
	{ 401, NULL, REFUSAL_KEY },
	{ 402, NULL, REFUSAL_CREDITS },
	{ 403, NULL, REFUSAL_PERMISSION },
	{ 404, NULL, REFUSAL_ADDRESS },
	{ 405, NULL, REFUSAL_ADDRESS },
	{ 408, NULL, REFUSAL_DOWN },
	{ 409, NULL, REFUSAL_THROTTLED },
	{ 413, NULL, REFUSAL_CONTEXT },
	{ 422, NULL, REFUSAL_PARAMETER },
	{ 429, NULL, REFUSAL_THROTTLED },
	{ 3, NULL, REFUSAL_ADDRESS },
	{ 5, NULL, REFUSAL_DOWN },
};

enum refusal openai_classify(int status, const char *words)
{
	return refusal_match(rules, sizeof(rules) / sizeof(rules[0]), status, words,
			     REFUSAL_REQUEST);
}

static size_t max_characters(const struct tts_request *request)
{
	(void)request; /* the same for every model */
	return MAX_CHARACTERS;
}

static const char *model_of(const struct tts_request *request)
{
	return request->model ? request->model : DEFAULT_MODEL;
}

char *openai_speech_body(const struct tts_request *request, struct tts_result *ret)
{
	cleanup(cleanup_free) char *text = text_clean(request->text);
	cleanup(cleanup_json) struct json_object *body = json_object_new_object();
	tts_note_missing(ret, service_openai.title, "stability", request->stability);
	tts_note_missing(ret, service_openai.title, "similarityBoost", request->similarity_boost);
	js_set_string(body, "model", model_of(request));
	js_set_string(body, "voice", request->voice);
	js_set_string(body, "input", text);
	js_set_string(body, "response_format", formats[request->format]);
	if (!isnan(request->speaking_rate))
		js_set_double(body, "speed",
			      tts_clamp(ret, service_openai.title, &speed, request->speaking_rate));
	return js_text(body);
}

static struct err *synthesize(struct http *http, const struct conf *conf,
			      const struct service_key *key, const struct tts_request *request,
			      struct tts_result *ret)
{
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(call_key_header("Authorization: Bearer ", key, service_openai.title, &key_header));
	cleanup(cleanup_free) char *url = mem_printf("%s/v1/audio/speech", conf->openai_base_url);
	cleanup(cleanup_free) char *body = openai_speech_body(request, ret);
	const struct http_request call = {
		.method = "POST",
		.url = url,
		.headers = (const char *[]){ key_header, "Content-Type: application/json", NULL },
		.body = body,
		.body_len = strlen(body),
		.max_response = CALL_MAX_AUDIO,
		.timeout_s = call_timeout_s(conf, utf8_length(request->text)),
		.stop = request->stop,
	};
	cleanup(http_response_clear) struct http_response response = { 0 };
	struct err *e = call_perform(http, service_openai.title, &call, &response);
	ret->uncertain = e && http_was_sent(http);
	TRY(e);
	if (response.status != 200) {
		cleanup(cleanup_free) char *words = NULL, *said = NULL;
		refusal_read(response.body, response.body_len, &words, &said);
		return call_refused(http, openai_classify(response.status, words),
				    service_openai.title, said, key);
	}
	ret->billed_characters = -1;
	ret->request_id = mem_strdup(http_header(http, "x-request-id"));
	ret->model = mem_strdup(model_of(request));
	return call_take_audio(&response, service_openai.title, request->format, 0, ret);
}

static void reduce(struct tts_request *request)
{
	request->stability = request->similarity_boost = NAN;
	request->speaking_rate = tts_limited(&speed, request->speaking_rate);
	request->language = NULL; /* it hears that itself */
}

const struct provider openai_provider = {
	.service = &service_openai,
	.model = DEFAULT_MODEL,
	.base_url_offset = offsetof(struct conf, openai_base_url),
	.usual_characters = 1200,
	.parallel = 5,
	.max_characters = max_characters,
	.reduce = reduce,
	.synthesize = synthesize,
	.list_voices = openai_list_voices,
};
