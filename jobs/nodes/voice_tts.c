/* voice.tts, "My Voice (Clone) → Generate Voiceover": text in, audio in the user's voice out. */
#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/model/voice_profile.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"
#include "jobs/tts/key.h"
#include "jobs/tts/synthesize.h"

#include <math.h>
#include <string.h>

/* What the node works with, from its settings and the user's rows. */
struct voiceover {
	const char *profile_id;
	struct voice_profile profile;
	const struct provider *provider;
	struct tts_resolved_key key;
	char *text;
};

static void voiceover_clear(struct voiceover *v)
{
	voice_profile_clear(&v->profile);
	tts_key_release(&v->key);
	free(v->text);
}

static bool is_blank(const char *text)
{
	return !text || !text[strspn(text, " \t\r\n")];
}

static struct err *find_text(const struct node_run *run, char **ret)
{
	const char *own = js_string(run->config, "text");
	const char *upstream = input_text(run->inputs);
	cleanup(cleanup_free) char *text =
		is_blank(own) ? mem_strdup(upstream) : input_fill(own, run->inputs);
	if (is_blank(text))
		return err_new(ERR_INVALID, "There is no text to speak: enter one in the node's "
					    "settings, or connect a node that gives text");
	*ret = take(text);
	return NULL;
}

static struct err *find_profile(const struct node_run *run, struct db *db, struct voiceover *v)
{
	v->profile_id = js_string(run->config, "voiceProfileId");
	if (is_blank(v->profile_id))
		return err_new(ERR_INVALID, "Choose a voice profile in the node's settings");
	if (!id_is_valid(v->profile_id))
		return err_new(ERR_NOT_FOUND,
			       "Voice profile \"%.60s\" does not exist; choose one "
			       "in the node's settings",
			       v->profile_id);
	struct err *e = voice_profile_load(db, run->user_id, v->profile_id, &v->profile);
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return err_new(ERR_NOT_FOUND, "The voice profile of this node does not exist (any "
					      "more); choose another in the node's settings");
	}
	TRY(e);
	if (strcmp(v->profile.training_status, "ready") != 0)
		return err_new(ERR_INVALID,
			       "Voice profile \"%.80s\" is not ready (%s): train it first",
			       v->profile.name, v->profile.training_status);
	return NULL;
}

/* All that comes from the database, on one connection, which is back before the provider is called.
 */
static struct err *prepare(const struct node_run *run, struct db *db, struct voiceover *v)
{
	TRY(find_profile(run, db, v));
	TRY(find_text(run, &v->text));
	v->provider = provider_find(v->profile.provider);
	if (!v->provider)
		return err_new(ERR_INTERNAL, "provider %s is not known", v->profile.provider);
	return tts_key_resolve(run->services, db, v->provider, run->user_id, &v->key);
}

static struct err *find_format(const struct node_run *run, enum audio_format *ret)
{
	const char *wanted = js_string(run->config, "format");
	if (is_blank(wanted) || !strcasecmp(wanted, "mp3"))
		*ret = AUDIO_MP3;
	else if (!strcasecmp(wanted, "wav"))
		*ret = AUDIO_WAV;
	else
		return err_new(ERR_INVALID, "The format has to be mp3 or wav, not \"%.20s\"",
			       wanted);
	return NULL;
}

/* A setting; NAN where the node has none, so that what the voice itself has stays. */
static double setting(const struct node_run *run, const char *name)
{
	return js_number(run->config, name, NAN);
}

static struct err *speak(const struct node_run *run, const struct voiceover *v,
			 enum audio_format format, struct tts_result *ret)
{
	const struct tts_request request = {
		.text = v->text,
		.voice = v->profile.voice,
		.language = v->profile.language,
		.format = format,
		.stability = setting(run, "stability"),
		.similarity_boost = setting(run, "similarityBoost"),
		.speaking_rate = setting(run, "speakingRate"),
		.stop = run->stop,
	};
	return synthesize(run->http, run->services->conf, v->provider, &v->key.key, &request, ret);
}

