/*
 * Joins MP3 or WAV files, one behind the other, into a file of their format.
 *
 *	struct join *join = join_new(AUDIO_MP3, fd);
 *	TRY(join_add(join, &part));
 *	join_pause(join, 0.5);
 *	…
 *	TRY(join_finish(join, &info));
 *
 * WAV is exact to the sample: the samples of the parts under one clean header. MP3 is exact to the
 * frame and not encoded anew: the audio frames of the parts behind one Info frame that has their
 * number; tags, the Info or Xing frames of the parts, and cut last frames are left out. Where the
 * start of a part refers to bytes of frames that it lacks, which no decoder could play, it becomes
 * as silent as it was. Memory is bounded whatever the length.
 */
#pragma once
#include "jobs/audio/audio.h"

struct join;

/* Writes to `fd`, an empty file, which stays the caller's. `format` is AUDIO_MP3 or AUDIO_WAV. */
struct join *join_new(enum audio_format format, int fd) __attribute__((returns_nonnull));
void join_free(struct join *j); /* takes NULL */

/*
 * Appends a part. ERR_REFUSED where it is of another kind than the first one (rate, channels,
 * bits), as players stumble over such files; ERR_TOO_LARGE where a WAV would have more than 4 GB;
 * ERR_INVALID where it is damaged; ERR_UNAVAILABLE where it cannot be read or written.
 */
must_check struct err *join_add(struct join *j, struct audio_source *part);

/* Appends silence, in MP3 of the nearest number of frames. Before the first part there is none. */
void join_pause(struct join *j, double seconds);

/* Where the next part will begin, in seconds; exact. */
double join_position_sec(const struct join *j);

/* Completes the file. Its length is info.data_offset + info.data_length, in WAV with an odd number
 * of bytes one more. ERR_INVALID where nothing was appended. */
must_check struct err *join_finish(struct join *j, struct audio_info *ret_info);

static inline void cleanup_join(struct join **j)
{
	join_free(*j);
}
