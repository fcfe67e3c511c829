#include "jobs/tts/training.h"

#include "jobs/audio/audio.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/faults.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/base/scratch.h"
#include "jobs/model/voice_profile.h"
#include "jobs/tts/provider.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SAMPLE = 32 * 1024 * 1024 };

/* One training under way. */
struct training {
	const struct services *services;
	struct http *http;
	struct db *db;
	const struct training_order *order;
	struct voice_profile profile;
	struct tts_sample samples[TRAINING_MAX_SAMPLES];
	char *filenames[TRAINING_MAX_SAMPLES];
	size_t count;
	struct faults faults;
};

static void training_clear(struct training *t)
{
	for (size_t i = 0; i < t->count; i++) {
		close(t->samples[i].file.fd);
		free(t->filenames[i]);
	}
	voice_profile_clear(&t->profile);
	faults_clear(&t->faults);
}

/* Measures a fetched sample; ERR_INVALID with what is wrong with it. */
static struct err *check_sample(struct tts_sample *sample, enum audio_format *ret_format)
{
	struct audio_source source = source_file(sample->file.fd, 0, sample->file.length);
	struct audio_info info;
	struct err *e = audio_measure(&source, &info);
	source_clear(&source);
	TRY(e);
	if (info.duration_sec <= TRAINING_MIN_SECONDS)
		return err_new(ERR_INVALID,
			       "it plays for %.2f seconds; it has to be longer than %d",
			       info.duration_sec, TRAINING_MIN_SECONDS);
	*ret_format = info.format;
	return NULL;
}

/* Fetches sample `t->count` and checks it; a faulty one is noted, storage that is away is an error.
 */
static struct err *fetch_sample(struct training *t, const char *asset_id, const char *key)
{
	struct tts_sample *sample = &t->samples[t->count];
	*sample = (struct tts_sample){ .file = { .length = MAX_SAMPLE } };
	TRY(scratch_open(&sample->file.fd));
	t->count++;
	uint64_t len = 0;
	enum audio_format format = AUDIO_UNKNOWN;
	struct err *e = s3_get(t->services->s3, t->http, key, &sample->file, &len);
	sample->file.length = len;
	if (!e)
		e = check_sample(sample, &format);
	if (e && err_kind(e) != ERR_NOT_FOUND && err_kind(e) != ERR_INVALID &&
	    err_kind(e) != ERR_TOO_LARGE)
		return e;
	if (e)
		faults_add(&t->faults, "assets", asset_id, "Sample %zu: %s", t->count,
			   err_message(e));
	err_free(e);
	t->filenames[t->count - 1] = mem_printf("sample_%zu.%s", t->count, audio_extension(format));
	sample->filename = t->filenames[t->count - 1];
	sample->content_type = audio_content_type(format);
	return NULL;
}

static struct err *fetch_samples(struct training *t)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(voice_asset_list(t->db, t->order->user_id, t->order->profile_id, &rows));
	for (int i = 0; i < rows_count(rows); i++) {
		if (strcmp(rows_get(rows, i, 2), "sample") != 0)
			continue;
		if (t->count == TRAINING_MAX_SAMPLES)
			return err_new(ERR_INVALID,
				       "A voice can be trained on at most %d samples; delete some",
				       TRAINING_MAX_SAMPLES);
		TRY(fetch_sample(t, rows_get(rows, i, 0), rows_get(rows, i, 1)));
	}
	if (t->count == 0)
		return err_new(ERR_INVALID, "Add at least one audio sample before training.");
	return NULL;
}

static struct err *record(const struct training *t, const char *status, const char *voice)
{
	return voice_profile_set_training(t->db, t->order->user_id, t->order->profile_id, status,
					  voice);
}

/* A voice that could not be recorded would hold a slot of the user's plan for nothing. */
static void discard_voice(const struct training *t, const struct provider *provider,
			  const struct service_key *key, const char *voice)
{
	cleanup(cleanup_err) struct err *e =
		provider->delete_voice(t->http, t->services->conf, key, voice);
	if (e)
		log_error("voice %s at %s belongs to no profile and could not be deleted: %s",
			  voice, provider->service->title, err_message(e));
}

static struct err *clone_with_key(struct training *t, const struct provider *provider,
				  const struct service_key *key, struct training_result *ret)
{
	bool pending = false;
	cleanup(cleanup_free) char *voice = NULL;
	const struct tts_clone clone = {
		.name = t->profile.name,
		.description = t->order->description,
		.samples = t->samples,
		.count = t->count,
		.stop = t->order->stop,
	};
	TRY(provider->clone(t->http, t->services->conf, key, &clone, &voice, &pending));
	const char *status = pending ? "pending" : "ready";
	struct err *e = record(t, status, voice);
	if (e) {
		discard_voice(t, provider, key, voice);
		return e;
	}
	*ret = (struct training_result){
		.status = status,
		.message =
			pending ? "The voice was made, but the provider wants it verified before "
				  "it speaks"
				: "The voice was cloned from the samples and is ready",
		.voice = take(voice),
	};
	return NULL;
}

static struct err *clone_voice(struct training *t, const struct provider *provider,
			       struct training_result *ret)
{
	if (!provider->clone)
		return err_new(ERR_INVALID,
			       "A voice of %s cannot be cloned here: give the profile "
			       "the provider's voice id",
			       provider->service->title);
	struct service_key key;
	TRY(service_key_resolve(t->services, t->db, provider->service, t->order->user_id, &key));
	struct err *e = clone_with_key(t, provider, &key, ret);
	service_key_release(&key);
	return e;
}

static struct err *train(struct training *t, struct training_result *ret)
{
	const struct provider *provider = provider_find(t->profile.provider);
	if (!provider)
		return err_new(ERR_INTERNAL, "provider %s is not known", t->profile.provider);
	TRY(fetch_samples(t));
	TRY(faults_error(&t->faults, "The samples cannot be used. %s"));
	if (!*t->profile.voice)
		return clone_voice(t, provider, ret);
	TRY(record(t, "ready", NULL));
	*ret = (struct training_result){
		.status = "ready",
		.message = "The voice profile is ready",
		.voice = mem_strdup(t->profile.voice),
	};
	return NULL;
}

/*
 * What may pass leaves the profile as it was, and so do faulty samples of a voice that speaks;
 * where there was nothing to train on, it was not tried.
 */
static void record_failure(const struct training *t, const struct err *failure)
{
	bool was_ready = !strcmp(t->profile.training_status, "ready");
	bool keeps = err_is_retryable(failure) || t->count == 0 ||
		     (was_ready && err_kind(failure) == ERR_INVALID);
	const char *before = t->profile.training_status;
	cleanup(cleanup_err) struct err *e = record(t,
						    !keeps                       ? "failed"
						    : strcmp(before, "training") ? before
										 : "pending",
						    NULL);
	if (e)
		log_error("profile %s is left in training: %s", t->order->profile_id,
			  err_message(e));
}

struct err *training_run(const struct services *services, struct http *http, struct db *db,
			 const struct training_order *order, struct training_result *ret)
{
	cleanup(training_clear) struct training t = {
		.services = services,
		.http = http,
		.db = db,
		.order = order,
	};
	TRY(voice_profile_load(db, order->user_id, order->profile_id, &t.profile));
	TRY(voice_profile_begin_training(db, order->user_id, order->profile_id));
	struct err *e = train(&t, ret);
	if (e)
		record_failure(&t, e);
	return e;
}
