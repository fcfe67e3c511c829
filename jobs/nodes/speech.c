#include "jobs/nodes/speech.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/model/pronunciations.h"
#include "jobs/nodes/input.h"
#include "jobs/tts/pronunciation.h"
#include "jobs/tts/ssml.h"

#include <math.h>
#include <string.h>

static const double USUAL_PAUSE_SEC = 0.5, MAX_PAUSE_SEC = 10;

void speech_clear(struct speech *s)
{
	service_key_release(&s->key);
	voice_profile_clear(&s->profile);
	free(s->text);
}

struct err *speech_text(const struct node_run *run, struct db *db, struct speech *s)
{
	const char *own = js_string(run->config, "text");
	cleanup(cleanup_free) char *text = NULL;
	if (input_is_blank(own))
		text = mem_strdup(input_text(run->inputs));
	else
		TRY(input_fill_by(s->request.ssml ? ssml_escape : buf_adds, own, run->inputs,
				  &text));
	if (input_is_blank(text))
		return err_new(ERR_INVALID, "There is no text to speak: enter one in the node's "
					    "settings, or connect a node that gives text");
	if (s->request.ssml) {
		s->text = take(text);
		return NULL;
	}
	cleanup(cleanup_json) struct json_object *entries = NULL;
	TRY(pronunciation_load(db, run->user_id, &entries));
	s->text = pronunciation_apply(entries, text, &s->replaced);
	return NULL;
}

struct err *speech_prepare(const struct node_run *run, node_speech *find_voice, struct speech *s)
{
	struct db *db = run->services->db;
	TRY(find_voice(run, db, s));
	TRY(speech_text(run, db, s));
	return service_key_resolve(run->services, db, s->provider->service, run->user_id, &s->key);
}

double speech_setting(const struct node_run *run, const char *name)
{
	return js_number(run->config, name, NAN);
}

struct err *speech_format(const struct node_run *run, enum audio_format *ret)
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

double speech_pause(const struct node_run *run)
{
	return fmin(fmax(js_number(run->config, "paragraphPause", USUAL_PAUSE_SEC), 0),
		    MAX_PAUSE_SEC);
}

static struct err *find_captions(const struct node_run *run, enum captions *ret)
{
	const char *wanted = js_string(run->config, "captions");
	*ret = CAPTIONS_NONE;
	if (input_is_blank(wanted) || !strcasecmp(wanted, "none"))
		return NULL;
	for (enum captions kind = CAPTIONS_SRT; kind <= CAPTIONS_VTT; kind++)
		if (!strcasecmp(wanted, captions_extension(kind)))
			*ret = kind;
	if (*ret == CAPTIONS_NONE)
		return err_new(ERR_INVALID, "The captions have to be srt or vtt, not \"%.20s\"",
			       wanted);
	return NULL;
}

static struct err *find_loudness(const struct node_run *run, enum audio_format format, double *ret)
{
	struct json_object *wanted = js_get(run->config, "loudness");
	*ret = js_number(run->config, "loudness", NAN);
	if (!wanted || (json_object_is_type(wanted, json_type_string) &&
			input_is_blank(json_object_get_string(wanted))))
		return NULL;
	if (!(*ret >= LOUDNESS_MIN && *ret <= LOUDNESS_MAX))
		return err_new(ERR_INVALID,
			       "The loudness has to be from %d to %d LUFS: -16 for the web and "
			       "podcasts, -23 for broadcasting",
			       LOUDNESS_MIN, LOUDNESS_MAX);
	if (format != AUDIO_WAV)
		return err_new(ERR_INVALID, "The loudness can be set in WAV only: choose the "
					    "format wav, or clear the loudness");
	return NULL;
}

