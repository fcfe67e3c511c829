#include "jobs/tts/azure.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/call.h"
#include "jobs/tts/ssml.h"
#include "jobs/tts/text.h"

#include <math.h>
#include <string.h>

enum {
	MAX_CHARACTERS = 4000,     /* well below the 9,200 that fill 10 minutes */
	MAX_CHARACTERS_CJK = 1500, /* and below 3,300, where a character is a word */
	MAX_SSML = 20000, /* below the 64 KB of a turn of its websocket; of REST none is told */
	CUT_AT_S = 599,   /* audio is cut at 600 seconds, with status 200 */
	MAX_WORDS = 4096,
	MAX_LOCALE = 35, /* RFC 5646, 4.4.1 */
};

static const char DEFAULT_LANGUAGE[] = "en-US";

/* 24 kHz is the neural voices' own rate; bare samples, as its WAV headers lack their sizes. */
static const struct {
	const char *header;
	uint32_t pcm_rate;
} formats[AUDIO_FORMATS] = {
	[AUDIO_MP3] = { "X-Microsoft-OutputFormat: audio-24khz-96kbitrate-mono-mp3", 0 },
	[AUDIO_WAV] = { "X-Microsoft-OutputFormat: raw-24khz-16bit-mono-pcm", 24000 },
};

/* What prosody's rate is limited to (SSML voice and sound, "Adjust prosody"). */
static const struct tts_range rate = { "speakingRate", 0.5, 2 };

/* Languages whose characters are syllables or words. */
static const char *const cjk[] = { "zh", "ja", "ko", "yue", "wuu" };

/* learn.microsoft.com, Text to speech REST API, "HTTP status codes"; bodies are mostly empty. */
static const struct refusal_rule rules[] = {
	{ 400, "voice", REFUSAL_VOICE_REGION }, { 400, NULL, REFUSAL_UNEXPLAINED },
	{ 401, NULL, REFUSAL_KEY_OR_REGION },   { 403, "quota", REFUSAL_CREDITS },
	{ 403, NULL, REFUSAL_NETWORK },         { 404, NULL, REFUSAL_ADDRESS },
	{ 405, NULL, REFUSAL_ADDRESS },         { 408, NULL, REFUSAL_DOWN },
	{ 413, NULL, REFUSAL_TEXT_TOO_LONG },   { 429, NULL, REFUSAL_THROTTLED },
	{ 3, NULL, REFUSAL_ADDRESS },           { 5, NULL, REFUSAL_DOWN },
};

static bool is_set(const char *text)
{
	return text && *text;
}

