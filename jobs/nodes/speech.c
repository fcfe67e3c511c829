#include "jobs/nodes/speech.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/nodes/input.h"
#include "jobs/tts/synthesize.h"

#include <math.h>
#include <string.h>

void speech_clear(struct speech *s)
{
	service_key_release(&s->key);
	free(s->text);
}

struct err *speech_text(const struct node_run *run, char **ret)
{
	const char *own = js_string(run->config, "text");
	cleanup(cleanup_free) char *text = NULL;
	if (input_is_blank(own))
		text = mem_strdup(input_text(run->inputs));
	else
		TRY(input_fill(own, run->inputs, &text));
	if (input_is_blank(text))
		return err_new(ERR_INVALID, "There is no text to speak: enter one in the node's "
					    "settings, or connect a node that gives text");
	*ret = take(text);
	return NULL;
}

double speech_setting(const struct node_run *run, const char *name)
{
	return js_number(run->config, name, NAN);
}

static struct err *find_format(const struct node_run *run, enum audio_format *ret)
{
	const char *wanted = js_string(run->config, "format");
	if (input_is_blank(wanted) || !strcasecmp(wanted, "mp3"))
		*ret = AUDIO_MP3;
	else if (!strcasecmp(wanted, "wav"))
		*ret = AUDIO_WAV;
	else
		return err_new(ERR_INVALID, "The format has to be mp3 or wav, not \"%.20s\"",
			       wanted);
	return NULL;
}

static struct json_object *cost_of(const struct speech *speech, const struct tts_result *result)
{
	struct json_object *cost = json_object_new_object();
	js_set_string(cost, "provider", speech->provider->service->name);
	if (result->model)
		js_set_string(cost, "model", result->model);
	js_set_int(cost, "characters", (int64_t)utf8_length(speech->text));
	if (result->billed_characters >= 0)
		js_set_int(cost, "billedCharacters", result->billed_characters);
	if (result->request_id)
		js_set_string(cost, "requestId", result->request_id);
	return cost;
}

static struct json_object *describe(const struct node_run *run, const struct speech *speech,
				    const struct audio_info *info, const char *key)
{
	cleanup(cleanup_free) char *url = s3_url(run->services->s3, key);
	struct json_object *output = json_object_new_object();
	js_set_string(output, "audioUrl", url);
	js_set_string(output, "audioKey", key);
	js_set_double(output, "durationSec", info->duration_sec);
	js_set_string(output, "format", audio_extension(info->format));
	js_set_int(output, "textLength", (int64_t)utf8_length(speech->text));
	return output;
}

static struct err *store(const struct node_run *run, const struct speech *speech,
			 const struct tts_result *result, struct json_object **ret_output)
{
	enum audio_format format = speech->request.format;
	cleanup(cleanup_free) char *key = mem_printf("voice-output/%s/%s.%s", run->user_id,
						     run->file_name, audio_extension(format));
	const struct s3_body body = { .bytes = result->audio, .len = result->audio_len };
	TRY(s3_put(run->services->s3, run->http, key, audio_content_type(format), &body,
		   run->stop));
	*ret_output = describe(run, speech, &result->info, key);
	return NULL;
}

struct err *speech_make(struct node_run *run, struct speech *speech, char **ret_model,
			struct json_object **ret_output)
{
	cleanup(tts_result_clear) struct tts_result result = { 0 };
	TRY(find_format(run, &speech->request.format));
	speech->request.text = speech->text;
	speech->request.stop = run->stop;
	TRY(synthesize(run->http, run->services->conf, speech->provider, &speech->key,
		       &speech->request, &result));
	run->cost = cost_of(speech, &result);
	run->notes = json_object_get(result.notes);
	*ret_model = take(result.model);
	return store(run, speech, &result, ret_output);
}
