/*
 * Audio as numbers: MP3 and WAV, block by block, as floats from -1 to 1 (a little beyond in MP3).
 *
 * Memory is bounded and time linear, whatever the bytes are: of an MP3 the decoder (libmpg123) sees
 * whole audio frames only, one at a time, as the walk of mp3.h finds them, and never a tag.
 */
#pragma once
#include "jobs/audio/audio.h"

struct decoder;

/* What comes out: `frames` samples of each channel, interleaved. Borrowed until the next call. */
struct audio_block {
	const float *samples;
	size_t frames;
	uint16_t channels;
	uint32_t rate; /* Hz */
};

/*
 * A decoder of `s`, which must outlive it, and is one of `format`, AUDIO_MP3 or AUDIO_WAV. Fails
 * with ERR_INVALID as wav_parse does.
 */
must_check struct err *decoder_new(struct audio_source *s, enum audio_format format,
				   struct decoder **ret);
void decoder_free(struct decoder *d); /* takes NULL */

/*
 * The next block; false at the end. MP3 frames that cannot be decoded are passed over. Samples that
 * are no numbers count as 0.
 */
bool decoder_next(struct decoder *d, struct audio_block *ret);

static inline void cleanup_decoder(struct decoder **d)
{
	decoder_free(*d);
}
