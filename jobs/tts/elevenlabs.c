#include "jobs/tts/elevenlabs.h"

#include "jobs/base/base64.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/call.h"
#include "jobs/tts/elevenlabs_model.h"
#include "jobs/tts/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARALLEL = 1000 }; /* more calls at once than any plan allows */

/* Formats of every plan; WAV is asked for as bare samples, as its own header's sizes are wrong. */
const struct elevenlabs_format elevenlabs_formats[AUDIO_FORMATS] = {
	[AUDIO_MP3] = { "mp3_44100_128", 0 },
	[AUDIO_WAV] = { "pcm_24000", 24000 },
};

static const struct tts_range stability = { "stability", 0, 1 };
static const struct tts_range similarity = { "similarityBoost", 0, 1 };
static const struct tts_range speed = { "speakingRate", 0.7, 1.2 };
static const double DEFAULT_STABILITY = 0.5, DEFAULT_SIMILARITY = 0.75, STEP_TOLERANCE = 1e-6;

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

/* The nearest of the three kinds of steadiness that such a model knows. */
static double step_of(double value)
{
	return round(2 * tts_limited(&stability, value)) / 2;
}

/* Such a model takes nothing else. */
static void set_step(struct json_object *settings, const struct tts_request *request,
		     struct tts_result *ret)
{
	const char *title = elevenlabs_model_id(request);
	tts_note_missing(ret, title, similarity.setting, request->similarity_boost);
	tts_note_missing(ret, title, speed.setting, request->speaking_rate);
	if (isnan(request->stability))
		return;
	double step = step_of(request->stability);
	if (fabs(step - request->stability) > STEP_TOLERANCE)
		tts_note(ret, "%s knows the stabilities 0, 0.5 and 1; used %g", title, step);
	js_set_double(settings, "stability", step);
}

