/*
 * Loudness as EBU R128 measures it (ITU-R BS.1770: gated, in LUFS), through libebur128, and
 * bringing a recording to a wanted one by a single gain, so that its dynamics stay as they were
 * spoken.
 */
#pragma once
#include "jobs/audio/audio.h"

/* What can be asked for, in LUFS. */
enum { LOUDNESS_MIN = -40, LOUDNESS_MAX = -8 };

struct loudness {
	double before_lufs; /* -INFINITY where it is silent, or shorter than 0.4 s */
	double gain_db;     /* by how much it was raised */
	bool limited;       /* the target was not reached, lest peaks exceed -1 dBTP (EBU R128) */
};

/*
 * Brings a WAV, as join_finish left it at the start of `fd`, to `target_lufs`, in place: its length
 * stays. What cannot be measured stays as it is. Memory is bounded whatever the length. ERR_REFUSED
 * where its samples are of another kind than PCM of 16, 24 or 32 bits or float of 32 bits;
 * ERR_UNAVAILABLE where it cannot be read or written.
 */
must_check struct err *loudness_normalize(int fd, const struct audio_info *info, double target_lufs,
					  struct loudness *ret);
