/* voice.tts, "My Voice (Clone) → Generate Voiceover": text in, audio in the user's voice out. */
#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/model/voice_profile.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/speech.h"

#include <string.h>

/* What the node works with, from its settings and the user's rows. */
struct voiceover {
	const char *profile_id;
	struct voice_profile profile;
	struct speech speech;
};

static void voiceover_clear(struct voiceover *v)
{
	voice_profile_clear(&v->profile);
	speech_clear(&v->speech);
}

static struct err *find_profile(const struct node_run *run, struct db *db, struct voiceover *v)
{
	v->profile_id = js_string(run->config, "voiceProfileId");
	if (input_is_blank(v->profile_id))
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
	TRY(speech_text(run, &v->speech.text));
	const struct provider *provider = provider_find(v->profile.provider);
	if (!provider)
		return err_new(ERR_INTERNAL, "provider %s is not known", v->profile.provider);
	v->speech.provider = provider;
	v->speech.request = (struct tts_request){
		.voice = v->profile.voice,
		.language = v->profile.language,
		.stability = speech_setting(run, "stability"),
		.similarity_boost = speech_setting(run, "similarityBoost"),
		.speaking_rate = speech_setting(run, "speakingRate"),
	};
	return service_key_resolve(run->services, db, provider->service, run->user_id,
				   &v->speech.key);
}

static struct err *run_voice_tts(struct node_run *run, struct json_object **ret_output)
{
	cleanup(voiceover_clear) struct voiceover v = { 0 };
	struct db *db = db_pool_get(run->services->pool);
	struct err *e = prepare(run, db, &v);
	db_pool_put(run->services->pool, db);
	TRY(e);
	cleanup(cleanup_free) char *model = NULL;
	TRY(speech_make(run, &v.speech, &model, ret_output));
	js_set_string(*ret_output, "voiceProfileId", v.profile_id);
	js_set_string(*ret_output, "voiceProfileName", v.profile.name);
	return NULL;
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
