#include "jobs/tts/sample_set.h"

#include "jobs/audio/audio.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/faults.h"
#include "jobs/base/mem.h"
#include "jobs/base/scratch.h"
#include "jobs/model/voice_profile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SAMPLE = 32 * 1024 * 1024 };

/* Recordings on their way in. */
struct fetch {
	const struct services *services;
	struct http *http;
	struct sample_set *set;
	struct faults faults;
};

void sample_set_clear(struct sample_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		close(set->samples[i].file.fd);
		free(set->filenames[i]);
	}
	*set = (struct sample_set){ 0 };
}

/* Measures a fetched sample; ERR_INVALID with what is wrong with it. */
static struct err *check_sample(struct tts_sample *sample, enum audio_format *ret_format)
{
	struct audio_source source = source_file(sample->file.fd, 0, sample->file.length);
	struct audio_info info;
	struct err *e = audio_measure(&source, &info);
	source_clear(&source);
	TRY(e);
	if (info.duration_sec <= SAMPLE_MIN_SECONDS)
		return err_new(ERR_INVALID,
			       "it plays for %.2f seconds; it has to be longer than %d",
			       info.duration_sec, SAMPLE_MIN_SECONDS);
	*ret_format = info.format;
	return NULL;
}

/* Fetches the next one and checks it; a faulty one is noted, storage that is away is an error. */
static struct err *fetch_sample(struct fetch *f, const char *asset_id, const char *key)
{
	struct sample_set *set = f->set;
	struct tts_sample *sample = &set->samples[set->count];
	*sample = (struct tts_sample){ .file = { .length = MAX_SAMPLE } };
	TRY(scratch_open(&sample->file.fd));
	set->count++;
	uint64_t len = 0;
	enum audio_format format = AUDIO_UNKNOWN;
	struct err *e = s3_get(f->services->s3, f->http, key, &sample->file, &len);
	sample->file.length = len;
	if (!e)
		e = check_sample(sample, &format);
	if (e && err_kind(e) != ERR_NOT_FOUND && err_kind(e) != ERR_INVALID &&
	    err_kind(e) != ERR_TOO_LARGE)
		return e;
	if (e)
		faults_add(&f->faults, "assets", asset_id, "Sample %zu: %s", set->count,
			   err_message(e));
	err_free(e);
	set->filenames[set->count - 1] =
		mem_printf("sample_%zu.%s", set->count, audio_extension(format));
	sample->filename = set->filenames[set->count - 1];
	sample->content_type = audio_content_type(format);
	return NULL;
}

static struct err *fetch_rows(struct fetch *f, const struct rows *rows, const char *kind)
{
	for (int i = 0; i < rows_count(rows); i++) {
		if (strcmp(rows_get(rows, i, 2), kind) != 0)
			continue;
		if (f->set->count == SAMPLE_SET_MAX)
			return err_new(ERR_INVALID,
				       "A voice can be trained on at most %d samples; delete some",
				       SAMPLE_SET_MAX);
		TRY(fetch_sample(f, rows_get(rows, i, 0), rows_get(rows, i, 1)));
	}
	return faults_error(&f->faults, "The samples cannot be used. %s");
}

struct err *sample_set_fetch(const struct services *services, struct http *http, struct db *db,
			     const struct sample_query *query, struct sample_set *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(voice_asset_list(db, query->user_id, query->profile_id, &rows));
	struct fetch f = { .services = services, .http = http, .set = ret };
	struct err *e = fetch_rows(&f, rows, query->kind);
	faults_clear(&f.faults);
	return e;
}
