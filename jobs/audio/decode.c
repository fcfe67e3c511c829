#include "jobs/audio/decode.h"

#include "jobs/audio/mp3.h"
#include "jobs/audio/wav.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <math.h>
#include <mpg123.h>
#include <string.h>

enum {
	BLOCK = 8192,       /* floats of one block */
	READS_A_FRAME = 16, /* a frame gives one block; more is a decoder that does not get on */
};

typedef float read_sample(const uint8_t *p);

struct decoder {
	struct audio_source *source;
	enum audio_format format;
	float samples[BLOCK];

	struct wav wav;
	read_sample *read;
	uint64_t at; /* bytes of the WAV's samples that have been given out */

	struct mp3_walk walk;
	mpg123_handle *mpeg;
	int reads; /* since the last frame went in */
};

static float read_u8(const uint8_t *p)
{
	return (float)(p[0] - 128) / 128.0F;
}

static float read_s16(const uint8_t *p)
{
	return (float)(int16_t)le16(p) / 32768.0F;
}

static float read_s24(const uint8_t *p)
{
	int32_t value = (int32_t)((uint32_t)p[0] << 8 | (uint32_t)le16(p + 1) << 16);
	return (float)value / 2147483648.0F;
}

static float read_s32(const uint8_t *p)
{
	return (float)(int32_t)le32(p) / 2147483648.0F;
}

static float finite_or_zero(double value)
{
	return isfinite(value) ? (float)fmin(fmax(value, -8), 8) : 0;
}

static float read_f32(const uint8_t *p)
{
	uint32_t bits = le32(p);
	float value;
	memcpy(&value, &bits, sizeof(value));
	return finite_or_zero(value);
}

static float read_f64(const uint8_t *p)
{
	uint64_t bits = le32(p) | (uint64_t)le32(p + 4) << 32;
	double value;
	memcpy(&value, &bits, sizeof(value));
	return finite_or_zero(value);
}

/* ITU-T G.711: sign, three bits of exponent, four of mantissa; A-law has every other bit turned. */
static float read_alaw(const uint8_t *p)
{
	int code = *p ^ 0x55, exponent = code >> 4 & 7, mantissa = code & 15;
	int magnitude =
		exponent ? ((mantissa << 4) + 0x108) << (exponent - 1) : (mantissa << 4) + 8;
	return (float)(code & 0x80 ? magnitude : -magnitude) / 32768.0F;
}

static float read_mulaw(const uint8_t *p)
{
	int code = ~*p & 0xff, exponent = code >> 4 & 7, mantissa = code & 15;
	int magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
	return (float)(code & 0x80 ? -magnitude : magnitude) / 32768.0F;
}

static const struct {
	enum wav_encoding encoding;
	uint16_t bits;
	read_sample *read;
} readers[] = {
	{ WAV_PCM, 8, read_u8 },    { WAV_PCM, 16, read_s16 },    { WAV_PCM, 24, read_s24 },
	{ WAV_PCM, 32, read_s32 },  { WAV_FLOAT, 32, read_f32 },  { WAV_FLOAT, 64, read_f64 },
	{ WAV_ALAW, 8, read_alaw }, { WAV_MULAW, 8, read_mulaw },
};

static struct err *open_wav(struct decoder *d)
{
	TRY(wav_parse(d->source, &d->wav));
	const struct wav_format *f = &d->wav.format;
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		if (readers[i].encoding == f->encoding && readers[i].bits == f->bits)
			d->read = readers[i].read;
	return d->read ? NULL : err_new(ERR_INTERNAL, "a WAV encoding has no reader");
}

/* Bare frames and nothing else go in, so what looks for tags and lengths is switched off. */
static void open_mp3(struct decoder *d)
{
	long flags = MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_SKIP_ID3V2 |
		     MPG123_IGNORE_INFOFRAME | MPG123_IGNORE_STREAMLENGTH;
	d->walk = mp3_start(d->source);
	d->mpeg = mpg123_new(NULL, NULL);
	if (!d->mpeg || mpg123_param(d->mpeg, MPG123_ADD_FLAGS, flags, 0) != MPG123_OK ||
	    mpg123_param(d->mpeg, MPG123_REMOVE_FLAGS, MPG123_GAPLESS, 0) != MPG123_OK ||
	    mpg123_open_feed(d->mpeg) != MPG123_OK)
		abort(); /* it fails here for want of memory only */
	d->reads = READS_A_FRAME;
}

struct err *decoder_new(struct audio_source *s, enum audio_format format, struct decoder **ret)
{
	cleanup(cleanup_decoder) struct decoder *d = mem_alloc(sizeof(*d));
	d->source = s;
	d->format = format;
	if (format == AUDIO_WAV)
		TRY(open_wav(d));
	else
		open_mp3(d);
	*ret = take(d);
	return NULL;
}

void decoder_free(struct decoder *d)
{
	if (d && d->mpeg)
		mpg123_delete(d->mpeg);
	free(d);
}

static bool next_of_wav(struct decoder *d, struct audio_block *ret)
{
	const struct wav_format *f = &d->wav.format;
	uint32_t align = wav_align(f), width = f->bits / 8;
	uint64_t left = (d->wav.data_length - d->at) / align;
	uint64_t most = BLOCK / f->channels, window = SOURCE_WINDOW / align;
	uint64_t frames = left < most ? left : most;
	frames = frames < window ? frames : window;
	const uint8_t *p = frames > 0 ? source_at(d->source, d->wav.data_offset + d->at,
						  (size_t)frames * align)
				      : NULL;
	if (!p)
		return false;
	size_t count = (size_t)frames * f->channels;
	for (size_t i = 0; i < count; i++)
		d->samples[i] = d->read(p + i * width);
	d->at += frames * align;
	*ret = (struct audio_block){ d->samples, (size_t)frames, f->channels, f->rate };
	return true;
}

/* Puts the next frame in; false where there is none. */
static bool feed(struct decoder *d)
{
	struct mp3_frame frame;
	if (!mp3_next(&d->walk, &frame))
		return false;
	const uint8_t *p = source_at(d->source, frame.offset, frame.length);
	if (!p || mpg123_feed(d->mpeg, p, frame.length) != MPG123_OK)
		return false;
	d->reads = 0;
	return true;
}

/* What the decoder has of the frames so far; false where it wants another one. */
static bool decode(struct decoder *d, struct audio_block *ret)
{
	while (d->reads++ < READS_A_FRAME) {
		size_t bytes = 0;
		int rc = mpg123_read(d->mpeg, (unsigned char *)d->samples, sizeof(d->samples),
				     &bytes);
		long rate = 0;
		int channels = 0, encoding = 0;
		if (bytes > 0 &&
		    mpg123_getformat(d->mpeg, &rate, &channels, &encoding) == MPG123_OK &&
		    channels > 0 && encoding == MPG123_ENC_FLOAT_32) {
			*ret = (struct audio_block){ d->samples,
						     bytes / sizeof(float) / (size_t)channels,
						     (uint16_t)channels, (uint32_t)rate };
			return true;
		}
		if (rc == MPG123_NEED_MORE)
			return false;
	}
	return false;
}

static bool next_of_mp3(struct decoder *d, struct audio_block *ret)
{
	do
		if (decode(d, ret))
			return true;
	while (feed(d));
	return false;
}

bool decoder_next(struct decoder *d, struct audio_block *ret)
{
	return d->format == AUDIO_WAV ? next_of_wav(d, ret) : next_of_mp3(d, ret);
}
