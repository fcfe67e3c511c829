/* text-to-speech: text in, audio in one of the providers' own voices out. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/speech.h"

#include <math.h>
#include <string.h>

/* The providers that it knows, and what of the settings each takes. */
static const struct voice_source {
	const struct provider *provider;
	const char *voice_setting, *usual_voice;
	bool has_models;
	const char *steadiness; /* the setting of that, or NULL */
} sources[] = {
	{ &openai_provider, "voice", "nova", true, NULL },
	{ &elevenlabs_provider, "voiceId", NULL, false, "stability" },
};

static const char *text_or(const struct node_run *run, const char *name, const char *fallback)
{
	const char *text = js_string(run->config, name);
	return input_is_blank(text) ? fallback : text;
}

/* The source of that name, or NULL. */
static const struct voice_source *find_source(const char *name)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcasecmp(name, sources[i].provider->service->name))
			return &sources[i];
	return NULL;
}

static struct err *find_voice(const struct node_run *run, struct db *db, struct speech *speech)
{
	(void)db;
	const char *name = text_or(run, "provider", sources[0].provider->service->name);
	const struct voice_source *source = find_source(name);
	if (!source)
		return err_new(ERR_INVALID,
			       "The provider has to be openai or elevenlabs, not \"%.40s\"", name);
	const char *voice = text_or(run, source->voice_setting, source->usual_voice);
	if (!voice)
		return err_new(ERR_INVALID, "Enter the id of an ElevenLabs voice in the node's "
					    "settings");
	speech->provider = source->provider;
	speech->request = (struct tts_request){
		.voice = voice,
		.language = "en",
		.model = source->has_models ? text_or(run, "model", NULL) : NULL,
		.stability = source->steadiness ? speech_setting(run, source->steadiness) : NAN,
		.similarity_boost = NAN,
		.speaking_rate = speech_setting(run, "speed"),
	};
	return NULL;
}

static struct err *run_text_to_speech(struct node_run *run, struct json_object **ret_output)
{
	cleanup(speech_clear) struct speech speech = { 0 };
	TRY(speech_prepare(run, find_voice, &speech));
	cleanup(cleanup_free) char *model = NULL;
	TRY(speech_make(run, &speech, &model, ret_output));
	js_set_string(*ret_output, "voice", speech.request.voice);
	js_set_string(*ret_output, "model", model);
	return NULL;
}

const struct node_type text_to_speech_node = {
	.name = "text-to-speech",
	.category = "voice",
	.title = "Text to Speech",
	.description = "Speaks a text in one of a provider's voices",
	.inputs = (const struct node_port[]){ { "text", "Text" }, { 0 } },
	.outputs = (const struct node_port[]){ { "audio", "Audio" }, { 0 } },
	.fields =
		(const struct node_field[]){
			{ .name = "provider",
			  .label = "Provider",
			  .kind = FIELD_SELECT,
			  .fallback = "\"openai\"",
			  .options = (const char *const[]){ "openai", "elevenlabs", NULL },
			  .help = "Whose voice speaks; your key for it is in Settings → API "
				  "Keys" },
			{ .name = "voice",
			  .label = "Voice",
			  .kind = FIELD_TEXT,
			  .fallback = "\"nova\"",
			  .help = "OpenAI: alloy, echo, fable, onyx, nova, shimmer and others" },
			{ .name = "voiceId",
			  .label = "Voice id",
			  .kind = FIELD_TEXT,
			  .help = "ElevenLabs: the id of a voice of your account" },
			{ .name = "model",
			  .label = "Model",
			  .kind = FIELD_TEXT,
			  .fallback = "\"tts-1\"",
			  .help = "OpenAI: tts-1, or tts-1-hd, which is better and slower" },
			{ .name = "text",
			  .label = "Text",
			  .kind = FIELD_LONG_TEXT,
			  .help = "Blank: the text from upstream. {{input}} and {{nodeId.path}} "
				  "are replaced" },
			{ .name = "speed",
			  .label = "Speed",
			  .kind = FIELD_NUMBER,
			  .fallback = "1.0",
			  .min = 0.25,
			  .max = 4,
			  .help = "1 is the voice's own; ElevenLabs goes from 0.7 to 1.2" },
			{ .name = "stability",
			  .label = "Stability",
			  .kind = FIELD_NUMBER,
			  .fallback = "0.5",
			  .min = 0,
			  .max = 1,
			  .help = "ElevenLabs: lower is livelier, higher is steadier" },
			SPEECH_FIELDS,
			{ 0 },
		},
	.speech = find_voice,
	.run = run_text_to_speech,
};
