/* The voices of Azure's region: GET /cognitiveservices/voices/list. */
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/azure.h"
#include "jobs/tts/voice_list.h"

#include <string.h>

enum { MAX_DESCRIPTION = 2000 };

/* "Female, English (United States). Styles: cheerful, sad. Preview." The caller frees it. */
static char *describe(struct json_object *voice)
{
	struct buf text = BUF(MAX_DESCRIPTION);
	const char *gender = js_string(voice, "Gender"), *locale = js_string(voice, "LocaleName");
	const char *status = js_string(voice, "Status");
	struct json_object *styles = js_get(voice, "StyleList");
	size_t count;
	buf_addf(&text, "%s%s%s.", gender ? gender : "", gender && locale ? ", " : "",
		 locale ? locale : "");
	voice_list_length(styles, &count);
	for (size_t i = 0; i < count; i++)
		buf_addf(&text, "%s%s", i ? ", " : " Styles: ",
			 json_object_get_string(json_object_array_get_idx(styles, i)));
	buf_adds(&text, count > 0 ? "." : "");
	if (status && strcmp(status, "GA") != 0)
		buf_addf(&text, " %s.", status);
	return buf_take(&text);
}

static void add_voice(struct json_object *voice, struct json_object *list)
{
	cleanup(cleanup_free) char *description = describe(voice);
	const char *id = js_string(voice, "ShortName");
	if (id)
		tts_add_voice(list, &(struct tts_voice){
					    .id = id,
					    .name = js_string(voice, "DisplayName"),
					    .language = js_string(voice, "Locale"),
					    .category = js_string(voice, "VoiceType"),
					    .description = description,
				    });
}

static struct err *refused(struct http *http, const struct http_response *answer,
			   const struct service_key *key)
{
	cleanup(cleanup_free) char *said = NULL;
	enum refusal refusal = azure_classify(answer, "", &said);
	return call_refused(http, refusal, service_azure.title, said, key);
}

struct err *azure_list_voices(struct http *http, const struct conf *conf,
			      const struct service_key *key, struct json_object **ret)
{
	cleanup(cleanup_free) char *url = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	cleanup(cleanup_json) struct json_object *voices = NULL;
	cleanup(http_response_clear) struct http_response answer = { 0 };
	size_t count;
	TRY(azure_url(conf, key, "/cognitiveservices/voices/list", &url));
	TRY(call_key_header("Ocp-Apim-Subscription-Key: ", key, service_azure.title, &key_header));
	TRY(voice_list_get(http, service_azure.title, url, key_header, &answer, &voices));
	if (answer.status != 200)
		return refused(http, &answer, key);
	*ret = json_object_new_array();
	voice_list_length(voices, &count);
	for (size_t i = 0; i < count; i++)
		add_voice(json_object_array_get_idx(voices, i), *ret);
	return NULL;
}
