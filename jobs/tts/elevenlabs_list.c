/* ElevenLabs' voices: GET /v2/voices, page by page; /v1/voices ends at 500 of them. */
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/elevenlabs.h"
#include "jobs/tts/voice_list.h"

#include <ctype.h>
#include <string.h>

enum { PAGES = 20, MAX_URL = 4096 };

/* One that waits for its verification cannot speak. */
static bool can_speak(struct json_object *voice)
{
	struct json_object *verification = js_get(voice, "voice_verification");
	return !js_bool(verification, "requires_verification", false) ||
	       js_bool(verification, "is_verified", false);
}

/* Appends the voices that are the account's own, or the others. */
static void add_voices(struct json_object *voices, bool own, struct json_object *list)
{
	size_t count;
	voice_list_length(voices, &count);
	for (size_t i = 0; i < count; i++) {
		struct json_object *voice = json_object_array_get_idx(voices, i);
		const char *id = js_string(voice, "voice_id");
		if (!id || js_bool(voice, "is_owner", false) != own || !can_speak(voice))
			continue;
		tts_add_voice(list,
			      &(struct tts_voice){
				      .id = id,
				      .name = js_string(voice, "name"),
				      .language = js_string(js_get(voice, "labels"), "language"),
				      .category = js_string(voice, "category"),
				      .description = js_string(voice, "description"),
				      .preview_url = js_string(voice, "preview_url"),
			      });
	}
}

static char *page_url(const struct conf *conf, const char *token)
{
	struct buf url = BUF(MAX_URL);
	buf_addf(&url, "%s/v2/voices?page_size=100%s", conf->elevenlabs_base_url,
		 token ? "&next_page_token=" : "");
	for (const char *p = token; p && *p; p++)
		buf_addf(&url, isalnum((unsigned char)*p) ? "%c" : "%%%02X", (unsigned char)*p);
	return buf_take(&url);
}

static struct err *list_pages(struct http *http, const struct conf *conf,
			      const struct service_key *key, const char *key_header,
			      struct json_object *all)
{
	cleanup(cleanup_free) char *token = NULL;
	for (int i = 0; i < PAGES; i++) {
		cleanup(http_response_clear) struct http_response answer = { 0 };
		cleanup(cleanup_json) struct json_object *page = NULL;
		cleanup(cleanup_free) char *url = page_url(conf, token);
		TRY(voice_list_get(http, service_elevenlabs.title, url, key_header, &answer,
				   &page));
		if (answer.status != 200)
			return elevenlabs_error(http, &answer, key, AUDIO_UNKNOWN);
		struct json_object *voices = js_get(page, "voices");
		size_t count;
		voice_list_length(voices, &count);
		for (size_t n = 0; n < count; n++)
			json_object_array_add(
				all, json_object_get(json_object_array_get_idx(voices, n)));
		free(token);
		token = NULL;
		if (!js_bool(page, "has_more", false) || !js_string(page, "next_page_token"))
			break;
		token = mem_strdup(js_string(page, "next_page_token"));
	}
	return NULL;
}

struct err *elevenlabs_list_voices(struct http *http, const struct conf *conf,
				   const struct service_key *key, struct json_object **ret)
{
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	cleanup(cleanup_json) struct json_object *all = json_object_new_array();
	TRY(list_pages(http, conf, key, key_header, all));
	*ret = json_object_new_array();
	add_voices(all, true, *ret);
	add_voices(all, false, *ret);
	return NULL;
}
