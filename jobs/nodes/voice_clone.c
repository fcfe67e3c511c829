/* voice-clone: a recording from upstream in, a voice profile of its speaker out. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/base/scratch.h"
#include "jobs/base/utf8.h"
#include "jobs/model/file_key.h"
#include "jobs/model/service.h"
#include "jobs/model/voice_profile.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"
#include "jobs/tts/profile_delete.h"
#include "jobs/tts/sample.h"
#include "jobs/tts/training.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_RECORDING = 25 * 1024 * 1024, MAX_NAME = 200, MAX_DESCRIPTION = 500 };

static void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A recording, by the setting of an output that names it. Borrowed. */
struct recording {
	const char *key, *url;
};

static bool find_in(struct json_object *o, struct recording *ret)
{
	const char *url = js_string(o, "audioUrl");
	*ret = (struct recording){ js_string(o, "audioKey"), url ? url : js_string(o, "fileUrl") };
	return !input_is_blank(ret->key) || !input_is_blank(ret->url);
}

/* The first recording upstream, as input_text finds texts: also one level down. */
static bool find_recording(struct json_object *inputs, bool deeper, struct recording *ret)
{
	json_object_object_foreach(inputs, source, value)
	{
		(void)source;
		bool found = find_in(value, ret);
		if (!found && deeper && json_object_is_type(value, json_type_object))
			found = find_recording(value, false, ret);
		if (found)
			return true;
	}
	return false;
}

/* The key of a file of our own storage by its URL; NULL where it is elsewhere. Borrowed. */
static const char *key_of_url(const struct services *services, const char *url)
{
	cleanup(cleanup_free) char *root = s3_url(services->s3, "");
	size_t len = strlen(root);
	return strncmp(url, root, len) ? NULL : url + len;
}

static struct err *find_key(const struct node_run *run, const char **ret)
{
	struct recording recording;
	if (!find_recording(run->inputs, true, &recording))
		return err_new(ERR_INVALID, "There is no audio to clone a voice from: connect a "
					    "node that gives audio");
	*ret = input_is_blank(recording.key) ? key_of_url(run->services, recording.url)
					     : recording.key;
	if (!*ret)
		return err_new(
			ERR_INVALID,
			"A voice can only be cloned from audio that is stored here, not from "
			"%.200s: upload it as a sample of a voice profile",
			recording.url);
	if (!file_key_is_own(*ret, run->user_id))
		return err_new(ERR_FORBIDDEN, "The audio from upstream is not one of your files");
	return NULL;
}

/* Fetches the recording and measures it. */
static struct err *fetch(const struct node_run *run, const char *key, struct http_file *file,
			 struct audio_info *ret_info)
{
	uint64_t len = 0;
	struct err *e = s3_get(run->services->s3, run->http, key, file, &len);
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return err_new(ERR_NOT_FOUND, "The audio from upstream does not exist any more");
	}
	TRY(e);
	file->length = len;
	struct audio_source source = source_file(file->fd, 0, len);
	e = audio_measure(&source, ret_info);
	source_clear(&source);
	return e;
}

/* A setting with its templates filled in, cut at `most` bytes; NULL where it is blank. */
static struct err *find_text(const struct node_run *run, const char *name, size_t most, char **ret)
{
	const char *own = js_string(run->config, name);
	cleanup(cleanup_free) char *text = NULL;
	if (input_is_blank(own))
		return NULL;
	TRY(input_fill(own, run->inputs, &text));
	if (input_is_blank(text))
		return NULL;
	*ret = mem_strndup(text, strnlen(text, most));
	utf8_repair(*ret);
	return NULL;
}