static struct json_object *cost_of(const struct speech *speech, const struct speak_result *result)
{
	struct json_object *cost = json_object_new_object();
	js_set_string(cost, "provider", speech->provider->service->name);
	if (result->model)
		js_set_string(cost, "model", result->model);
	js_set_int(cost, "characters", (int64_t)utf8_length(speech->text));
	js_set_int(cost, "billedCharacters", (int64_t)result->billed);
	js_set_int(cost, "cachedCharacters", (int64_t)result->cached);
	if (result->provider_characters >= 0)
		js_set_int(cost, "providerCharacters", result->provider_characters);
	js_set_int(cost, "segments", (int64_t)result->segments);
	js_set_int(cost, "cachedSegments", (int64_t)result->cached_segments);
	if (result->request_ids)
		js_set(cost, "requestIds", json_object_get(result->request_ids));
	return cost;
}

static struct json_object *describe(const struct node_run *run, const struct speech *speech,
				    const struct speak_result *result)
{
	const struct s3 *s3 = run->services->s3;
	cleanup(cleanup_free) char *url = s3_url(s3, result->audio_key);
	struct json_object *output = json_object_new_object();
	js_set_string(output, "audioUrl", url);
	js_set_string(output, "audioKey", result->audio_key);
	js_set_double(output, "durationSec", result->info.duration_sec);
	js_set_string(output, "format", audio_extension(result->info.format));
	js_set_int(output, "textLength", (int64_t)utf8_length(speech->text));
	js_set_int(output, "segments", (int64_t)result->segments);
	js_set_int(output, "charactersBilled", (int64_t)result->billed);
	js_set_int(output, "charactersCached", (int64_t)result->cached);
	if (result->captions_key) {
		cleanup(cleanup_free) char *captions = s3_url(s3, result->captions_key);
		js_set_string(output, "captionsUrl", captions);
		js_set_string(output, "captionsKey", result->captions_key);
	}
	return output;
}

/* Tells of the loudness that was asked for, and where it could not be reached. */
static void describe_loudness(struct node_run *run, double wanted, const struct loudness *loudness,
			      struct json_object *output)
{
	double reached = round((loudness->before_lufs + loudness->gain_db) * 10) / 10;
	if (isnan(wanted))
		return;
	if (isinf(reached)) {
		node_note(run, "the loudness is as it came: the audio is too short or too quiet to "
			       "be measured");
		return;
	}
	js_set_double(output, "loudnessLufs", reached);
	if (loudness->limited)
		node_note(run, "the loudness is %.1f LUFS, not %.1f: its peaks allow no more",
			  reached, wanted);
}

struct err *speech_make(struct node_run *run, struct speech *speech, char **ret_model,
			struct json_object **ret_output)
{
	struct speak speak = {
		.services = run->services,
		.http = run->http,
		.owner = { run->user_id, run->run_id, run->claim ? run->claim : "0", NULL },
		.step = { run->claim ? run->run_id : NULL, run->node_id, run->iteration },
		.profile_id = speech->profile_id,
		.file_name = run->file_name,
		.provider = speech->provider,
		.key = &speech->key,
		.pause = speech_pause(run),
		.fresh = !js_bool(run->config, "cache", true),
		.progress = run->progress,
		.progress_arg = run->progress_arg,
	};
	TRY(speech_format(run, &speech->request.format));
	TRY(find_captions(run, &speak.captions));
	if (speech->request.ssml && speak.captions != CAPTIONS_NONE)
		return err_new(ERR_INVALID, "Captions cannot be made of SSML: set them to none");
	TRY(find_loudness(run, speech->request.format, &speak.loudness));
	speech->request.text = speech->text;
	speech->request.stop = run->stop;
	speak.request = speech->request;
	cleanup(speak_result_clear) struct speak_result result = { 0 };
	TRY(speak_text(&speak, &result));
	run->cost = cost_of(speech, &result);
	run->notes = json_object_get(result.notes);
	if (speech->replaced)
		node_note(run, "%zu %s spoken as your pronunciations say", speech->replaced,
			  speech->replaced == 1 ? "word is" : "words are");
	*ret_model = take(result.model);
	*ret_output = describe(run, speech, &result);
	describe_loudness(run, speak.loudness, &result.loudness, *ret_output);
	return NULL;
}
