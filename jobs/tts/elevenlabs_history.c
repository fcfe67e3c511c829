/* What ElevenLabs has spoken already: looked up instead of bought again. */
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/call.h"
#include "jobs/tts/elevenlabs.h"
#include "jobs/tts/elevenlabs_model.h"
#include "jobs/tts/text.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum {
	PAGE = 100,
	MAX_PAGES = 20,
	MAX_LIST = 8 * 1024 * 1024, /* bytes of a page: a hundred texts */
	SKEW_S = 120,               /* by which their clock may be behind ours */
	MAX_ITEM_ID = 64,
};
static const double SAME = 1e-6; /* settings come back in another precision */

static struct err *get(struct http *http, const char *url, const struct service_key *key,
		       const struct tts_request *request, size_t most, struct http_response *ret)
{
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	const struct http_request call = {
		.method = "GET",
		.url = url,
		.headers = (const char *[]){ key_header, NULL },
		.max_response = most,
		.stop = request->stop,
	};
	TRY(call_perform(http, service_elevenlabs.title, &call, ret));
	if (ret->status != 200)
		return elevenlabs_error(http, ret, key, AUDIO_UNKNOWN);
	return NULL;
}

/* Ids go into addresses; one that is not made of letters and digits is none of theirs. */
static bool is_item_id(const char *id)
{
	size_t len = id ? strlen(id) : 0;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]) && !strchr("-_", id[i]))
			return false;
	return len > 0 && len <= MAX_ITEM_ID;
}

bool elevenlabs_fetch(struct http *http, const struct conf *conf, const struct service_key *key,
		      const struct tts_request *request, const char *id, struct tts_result *ret)
{
	if (!is_item_id(id))
		return false;
	cleanup(cleanup_free) char *url =
		mem_printf("%s/v1/history/%s/audio", conf->elevenlabs_base_url, id);
	cleanup(http_response_clear) struct http_response response = { 0 };
	cleanup(cleanup_err) struct err *e =
		get(http, url, key, request, CALL_MAX_AUDIO, &response);
	if (!e)
		e = call_take_audio(&response, service_elevenlabs.title, request->format,
				    elevenlabs_formats[request->format].pcm_rate, ret);
	return !e;
}

/* True where an item was made with the settings of the request, as far as it tells. */
static bool has_settings(struct json_object *item, const struct tts_request *request)
{
	cleanup(tts_result_clear) struct tts_result ignored = { 0 };
	cleanup(cleanup_json) struct json_object *ours = elevenlabs_settings(request, &ignored);
	struct json_object *theirs = js_get(item, "settings");
	json_object_object_foreach(ours, name, value)
	{
		double want = json_object_get_double(value);
		if (fabs(js_number(theirs, name, want) - want) > SAME)
			return false;
	}
	return true;
}

static bool fits(struct json_object *item, const struct tts_request *request, const char *text)
{
	const char *said = js_string(item, "text"), *model = js_string(item, "model_id");
	const char *type = js_string(item, "content_type");
	bool is_mp3 = type && strstr(type, "mpeg");
	return said && !strcmp(said, text) &&
	       (!model || !strcmp(model, elevenlabs_model_id(request))) &&
	       (!type || is_mp3 == (request->format == AUDIO_MP3)) && has_settings(item, request);
}

/* The item on a page that is the request's speech, borrowed; NULL where it is not there. */
static struct json_object *find(struct json_object *items, const struct tts_request *request,
				const char *text)
{
	size_t n =
		json_object_is_type(items, json_type_array) ? json_object_array_length(items) : 0;
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(items, i);
		if (fits(item, request, text))
			return item;
	}
	return NULL;
}

/* What an item cost; -1 where it does not tell. */
static long item_cost(struct json_object *item)
{
	double from = js_number(item, "character_count_change_from", -1),
	       to = js_number(item, "character_count_change_to", -1);
	return from < 0 || to < from ? -1 : lround(to - from);
}

static void take_item(struct http *http, const struct conf *conf, const struct service_key *key,
		      const struct tts_request *request, struct json_object *item,
		      struct tts_result *ret)
{
	if (!elevenlabs_fetch(http, conf, key, request, js_string(item, "history_item_id"), ret))
		return;
	ret->billed_characters = item_cost(item);
	if (!ret->model)
		ret->model = mem_strdup(elevenlabs_model_id(request));
}

/* One page of what the voice has spoken since a time, the newest first. */
static struct err *get_page(struct http *http, const char *base, const struct service_key *key,
			    const struct tts_request *request, const char *last,
			    struct json_object **ret)
{
	cleanup(cleanup_free) char *url =
		last ? mem_printf("%s&start_after_history_item_id=%s", base, last)
		     : mem_strdup(base);
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(get(http, url, key, request, MAX_LIST, &response));
	return js_parse(response.body, response.body_len, ret);
}

struct err *elevenlabs_recover(struct http *http, const struct conf *conf,
			       const struct service_key *key, const struct tts_request *request,
			       int64_t age_ms, struct tts_result *ret)
{
	cleanup(cleanup_free) char *voice_url = NULL;
	TRY(elevenlabs_voice_url(conf, "/", request->voice, &voice_url));
	const char *voice = voice_url + strlen(conf->elevenlabs_base_url) + 1;
	cleanup(cleanup_free) char *base =
		mem_printf("%s/v1/history?page_size=%d&voice_id=%s&date_after_unix=%lld",
			   conf->elevenlabs_base_url, PAGE, voice,
			   (long long)((clock_ms() - age_ms) / 1000 - SKEW_S));
	cleanup(cleanup_free) char *text = text_clean(request->text);
	cleanup(cleanup_free) char *last = NULL;
	for (int i = 0; i < MAX_PAGES; i++) {
		cleanup(cleanup_json) struct json_object *page = NULL;
		TRY(get_page(http, base, key, request, last, &page));
		struct json_object *item = find(js_get(page, "history"), request, text);
		if (item) {
			take_item(http, conf, key, request, item, ret);
			return NULL;
		}
		free(last);
		last = mem_strdup(js_string(page, "last_history_item_id"));
		if (!js_bool(page, "has_more", false) || !is_item_id(last))
			return NULL;
	}
	return NULL;
}

char *elevenlabs_alignment(struct json_object *alignment, const char *text)
{
	struct json_object *starts = js_get(alignment, "character_start_times_seconds");
	size_t n =
		json_object_is_type(starts, json_type_array) ? json_object_array_length(starts) : 0;
	if (n == 0 || n != utf8_length(text))
		return NULL;
	cleanup(cleanup_json) struct json_object *ms = json_object_new_array();
	for (size_t i = 0; i < n; i++) {
		double seconds = json_object_get_double(json_object_array_get_idx(starts, i));
		if (!(seconds >= 0 && seconds < 24 * 60 * 60))
			return NULL;
		json_object_array_add(ms, json_object_new_int64(llround(seconds * 1000)));
	}
	return js_text(ms);
}