static struct json_object *cost_of(const struct voiceover *v, const struct tts_result *speech)
{
	struct json_object *cost = json_object_new_object();
	js_set_string(cost, "provider", v->provider->name);
	if (speech->model)
		js_set_string(cost, "model", speech->model);
	js_set_int(cost, "characters", (int64_t)utf8_length(v->text));
	if (speech->billed_characters >= 0)
		js_set_int(cost, "billedCharacters", speech->billed_characters);
	if (speech->request_id)
		js_set_string(cost, "requestId", speech->request_id);
	return cost;
}

static struct json_object *describe(const struct node_run *run, const struct voiceover *v,
				    const struct audio_info *info, const char *key)
{
	cleanup(cleanup_free) char *url = s3_url(run->services->s3, key);
	struct json_object *output = json_object_new_object();
	js_set_string(output, "audioUrl", url);
	js_set_string(output, "audioKey", key);
	js_set_double(output, "durationSec", info->duration_sec);
	js_set_string(output, "format", audio_extension(info->format));
	js_set_string(output, "voiceProfileId", v->profile_id);
	js_set_string(output, "voiceProfileName", v->profile.name);
	js_set_int(output, "textLength", (int64_t)utf8_length(v->text));
	return output;
}

static struct err *speak_and_store(struct node_run *run, const struct voiceover *v,
				   struct tts_result *speech, struct json_object **ret_output)
{
	enum audio_format format = AUDIO_MP3;
	TRY(find_format(run, &format));
	TRY(speak(run, v, format, speech));
	run->cost = cost_of(v, speech);
	run->notes = json_object_get(speech->notes);
	cleanup(cleanup_free) char *key = mem_printf("voice-output/%s/%s.%s", run->user_id,
						     run->file_name, audio_extension(format));
	const struct s3_body body = { .bytes = speech->audio, .len = speech->audio_len };
	TRY(s3_put(run->services->s3, run->http, key, audio_content_type(format), &body,
		   run->stop));
	*ret_output = describe(run, v, &speech->info, key);
	return NULL;
}

static struct err *run_voice_tts(struct node_run *run, struct json_object **ret_output)
{
	cleanup(voiceover_clear) struct voiceover v = { 0 };
	struct db *db = db_pool_get(run->services->pool);
	struct err *e = prepare(run, db, &v);
	db_pool_put(run->services->pool, db);
	TRY(e);
	cleanup(tts_result_clear) struct tts_result speech = { 0 };
	return speak_and_store(run, &v, &speech, ret_output);
}

const struct node_type voice_tts_node = {
	.name = "voice.tts",
	.category = "voice",
	.title = "My Voice (Clone) → Generate Voiceover",
	.description = "Speaks a text in one of your voices",
	.inputs = (const struct node_port[]){ { "text", "Text" }, { 0 } },
	.outputs = (const struct node_port[]){ { "audio", "Audio" }, { 0 } },
	.fields =
		(const struct node_field[]){
			{ .name = "voiceProfileId",
			  .label = "Voice profile",
			  .kind = FIELD_VOICE_PROFILE,
			  .required = true,
			  .help = "The voice that speaks; it has to be trained" },
			{ .name = "text",
			  .label = "Text",
			  .kind = FIELD_LONG_TEXT,
			  .help = "Blank: the text from upstream. {{input}} and {{nodeId.path}} "
				  "are "
				  "replaced" },
			{ .name = "format",
			  .label = "Format",
			  .kind = FIELD_SELECT,
			  .fallback = "\"mp3\"",
			  .options = (const char *const[]){ "mp3", "wav", NULL },
			  .help = "MP3 is smaller, WAV is for editing" },
			{ .name = "stability",
			  .label = "Stability",
			  .kind = FIELD_NUMBER,
			  .fallback = "0.5",
			  .min = 0,
			  .max = 1,
			  .help = "Lower is livelier, higher is steadier (ElevenLabs)" },
			{ .name = "similarityBoost",
			  .label = "Similarity",
			  .kind = FIELD_NUMBER,
			  .fallback = "0.75",
			  .min = 0,
			  .max = 1,
			  .help = "How close to the samples the voice stays (ElevenLabs)" },
			{ .name = "speakingRate",
			  .label = "Speed",
			  .kind = FIELD_NUMBER,
			  .fallback = "1.0",
			  .min = 0.5,
			  .max = 2,
			  .help = "1 is the voice's own; a provider may allow less" },
			{ 0 },
		},
	.run = run_voice_tts,
};
