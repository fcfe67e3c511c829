/*
 * OpenAI's voices, which it has no list of, so that ours says what its documentation does; and
 * those of a compatible server, most of which answer GET /v1/audio/voices: {"voices": ["name", …]},
 * or with objects {"id", "name"} in place of the names.
 */
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/openai.h"
#include "jobs/tts/voice_list.h"

#include <string.h>

static const char OWN_HOST[] = "https://api.openai.com";

/* platform.openai.com, "Text to speech", "Voice options". */
static const char *const voices[] = { "alloy", "ash",  "ballad", "coral",   "echo", "fable",
				      "onyx",  "nova", "sage",   "shimmer", "verse" };

static void add_usual(struct json_object *list)
{
	for (size_t i = 0; i < sizeof(voices) / sizeof(voices[0]); i++)
		tts_add_voice(list, &(struct tts_voice){ .id = voices[i], .category = "premade" });
}

static void add_from_server(struct json_object *list, struct json_object *voice)
{
	bool is_name = json_object_is_type(voice, json_type_string);
	const char *id = is_name ? json_object_get_string(voice) : js_string(voice, "id");
	const char *name = js_string(voice, "name");
	if (id || name)
		tts_add_voice(list,
			      &(struct tts_voice){ .id = id ? id : name,
						   .name = name,
						   .language = js_string(voice, "language") });
}

struct err *openai_list_voices(struct http *http, const struct conf *conf,
			       const struct service_key *key, struct json_object **ret)
{
	cleanup(cleanup_json) struct json_object *list = json_object_new_array();
	if (!strcmp(conf->openai_base_url, OWN_HOST)) {
		add_usual(list);
		*ret = take(list);
		return NULL;
	}
	cleanup(cleanup_secret) char *key_header = NULL;
	cleanup(cleanup_free) char *url = mem_printf("%s/v1/audio/voices", conf->openai_base_url);
	cleanup(cleanup_json) struct json_object *page = NULL;
	cleanup(http_response_clear) struct http_response answer = { 0 };
	size_t count;
	TRY(call_key_header("Authorization: Bearer ", key, service_openai.title, &key_header));
	cleanup(cleanup_err) struct err *e =
		voice_list_get(http, service_openai.title, url, key_header, &answer, &page);
	struct json_object *found = js_get(page, "voices");
	voice_list_length(found, &count);
	for (size_t i = 0; i < count; i++)
		add_from_server(list, json_object_array_get_idx(found, i));
	if (json_object_array_length(list) == 0)
		add_usual(list);
	*ret = take(list);
	return NULL;
}