static struct err *make_profile(const struct node_run *run, struct db *db, const char *name,
				char **ret_id)
{
	const struct voice_profile_fields fields = {
		.name = name,
		.provider = service_elevenlabs.name,
		.voice = "",
		.language = "en",
	};
	cleanup(cleanup_free) char *text = NULL;
	cleanup(cleanup_json) struct json_object *profile = NULL;
	TRY(voice_profile_create(db, run->user_id, &fields, &text));
	TRY(js_parse(text, strlen(text), &profile));
	*ret_id = mem_strdup(js_string(profile, "id"));
	return NULL;
}

/* Gives the new profile the recording as its sample, and trains it on that. */
static struct err *train(const struct node_run *run, struct db *db, const struct sample *sample,
			 const char *description, struct training_result *ret)
{
	cleanup(cleanup_free) char *asset = NULL;
	TRY(sample_store(run->services, run->http, db, sample, &asset));
	const struct training_order order = {
		.user_id = run->user_id,
		.profile_id = sample->profile_id,
		.description = description,
		/* Whoever draws such a workflow has accepted the terms of use. */
		.consent = { .given = true, .by_terms = true },
		.stop = run->stop,
	};
	return training_run(run->services, run->http, db, &order, ret);
}

/* A profile without a voice would only be in the user's way. */
static void discard(const struct node_run *run, struct db *db, const char *profile_id)
{
	cleanup(cleanup_json) struct json_object *left = NULL;
	cleanup(cleanup_err) struct err *e =
		profile_delete(run->services, run->http, db, run->user_id, profile_id, &left);
	if (e)
		log_warn("voice profile %s is left without a voice: %s", profile_id,
			 err_message(e));
}

static struct err *clone(struct node_run *run, struct db *db, struct sample *sample,
			 struct json_object **ret_output)
{
	cleanup(cleanup_free) char *name = NULL, *description = NULL, *profile_id = NULL;
	TRY(find_text(run, "name", MAX_NAME, &name));
	TRY(find_text(run, "description", MAX_DESCRIPTION, &description));
	TRY(make_profile(run, db, name ? name : "Cloned voice", &profile_id));
	sample->profile_id = profile_id;
	struct training_result result = { 0 };
	struct err *e = train(run, db, sample, description, &result);
	if (e) {
		discard(run, db, profile_id);
		return e;
	}
	if (strcmp(result.status, "ready") != 0)
		node_note(run, "%s", result.message);
	*ret_output = json_object_new_object();
	js_set_string(*ret_output, "voiceProfileId", profile_id);
	js_set_string(*ret_output, "providerVoiceId", result.voice);
	free(result.voice);
	return NULL;
}

static struct err *run_voice_clone(struct node_run *run, struct json_object **ret_output)
{
	const char *key = NULL;
	TRY(find_key(run, &key));
	cleanup(cleanup_fd) int fd = -1;
	TRY(scratch_open(&fd));
	struct http_file file = { .fd = fd, .length = MAX_RECORDING };
	struct audio_info info;
	TRY(fetch(run, key, &file, &info));
	struct sample sample = {
		.user_id = run->user_id,
		.file = &file,
		.format = info.format,
		.duration_sec = info.duration_sec,
		.kind = "sample",
	};
	return clone(run, run->services->db, &sample, ret_output);
}

const struct node_type voice_clone_node = {
	.name = "voice-clone",
	.category = "voice",
	.title = "Voice Clone",
	.description = "Makes a voice profile from a recording (ElevenLabs)",
	.inputs = (const struct node_port[]){ { "sample", "Sample" }, { 0 } },
	.outputs = (const struct node_port[]){ { "voice_id", "Voice" }, { 0 } },
	.fields =
		(const struct node_field[]){
			{ .name = "name",
			  .label = "Name",
			  .kind = FIELD_TEXT,
			  .fallback = "\"Cloned voice\"",
			  .help = "What the voice profile is called" },
			{ .name = "description",
			  .label = "Description",
			  .kind = FIELD_LONG_TEXT,
			  .help = "For ElevenLabs' list of voices" },
			{ 0 },
		},
	.run = run_voice_clone,
};
