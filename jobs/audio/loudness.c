#include "jobs/audio/loudness.h"

#include "jobs/audio/decode.h"
#include "jobs/audio/sink.h"
#include "jobs/audio/wav.h"
#include "jobs/base/cleanup.h"

#include <ebur128.h>
#include <math.h>
#include <string.h>

static const double MAX_PEAK_DB = -1;
/* Less cannot be heard, and is finer than the measurement. */
static const double LEAST_GAIN_DB = 0.05;

enum {
	MAX_WIDTH = 4, /* bytes a sample */
	/* The histogram keeps the memory bounded; it is exact to a tenth of a LU. */
	MODE = EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK | EBUR128_MODE_HISTOGRAM,
};

typedef void write_sample(uint8_t *p, double value);

/* To the nearest of 2^bits steps; the peaks were looked at, so that this cuts off next to nothing.
 */
static uint32_t to_integer(double value, int bits)
{
	double full = ldexp(1, bits - 1);
	return (uint32_t)(int32_t)fmin(fmax(rint(value * full), -full), full - 1);
}

static void write_s16(uint8_t *p, double value)
{
	put_le16(p, (uint16_t)to_integer(value, 16));
}

static void write_s24(uint8_t *p, double value)
{
	uint32_t integer = to_integer(value, 24);
	put_le16(p, (uint16_t)integer);
	p[2] = (uint8_t)(integer >> 16);
}

static void write_s32(uint8_t *p, double value)
{
	put_le32(p, to_integer(value, 32));
}

static void write_f32(uint8_t *p, double value)
{
	float f = (float)value;
	uint32_t bits;
	memcpy(&bits, &f, sizeof(bits));
	put_le32(p, bits);
}

static const struct writer {
	enum wav_encoding encoding;
	uint16_t bits;
	write_sample *write;
} writers[] = {
	{ WAV_PCM, 16, write_s16 },
	{ WAV_PCM, 24, write_s24 },
	{ WAV_PCM, 32, write_s32 },
	{ WAV_FLOAT, 32, write_f32 },
};

static const struct writer *find_writer(const struct wav_format *f)
{
	for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++)
		if (writers[i].encoding == f->encoding && writers[i].bits == f->bits)
			return &writers[i];
	return NULL;
}

/* The gain that a recording needs, and may have. */
static void find_gain(ebur128_state *state, double target, struct loudness *ret)
{
	double peak = 0;
	for (unsigned c = 0; c < state->channels; c++) {
		double of_channel = 0;
		if (ebur128_true_peak(state, c, &of_channel) == EBUR128_SUCCESS)
			peak = fmax(peak, of_channel);
	}
	*ret = (struct loudness){ .before_lufs = -INFINITY };
	if (ebur128_loudness_global(state, &ret->before_lufs) != EBUR128_SUCCESS ||
	    !isfinite(ret->before_lufs))
		return;
	double wanted = target - ret->before_lufs, most = MAX_PEAK_DB - 20 * log10(peak);
	ret->limited = wanted > 0 && wanted > most;
	ret->gain_db = ret->limited ? fmax(most, 0) : wanted;
}

static struct err *measure(struct audio_source *s, const struct audio_info *info, double target,
			   struct loudness *ret)
{
	cleanup(cleanup_decoder) struct decoder *d = NULL;
	TRY(decoder_new(s, AUDIO_WAV, &d));
	ebur128_state *state = ebur128_init(info->channels, info->rate, MODE);
	if (!state)
		return err_new(ERR_REFUSED,
			       "The loudness of %u channels at %u Hz cannot be measured",
			       info->channels, info->rate);
	struct audio_block block;
	while (decoder_next(d, &block))
		if (ebur128_add_frames_float(state, block.samples, block.frames) != EBUR128_SUCCESS)
			abort(); /* it fails for want of memory only */
	find_gain(state, target, ret);
	ebur128_destroy(&state);
	return source_check(s);
}

/* What the decoder reads ahead lies behind what is written. */
static struct err *amplify(struct audio_source *s, struct audio_sink *out,
			   const struct writer *writer, double factor)
{
	cleanup(cleanup_decoder) struct decoder *d = NULL;
	TRY(decoder_new(s, AUDIO_WAV, &d));
	struct audio_block block;
	while (decoder_next(d, &block)) {
		size_t count = block.frames * block.channels;
		for (size_t i = 0; i < count; i++) {
			uint8_t sample[MAX_WIDTH];
			writer->write(sample, factor * (double)block.samples[i]);
			sink_add(out, sample, writer->bits / 8U);
		}
	}
	TRY(source_check(s));
	return sink_flush(out);
}

static struct err *normalize(int fd, struct audio_source *s, const struct audio_info *info,
			     double target, struct loudness *ret)
{
	struct wav wav;
	TRY(wav_parse(s, &wav));
	const struct writer *writer = find_writer(&wav.format);
	if (!writer)
		return err_new(ERR_REFUSED, "The loudness of a WAV of this kind cannot be changed");
	TRY(measure(s, info, target, ret));
	if (fabs(ret->gain_db) < LEAST_GAIN_DB)
		return NULL;
	struct audio_sink out = sink_file(fd);
	out.length = info->data_offset; /* what is before it stays */
	struct err *e = amplify(s, &out, writer, pow(10, ret->gain_db / 20));
	sink_clear(&out);
	return e;
}

struct err *loudness_normalize(int fd, const struct audio_info *info, double target_lufs,
			       struct loudness *ret)
{
	struct audio_source s = source_file(fd, 0, info->data_offset + info->data_length);
	struct err *e = normalize(fd, &s, info, target_lufs, ret);
	source_clear(&s);
	return e;
}
