/*
 * A text of any length to one audio file in the storage, through the ledger (jobs/model/segment.h):
 * its pieces are bought side by side, each once, and what has been bought before, by whatever run
 * of the user's, is taken from the storage.
 */
#pragma once
#include "jobs/audio/loudness.h"
#include "jobs/io/services.h"
#include "jobs/model/segment.h"
#include "jobs/tts/captions.h"
#include "jobs/tts/provider.h"

/* Told as pieces get done, from a thread of its own. */
typedef void speak_progress(void *arg, int done, int total);

/* What is to be spoken, for whom. All borrowed. */
struct speak {
	const struct services *services;
	struct http *http; /* the calling thread's */
	struct segment_owner owner;
	struct segment_step step;
	const char *profile_id; /* NULL where the voice is of no profile */
	const char *file_name;  /* the files' names begin with it */
	const struct provider *provider;
	const struct service_key *key;
	struct tts_request request; /* its text of any length */
	double pause;               /* seconds between paragraphs */
	bool fresh;                 /* buy all of it, whatever there is */
	enum captions captions;
	double loudness;          /* LUFS that a WAV is brought to; NAN for none */
	speak_progress *progress; /* or NULL */
	void *progress_arg;
};

/* What came of it; speak_result_clear frees it. */
struct speak_result {
	char *audio_key, *captions_key; /* the latter NULL where none are wanted */
	struct audio_info info;
	struct loudness loudness;          /* where one was asked for */
	char *model;                       /* NULL where there is none to choose */
	size_t segments, cached_segments;  /* of the text, and those not bought by this run */
	size_t characters, billed, cached; /* characters: of all segments, bought, not bought */
	long provider_characters;          /* its own count; -1 where it sends none */
	struct json_object *request_ids, *notes; /* arrays of strings, each once; or NULL */
};
void speak_result_clear(struct speak_result *r);

/*
 * Speaks. Fails as synthesize does (jobs/tts/synthesize.h), or as the database and the storage do;
 * what was bought until then stays bought.
 */
must_check struct err *speak_text(const struct speak *speak, struct speak_result *ret);
