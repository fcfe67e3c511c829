/*
 * WAV: RIFF chunks around samples. Reading forgives what streaming servers write (sizes of 0 or a
 * placeholder, chunks in any number and order before the samples); writing gives the plain form,
 * a header of 44 bytes and the samples behind it.
 */
#pragma once
#include "jobs/audio/audio.h"

enum { WAV_HEADER = 44 }; /* bytes */

/* WAVE_FORMAT_ tags; with WAVE_FORMAT_EXTENSIBLE, the one its sub-format stands for. */
enum wav_encoding { WAV_PCM = 1, WAV_FLOAT = 3, WAV_ALAW = 6, WAV_MULAW = 7 };

struct wav_format {
	enum wav_encoding encoding;
	uint16_t channels, bits; /* bits a sample */
	uint32_t rate;           /* Hz */
};

struct wav {
	struct wav_format format;
	uint64_t data_offset, data_length; /* bytes; a whole number of samples of all channels */
	bool truncated;                    /* the header declares more than there is */
};

/* Bytes of one sample of all channels. */
uint32_t wav_align(const struct wav_format *f);

/*
 * Finds format and samples. Their length is what the data chunk declares, or all that is there
 * where it declares 0, a placeholder, or more. ERR_INVALID, with a sentence for the user, where it
 * is no WAV, has no samples chunk, or is encoded in a way other than PCM of 8, 16, 24 or 32 bits,
 * float of 32 or 64, A-law or mu-law.
 */
must_check struct err *wav_parse(struct audio_source *s, struct wav *ret_wav);

/* wav_parse as an audio_info; a file without one sample has the duration 0. */
must_check struct err *wav_measure(struct audio_source *s, struct audio_info *ret_info);

/* Writes the header for `data_len` bytes of samples. */
void wav_header(uint8_t out[static WAV_HEADER], const struct wav_format *f, uint32_t data_len);

/*
 * Puts a header before bare samples, in place; a sample that is cut off at the end is dropped.
 * ERR_TOO_LARGE where they exceed the 4 GB that a WAV can hold.
 */
must_check struct err *wav_wrap(struct audio_bytes *bytes, const struct wav_format *f);

/* Gives a WAV a clean header and drops all but its samples, in place. Fails as wav_parse does. */
must_check struct err *wav_repair(struct audio_bytes *bytes);