struct json_object *elevenlabs_settings(const struct tts_request *request, struct tts_result *ret)
{
	struct json_object *settings = json_object_new_object();
	if (elevenlabs_model(request)->has_steps) {
		set_step(settings, request, ret);
		return settings;
	}
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

static void add_context(struct json_object *body, const char *name, const char *text)
{
	cleanup(cleanup_free) char *clean = text ? text_clean(text) : NULL;
	if (clean)
		js_set_string(body, name, clean);
}

/* Notes the first "[whispers]" where it will be read aloud. */
static void note_direction(const struct tts_request *request, struct tts_result *ret)
{
	size_t length;
	const char *direction = text_direction(request->text, &length);
	if (direction && !elevenlabs_model(request)->performs)
		tts_note(ret,
			 "\"%.*s\" is read aloud: %s takes no directions in brackets, the model "
			 "eleven_v3 does",
			 (int)length, direction, elevenlabs_model_id(request));
}

char *elevenlabs_body(const struct tts_request *request, struct tts_result *ret)
{
	cleanup(cleanup_free) char *text = text_clean(request->text);
	cleanup(cleanup_json) struct json_object *body = json_object_new_object();
	js_set_string(body, "text", text);
	js_set_string(body, "model_id", elevenlabs_model_id(request));
	struct json_object *settings = elevenlabs_settings(request, ret);
	if (json_object_object_length(settings) > 0)
		js_set(body, "voice_settings", settings);
	else
		json_object_put(settings);
	if (elevenlabs_model(request)->takes_context) {
		add_context(body, "previous_text", request->previous_text);
		add_context(body, "next_text", request->next_text);
	}
	note_direction(request, ret);
	return js_text(body);
}

/* The price is called character-cost in answers and x-character-count in the documentation. */
static void read_headers(struct http *http, const struct tts_request *request,
			 struct tts_result *ret)
{
	const char *cost = http_header(http, "character-cost");
	if (!cost)
		cost = http_header(http, "x-character-count");
	const char *parallel = http_header(http, "maximum-concurrent-requests");
	ret->billed_characters = cost ? strtol(cost, NULL, 10) : -1;
	ret->parallel = parallel ? (int)strtol(parallel, NULL, 10) : 0;
	ret->request_id = mem_strdup(http_header(http, "request-id"));
	ret->model = mem_strdup(elevenlabs_model_id(request));
}

/* A refusal of too many calls at once tells the limit: "…a maximum of 2 concurrent…". */
static void read_limit(const struct http_response *response, struct tts_result *ret)
{
	static const char before[] = "maximum of ";
	bool concurrency = response->status == 429 && strcasestr(response->body, "concurrent");
	const char *said = concurrency ? strstr(response->body, before) : NULL;
	long limit = said ? strtol(said + strlen(before), NULL, 10) : 0;
	ret->parallel = limit > 0 && limit <= MAX_PARALLEL ? (int)limit : 0;
}

/*
 * Makes the answer to a call with timestamps, {"audio_base64", "alignment"}, what one without would
 * have been: the audio. An answer of another form stays as it is, and is judged as audio.
 */
static void unpack(struct http_response *response, const struct tts_request *request,
		   struct tts_result *ret)
{
	cleanup(cleanup_json) struct json_object *root = NULL;
	cleanup(cleanup_err) struct err *e = js_parse(response->body, response->body_len, &root);
	const char *packed = e ? NULL : js_string(root, "audio_base64");
	uint8_t *audio = NULL;
	int len = packed ? base64_decode(packed, &audio) : -1;
	if (len < 0)
		return;
	free(response->body);
	response->body = (char *)audio;
	response->body_len = (size_t)len;
	ret->alignment = elevenlabs_alignment(js_get(root, "alignment"), request->text);
}

/* The outcome of a call whose answer did not come, or not whole. */
static struct err *recover_lost(struct http *http, const struct conf *conf,
				const struct service_key *key, const struct tts_request *request,
				struct tts_result *ret, struct err *lost)
{
	cleanup(cleanup_err) struct err *e = lost;
	cleanup(cleanup_free) char *item = mem_strdup(http_header(http, "history-item-id"));
	ret->uncertain = http_was_sent(http);
	if (err_kind(e) == ERR_CANCELLED || !ret->uncertain)
		return take(e);
	int64_t age_ms = conf->provider_timeout_s * INT64_C(1000); /* no call takes longer */
	if (item)
		elevenlabs_fetch(http, conf, key, request, item, ret);
	else
		err_free(elevenlabs_recover(http, conf, key, request, age_ms, ret));
	if (!ret->audio)
		return take(e);
	ret->uncertain = false;
	tts_note(ret, "The audio did not arrive whole; it was fetched from ElevenLabs' history, "
		      "where that is free");
	return NULL;
}

static struct err *synthesize(struct http *http, const struct conf *conf,
			      const struct service_key *key, const struct tts_request *request,
			      struct tts_result *ret)
{
	cleanup(cleanup_free) char *voice = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(elevenlabs_voice_url(conf, "/v1/text-to-speech/", request->voice, &voice));
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	const struct elevenlabs_format *format = &elevenlabs_formats[request->format];
	cleanup(cleanup_free) char *url =
		mem_printf("%s%s?output_format=%s", voice,
			   request->aligned ? "/with-timestamps" : "", format->name);
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
	struct err *e = call_perform(http, service_elevenlabs.title, &call, &response);
	if (!e && response.status != 200) {
		read_limit(&response, ret);
		return elevenlabs_error(http, &response, key, request->format);
	}
	read_headers(http, request, ret);
	if (!e && request->aligned)
		unpack(&response, request, ret);
	if (!e)
		e = call_take_audio(&response, service_elevenlabs.title, request->format,
				    format->pcm_rate, ret);
	if (!e)
		return NULL;
	return recover_lost(http, conf, key, request, ret, e);
}

static void reduce(struct tts_request *request)
{
	bool is_set = !isnan(request->stability) || !isnan(request->similarity_boost);
	request->language = NULL; /* it hears that itself */
	if (elevenlabs_model(request)->has_steps) {
		request->similarity_boost = request->speaking_rate = NAN;
		if (!isnan(request->stability))
			request->stability = step_of(request->stability);
		return;
	}
	if (is_set && isnan(request->stability))
		request->stability = DEFAULT_STABILITY;
	if (is_set && isnan(request->similarity_boost))
		request->similarity_boost = DEFAULT_SIMILARITY;
	request->stability = tts_limited(&stability, request->stability);
	request->similarity_boost = tts_limited(&similarity, request->similarity_boost);
	request->speaking_rate = tts_limited(&speed, request->speaking_rate);
}

static bool wants_clone(const char *voice)
{
	return !*voice;
}

const struct provider elevenlabs_provider = {
	.service = &service_elevenlabs,
	.model = ELEVENLABS_USUAL_MODEL,
	.base_url_offset = offsetof(struct conf, elevenlabs_base_url),
	.usual_characters = 900, /* what its troubleshooting advises for an even voice */
	.parallel = 2,           /* of the smallest plan */
	.max_characters = elevenlabs_max_characters,
	.learn = elevenlabs_learn,
	.reduce = reduce,
	.synthesize = synthesize,
	.recover = elevenlabs_recover,
	.clone = elevenlabs_clone,
	.wants_clone = wants_clone,
	.is_unverified = elevenlabs_is_unverified,
	.delete_voice = elevenlabs_delete_voice,
	.list_voices = elevenlabs_list_voices,
};