struct err *azure_url(const struct conf *conf, const struct service_key *key, const char *path,
		      char **ret_url)
{
	if (is_set(conf->azure_base_url)) {
		*ret_url = mem_printf("%s%s", conf->azure_base_url, path);
		return NULL;
	}
	const char *region = is_set(key->region) ? key->region : conf->azure_region;
	if (region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return err_new(ERR_REFUSED, "The Azure region is not valid. Enter it in Settings → "
					    "API Keys as Azure writes it, for example “eastus”.");
	*ret_url = mem_printf("https://%s.tts.speech.microsoft.com%s", region, path);
	return NULL;
}

/*
 * Writes the locale that a voice name starts with: up to the last dash before the name itself, as
 * there are locales of three parts ("zh-CN-shaanxi-XiaoniNeural"). Empty where it has none.
 */
static const char *locale_of(const char *voice, char locale[static MAX_LOCALE + 1])
{
	size_t name_len = strcspn(voice, ":#");
	const char *dash = memrchr(voice, '-', name_len);
	size_t language_len = strcspn(voice, "-"); /* two or three letters (ISO 639) */
	size_t len = dash && language_len <= 3 ? (size_t)(dash - voice) : 0;
	if (len > MAX_LOCALE)
		len = 0;
	memcpy(locale, voice, len);
	locale[len] = '\0';
	return locale;
}

static bool is_cjk(const char *language)
{
	size_t len = strcspn(language, "-_");
	for (size_t i = 0; i < sizeof(cjk) / sizeof(cjk[0]); i++)
		if (len == strlen(cjk[i]) && !strncasecmp(language, cjk[i], len))
			return true;
	return false;
}

size_t azure_max_characters(const struct tts_request *request)
{
	if (request->ssml) /* what it says is held to less */
		return MAX_SSML;
	char locale[MAX_LOCALE + 1];
	bool dense = is_cjk(locale_of(request->voice, locale)) ||
		     (request->language && is_cjk(request->language));
	size_t most = dense ? MAX_CHARACTERS_CJK : MAX_CHARACTERS;
	double slowed = isnan(request->speaking_rate) ? 1 : request->speaking_rate;
	return (size_t)((double)most * fmin(fmax(slowed, rate.min), 1));
}

static bool is_hd(const char *voice)
{
	return strchr(voice, ':');
}

static double rate_of(const struct tts_request *request, struct tts_result *ret)
{
	if (isnan(request->speaking_rate) || request->speaking_rate == 1)
		return 1;
	if (!is_hd(request->voice))
		return tts_clamp(ret, service_azure.title, &rate, request->speaking_rate);
	tts_note(ret, "Azure's HD voices have no speaking rate; speakingRate %g was left out",
		 request->speaking_rate);
	return 1;
}

/* A user's own document: all that it does not say is left to Azure. */
static char *own_ssml(const struct tts_request *request, const char *voice, struct tts_result *ret)
{
	if (!strstr(request->text, voice))
		tts_note(ret,
			 "The SSML does not name the profile's voice %s; who speaks is what "
			 "its <voice> elements say",
			 voice);
	if (!isnan(request->speaking_rate) && request->speaking_rate != 1)
		tts_note(ret, "speakingRate %g was left out: the SSML says how it is spoken",
			 request->speaking_rate);
	return text_clean(request->text);
}

char *azure_ssml(const struct tts_request *request, struct tts_result *ret)
{
	tts_note_missing(ret, service_azure.title, "stability", request->stability);
	tts_note_missing(ret, service_azure.title, "similarityBoost", request->similarity_boost);
	if (request->model)
		tts_note(ret, "Azure has no models to choose; %s was left out", request->model);

	char locale[MAX_LOCALE + 1];
	const char *language = is_set(request->language) ? request->language : DEFAULT_LANGUAGE;
	if (*locale_of(request->voice, locale))
		language = locale;
	const char *hash = strchr(request->voice, '#');
	size_t name_len = hash ? (size_t)(hash - request->voice) : strlen(request->voice);
	cleanup(cleanup_free) char *voice = mem_strndup(request->voice, name_len);
	if (request->ssml)
		return own_ssml(request, voice, ret);
	return ssml_build(&(struct ssml){
		.language = language,
		.voice = voice,
		.speaker_profile = hash ? hash + 1 : NULL,
		.rate = rate_of(request, ret),
		.text = request->text,
	});
}

/* Adds what a body says, if it is for people: JSON's message, or plain text. */
static void add_message(struct buf *said, const char *body, size_t len)
{
	cleanup(cleanup_json) struct json_object *root = NULL;
	cleanup(cleanup_err) struct err *e = js_parse(body, len, &root);
	struct json_object *inner = js_get(root, "error");
	const char *message = e ? body : js_string(inner ? inner : root, "message");
	if (is_set(message) && *message != '<')
		buf_addf(said, ": %s", message);
}

enum refusal azure_classify(const struct http_response *response, const char *voice,
			    char **ret_said)
{
	struct buf said = BUF(MAX_WORDS);
	buf_addf(&said, "%d%s%s", response->status, *response->reason ? " " : "", response->reason);
	add_message(&said, response->body, response->body_len);
	*ret_said = buf_take(&said);
	if (response->status == 500 && is_hd(voice))
		return REFUSAL_HD_REGION;
	return refusal_match(rules, sizeof(rules) / sizeof(rules[0]), response->status, *ret_said,
			     REFUSAL_REQUEST);
}

/* Takes the audio; what is silent or cut has reasons of its own here. */
static struct err *take_speech(struct http_response *response, enum audio_format format,
			       struct tts_result *ret)
{
	cleanup(cleanup_err) struct err *e = call_take_audio(response, service_azure.title, format,
							     formats[format].pcm_rate, ret);
	if (e && err_kind(e) == ERR_REFUSED)
		return refusal_error(REFUSAL_LANGUAGE, service_azure.title, NULL, NULL);
	if (!e && ret->info.duration_sec >= CUT_AT_S)
		return refusal_error(REFUSAL_TOO_LONG_AUDIO, service_azure.title, NULL, NULL);
	return take(e);
}

static struct err *synthesize(struct http *http, const struct conf *conf,
			      const struct service_key *key, const struct tts_request *request,
			      struct tts_result *ret)
{
	cleanup(cleanup_free) char *url = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(azure_url(conf, key, "/cognitiveservices/v1", &url));
	TRY(call_key_header("Ocp-Apim-Subscription-Key: ", key, service_azure.title, &key_header));
	cleanup(cleanup_free) char *body = azure_ssml(request, ret);
	const struct http_request call = {
		.method = "POST",
		.url = url,
		.headers = (const char *[]){ key_header, "Content-Type: application/ssml+xml",
					     formats[request->format].header, NULL },
		.body = body,
		.body_len = strlen(body),
		.max_response = CALL_MAX_AUDIO,
		.timeout_s = call_timeout_s(conf, utf8_length(request->text)),
		.http_1_1 = true,
		.stop = request->stop,
	};
	cleanup(http_response_clear) struct http_response response = { 0 };
	struct err *e = call_perform(http, service_azure.title, &call, &response);
	ret->uncertain = e && http_was_sent(http);
	TRY(e);
	if (response.status != 200) {
		cleanup(cleanup_free) char *said = NULL;
		enum refusal refusal = azure_classify(&response, request->voice, &said);
		return call_refused(http, refusal, service_azure.title, said, key);
	}
	ret->billed_characters = -1;
	ret->request_id = mem_strdup(http_header(http, "X-RequestId"));
	return take_speech(&response, request->format, ret);
}

static void reduce(struct tts_request *request)
{
	char locale[MAX_LOCALE + 1];
	request->stability = request->similarity_boost = NAN;
	request->speaking_rate = tts_limited(&rate, request->speaking_rate);
	if (request->ssml || is_hd(request->voice) || request->speaking_rate == 1)
		request->speaking_rate = NAN;
	if (request->ssml || *locale_of(request->voice, locale))
		request->language = NULL;
}

const struct provider azure_provider = {
	.service = &service_azure,
	.base_url_offset = offsetof(struct conf, azure_base_url),
	.usual_characters = 1500,
	.parallel = 5,
	.takes_ssml = true,
	.reduce = reduce,
	.max_characters = azure_max_characters,
	.synthesize = synthesize,
	.wants_clone = azure_is_base_model,
	.make_step = azure_make_step,
	.delete_voice = azure_delete_voice,
	.list_voices = azure_list_voices,
};
