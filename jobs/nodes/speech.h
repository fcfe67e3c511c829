/* What the nodes that speak share: the text, the settings, and the way into the storage. */
#pragma once
#include "jobs/model/voice_profile.h"
#include "jobs/nodes/node.h"
#include "jobs/tts/provider.h"
#include "jobs/tts/speak.h"

/* What is to be spoken, by whom, and who pays. speech_clear frees it. */
struct speech {
	const struct provider *provider;
	struct service_key key;
	char *text;                   /* owned; as it is to be spoken */
	size_t replaced;              /* words in it, by the user's pronunciations */
	const char *profile_id;       /* borrowed; NULL where the voice is of no profile */
	struct voice_profile profile; /* then; the request borrows from it */
	struct tts_request request;   /* all but text and stop, which speech_make fills in */
};
void speech_clear(struct speech *s);

/*
 * The node's text: its own setting with the templates filled in, or the upstream text where that
 * is blank, and then the user's pronunciations. SSML is left as it is, but for what templates put
 * in, which is escaped. Wants the request, and fills text and replaced. ERR_INVALID where there is
 * none.
 */
must_check struct err *speech_text(const struct node_run *run, struct db *db, struct speech *s);

/* All that comes from the database: the voice, by the node's own function, the text and the key. */
must_check struct err *speech_prepare(const struct node_run *run, node_speech *find_voice,
				      struct speech *s);

/* A number of the settings; NAN where the node has none, so that the voice's own stays. */
double speech_setting(const struct node_run *run, const char *name);

/* The setting `format`; ERR_INVALID where it is neither mp3 nor wav. */
must_check struct err *speech_format(const struct node_run *run, enum audio_format *ret);

/* Seconds between paragraphs, from the setting `paragraphPause`. */
double speech_pause(const struct node_run *run);

/*
 * Speaks, stores the audio, and describes it: {audioUrl, audioKey, durationSec, format, textLength,
 * segments, charactersBilled, charactersCached, captionsUrl?, captionsKey?, loudnessLufs?}, and the
 * model in *ret_model (NULL where the provider has none to choose). What it costs and what had to
 * be left out go to the run's cost and notes.
 */
must_check struct err *speech_make(struct node_run *run, struct speech *speech, char **ret_model,
				   struct json_object **ret_output);

/* The settings that speech_make reads itself, for the nodes' tables. */
#define SPEECH_FIELDS                                                                              \
	{ .name = "format",                                                                        \
	  .label = "Format",                                                                       \
	  .kind = FIELD_SELECT,                                                                    \
	  .fallback = "\"mp3\"",                                                                   \
	  .options = (const char *const[]){ "mp3", "wav", NULL },                                  \
	  .help = "MP3 is smaller, WAV is for editing" },                                          \
		{ .name = "paragraphPause",                                                        \
		  .label = "Pause between paragraphs",                                             \
		  .kind = FIELD_NUMBER,                                                            \
		  .fallback = "0.5",                                                               \
		  .min = 0,                                                                        \
		  .max = 10,                                                                       \
		  .help = "Seconds" },                                                             \
		{ .name = "captions",                                                              \
		  .label = "Captions",                                                             \
		  .kind = FIELD_SELECT,                                                            \
		  .fallback = "\"none\"",                                                          \
		  .options = (const char *const[]){ "none", "srt", "vtt", NULL },                  \
		  .help = "A file of subtitles beside the audio" },                                \
		{ .name = "loudness",                                                              \
		  .label = "Loudness",                                                             \
		  .kind = FIELD_NUMBER,                                                            \
		  .min = LOUDNESS_MIN,                                                             \
		  .max = LOUDNESS_MAX,                                                             \
		  .help = "LUFS, in WAV: -16 for the web and podcasts, -23 for broadcasting. "     \
			  "Blank: as the voice gives it" },                                        \
	{                                                                                          \
		.name = "cache", .label = "Reuse speech", .kind = FIELD_BOOLEAN,                   \
		.fallback = "true",                                                                \
		.help = "Off: every sentence is bought anew, also those spoken before"             \
	}
