#include "jobs/tts/elevenlabs.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/call.h"
#include "jobs/tts/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Speaks every language of ours and is the steadiest on long text (elevenlabs.io/docs/models). */
static const struct {
	const char *id;
	size_t max_characters;
} model = { "eleven_multilingual_v2", 10000 };

/* Formats of every plan; WAV is asked for as bare samples, as its own header's sizes are wrong. */
static const struct {
	const char *name;
	uint32_t pcm_rate;
} formats[AUDIO_FORMATS] = {
	[AUDIO_MP3] = { "mp3_44100_128", 0 },
	[AUDIO_WAV] = { "pcm_24000", 24000 },
};

static const struct tts_range stability = { "stability", 0, 1 };
static const struct tts_range similarity = { "similarityBoost", 0, 1 };
static const struct tts_range speed = { "speakingRate", 0.7, 1.2 };
static const double DEFAULT_STABILITY = 0.5, DEFAULT_SIMILARITY = 0.75;

static size_t max_characters(const struct tts_request *request)
{
	(void)request; /* one model for all */
	return model.max_characters;
}

static double or_default(struct tts_result *ret, const struct tts_range *range, double value,
			 double fallback)
{
	if (!isnan(value))
		return tts_clamp(ret, service_elevenlabs.title, range, value);
	tts_note(
		ret,
		"%s was not set; ElevenLabs wants it beside the other setting, used its default %g",
		range->setting, fallback);
	return fallback;
}

/* Only what the user set, so that the settings stored with the voice keep their force. */
static struct json_object *voice_settings(const struct tts_request *request, struct tts_result *ret)
{
	struct json_object *settings = json_object_new_object();
	if (!isnan(request->stability) || !isnan(request->similarity_boost)) {
		js_set_double(settings, "stability",
			      or_default(ret, &stability, request->stability, DEFAULT_STABILITY));
		js_set_double(settings, "similarity_boost",
			      or_default(ret, &similarity, request->similarity_boost,
					 DEFAULT_SIMILARITY));
	}
	if (!isnan(request->speaking_rate))
		js_set_double(
			settings, "speed",
			tts_clamp(ret, service_elevenlabs.title, &speed, request->speaking_rate));
	return settings;
}

char *elevenlabs_body(const struct tts_request *request, struct tts_result *ret)
{
	cleanup(cleanup_free) char *text = text_clean(request->text);
	cleanup(cleanup_json) struct json_object *body = json_object_new_object();
	js_set_string(body, "text", text);
	js_set_string(body, "model_id", model.id);
	struct json_object *settings = voice_settings(request, ret);
	if (json_object_object_length(settings) > 0)
		js_set(body, "voice_settings", settings);
	else
		json_object_put(settings);
	return js_text(body);
}

/* The price is called character-cost in answers and x-character-count in the documentation. */
static void read_headers(struct http *http, struct tts_result *ret)
{
	const char *cost = http_header(http, "character-cost");
	if (!cost)
		cost = http_header(http, "x-character-count");
	ret->billed_characters = cost ? strtol(cost, NULL, 10) : -1;
	ret->request_id = mem_strdup(http_header(http, "request-id"));
	ret->model = mem_strdup(model.id);
}

/*
 * Speech that was made but did not arrive whole lies in the account's history, where fetching it
 * costs nothing. True where that worked.
 */
static bool fetch_from_history(struct http *http, const struct conf *conf,
			       const struct http_request *speech, enum audio_format format,
			       struct tts_result *ret)
{
	const char *item = http_header(http, "history-item-id");
	if (!item)
		return false;
	cleanup(cleanup_free) char *url =
		mem_printf("%s/v1/history/%s/audio", conf->elevenlabs_base_url, item);
	struct http_request request = *speech;
	request.method = "GET";
	request.url = url;
	request.body = NULL;
	request.body_len = 0;
	cleanup(http_response_clear) struct http_response response = { 0 };
	cleanup(cleanup_err) struct err *e =
		call_perform(http, service_elevenlabs.title, &request, &response);
	if (e || response.status != 200)
		return false;
	e = call_take_audio(&response, service_elevenlabs.title, format, formats[format].pcm_rate,
			    ret);
	if (e)
		return false;
	tts_note(ret, "The audio did not arrive whole; it was fetched from ElevenLabs' history, "
		      "where that is free");
	return true;
}

static struct err *synthesize(struct http *http, const struct conf *conf,
			      const struct service_key *key, const struct tts_request *request,
			      struct tts_result *ret)
{
	cleanup(cleanup_free) char *voice = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(elevenlabs_voice_url(conf, "/v1/text-to-speech/", request->voice, &voice));
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	cleanup(cleanup_free) char *url =
		mem_printf("%s?output_format=%s", voice, formats[request->format].name);
	cleanup(cleanup_free) char *body = elevenlabs_body(request, ret);
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
	cleanup(cleanup_err) struct err *e =
		call_perform(http, service_elevenlabs.title, &call, &response);
	if (!e && response.status != 200)
		return elevenlabs_error(http, &response, key, request->format);
	read_headers(http, ret);
	if (!e)
		e = call_take_audio(&response, service_elevenlabs.title, request->format,
				    formats[request->format].pcm_rate, ret);
	if (!e || err_kind(e) == ERR_CANCELLED)
		return take(e);
	return fetch_from_history(http, conf, &call, request->format, ret) ? NULL : take(e);
}

static bool wants_clone(const char *voice)
{
	return !*voice;
}

const struct provider elevenlabs_provider = {
	.service = &service_elevenlabs,
	.max_characters = max_characters,
	.synthesize = synthesize,
	.clone = elevenlabs_clone,
	.wants_clone = wants_clone,
	.is_unverified = elevenlabs_is_unverified,
	.delete_voice = elevenlabs_delete_voice,
	.list_voices = elevenlabs_list_voices,
};
