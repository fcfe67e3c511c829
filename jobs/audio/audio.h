/*
 * Audio as the application sees it: what a file is, how long it plays, and how a provider's answer
 * becomes a file fit to be stored. Bytes decide; names and declared types are not asked.
 */
#pragma once
#include "jobs/audio/bytes.h"
#include "jobs/audio/source.h"
#include "jobs/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* MP3 and WAV can be measured; the others are recognised so that an error can name them. */
enum audio_format {
	AUDIO_UNKNOWN,
	AUDIO_MP3,
	AUDIO_WAV,
	AUDIO_OGG,
	AUDIO_FLAC,
	AUDIO_MP4,
	AUDIO_AAC,
	AUDIO_WEBM,
	AUDIO_JSON,
	AUDIO_HTML,
	AUDIO_TEXT,
};
enum { AUDIO_FORMATS = AUDIO_TEXT + 1 };

struct audio_info {
	enum audio_format format;
	uint32_t rate; /* Hz */
	uint16_t channels;
	uint16_t bits;    /* a sample, in WAV; 0 in MP3 */
	uint32_t bitrate; /* bit/s, averaged over the frames */
	uint64_t frames;  /* MPEG frames; in WAV, samples of all channels */
	uint64_t samples; /* a channel, as played */
	double duration_sec;
	uint64_t data_offset, data_length; /* bytes from the first frame to the end of the last */
	bool truncated; /* the end is missing: a cut frame (left out), or less data than declared */
};

/* What `s` holds, by its bytes. An MP3 is two frame headers in a row, after tags and some junk. */
enum audio_format audio_sniff(struct audio_source *s);

/* "MP3"; its MIME type, "audio/mpeg"; its file extension without a dot, "mp3". All are static. */
const char *audio_format_name(enum audio_format format);
const char *audio_content_type(enum audio_format format);
const char *audio_extension(enum audio_format format);

/*
 * Measures an MP3 or WAV by walking it; nothing is decoded, and headers that state a length are
 * not believed. Fails with ERR_INVALID and a sentence for the user where it is something else,
 * damaged, empty, or a day long; with ERR_UNAVAILABLE where the source could not be read.
 */
must_check struct err *audio_measure(struct audio_source *s, struct audio_info *ret_info);

/*
 * Makes a provider's answer a file fit to be stored, in place: `bytes` stays the caller's, also on
 * failure, when its content is of no more use. `wanted` is AUDIO_MP3 or AUDIO_WAV. `pcm_rate` is
 * the rate in Hz where 16-bit mono PCM without a header was asked for, else 0.
 *
 * A WAV gets a clean header; an MP3 loses a cut last frame. Where ret_info->truncated is set, what
 * is left is sound but its end is missing: where the body was cut too, the call is worth repeating.
 *
 * ERR_UPSTREAM where it is not the wanted audio (an error page, another format, damage), with up
 * to 200 characters of it where it is text; ERR_REFUSED where the answer is right but silent:
 * no frames or less than 50 ms of them, which is how text without a speakable letter comes back.
 */
must_check struct err *audio_normalize(struct audio_bytes *bytes, enum audio_format wanted,
				       uint32_t pcm_rate, struct audio_info *ret_info);
