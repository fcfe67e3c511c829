/* Samples of a voice profile, as they are stored. */
#pragma once
#include "jobs/audio/audio.h"
#include "jobs/io/http.h"
#include "jobs/io/services.h"

/* A recording that is to become a sample. Borrowed. */
struct sample {
	const char *user_id, *profile_id;
	const struct http_file *file;
	enum audio_format format; /* AUDIO_MP3 or AUDIO_WAV */
	double duration_sec;
	const char *kind;    /* "sample", or "consent": the speaker's spoken consent */
	const char *quality; /* quality_json's text; NULL where it could not be decoded */
};

/*
 * Stores the file, then records it; *ret_json is the wire's, and the caller's. A file that is not
 * recorded does not stay, nor one whose upload failed: the storage may have taken it all the same,
 * and only its answer was lost. ERR_NOT_FOUND where the profile is gone.
 */
must_check struct err *sample_store(const struct services *services, struct http *http,
				    struct db *db, const struct sample *sample, char **ret_json);
