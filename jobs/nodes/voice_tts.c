/* voice.tts, "My Voice (Clone) → Generate Voiceover": text in, audio in the user's voice out. */
#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/speech.h"

#include <string.h>

static struct err *find_profile(const struct node_run *run, struct db *db, struct speech *s)
{
	s->profile_id = js_string(run->config, "voiceProfileId");
	if (input_is_blank(s->profile_id))
		return err_new(ERR_INVALID, "Choose a voice profile in the node's settings");
	if (!id_is_valid(s->profile_id))
		return err_new(ERR_NOT_FOUND,
			       "Voice profile \"%.60s\" does not exist; choose one "
			       "in the node's settings",
			       s->profile_id);
	struct err *e = voice_profile_load(db, run->user_id, s->profile_id, &s->profile);
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return err_new(ERR_NOT_FOUND, "The voice profile of this node does not exist (any "
					      "more); choose another in the node's settings");
	}
	TRY(e);
	if (strcmp(s->profile.training_status, "ready") != 0)
		return err_new(ERR_INVALID,
			       "Voice profile \"%.80s\" is not ready (%s): train it first",
			       s->profile.name, s->profile.training_status);
	return NULL;
}

static struct err *find_voice(const struct node_run *run, struct db *db, struct speech *s)
{
	TRY(find_profile(run, db, s));
	s->provider = provider_find(s->profile.provider);
	if (!s->provider)
		return err_new(ERR_INTERNAL, "provider %s is not known", s->profile.provider);
	const char *model = js_string(run->config, "model");
	s->request = (struct tts_request){
		.voice = s->profile.voice,
		.language = s->profile.language,
		.model = input_is_blank(model) ? NULL : model,
		.ssml = js_bool(run->config, "ssml", false),
		.stability = speech_setting(run, "stability"),
		.similarity_boost = speech_setting(run, "similarityBoost"),
		.speaking_rate = speech_setting(run, "speakingRate"),
	};
	return NULL;
}

static struct err *run_voice_tts(struct node_run *run, struct json_object **ret_output)
{
	cleanup(speech_clear) struct speech speech = { 0 };
	TRY(speech_prepare(run, find_voice, &speech));
	cleanup(cleanup_free) char *model = NULL;
	TRY(speech_make(run, &speech, &model, ret_output));
	js_set_string(*ret_output, "voiceProfileId", speech.profile_id);
	js_set_string(*ret_output, "voiceProfileName", speech.profile.name);
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
			{ .name = "model",
			  .label = "Model",
			  .kind = FIELD_TEXT,
			  .help = "Blank: the provider's usual one. ElevenLabs: eleven_v3 acts "
				  "[whispers], eleven_flash_v2_5 costs half; OpenAI: tts-1-hd" },
			{ .name = "ssml",
			  .label = "SSML",
			  .kind = FIELD_BOOLEAN,
			  .fallback = "false",
			  .help = "Azure: the text is a whole <speak> element, sent as it is" },
			SPEECH_FIELDS,
			{ 0 },
		},
	.speech = find_voice,
	.run = run_voice_tts,
};
