/* How good a recording is: its levels, clipping and silence, and what could be better. */
#pragma once
#include "jobs/audio/audio.h"

#include <json-c/json.h>

/* Levels are dB of full scale (0 is the loudest there is), -INFINITY for digital silence. */
struct quality {
	struct audio_info info;
	double measured_sec;              /* how much of it was decoded, from the start */
	double peak_db, rms_db;           /* of all channels, silence included */
	double sound_db;                  /* as rms_db, but of what is not silent */
	uint64_t clipped;                 /* samples in a row of at least three at full scale */
	double leading_sec, trailing_sec; /* of silence; the whole length where all of it is */
};

enum { QUALITY_MAX_SEC = 1800 }; /* what comes after half an hour is not decoded */

/*
 * Decodes what `info` (of audio_measure) describes. ERR_INVALID where it cannot be decoded,
 * ERR_UNAVAILABLE where the source could not be read.
 */
must_check struct err *quality_measure(struct audio_source *s, const struct audio_info *info,
				       struct quality *ret);

/*
 * The wire's form: {format, sampleRate, channels, durationSec, peakDb, rmsDb, clippedSamples,
 * leadingSilenceSec, trailingSilenceSec, advice: [sentence]}, null for a level of digital silence.
 * The length is judged only where `for_training`. The caller owns it.
 */
struct json_object *quality_json(const struct quality *q, bool for_training)
	__attribute__((returns_nonnull));
