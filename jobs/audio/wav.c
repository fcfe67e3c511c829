#include "jobs/audio/wav.h"

#include "jobs/base/mem.h"

#include <string.h>

enum {
	RIFF_HEADER = 12,
	CHUNK_HEADER = 8,
	FMT_PLAIN = 16,
	FMT_EXTENSIBLE = 40,
	EXTENSIBLE = 0xfffe,
	MAX_CHANNELS = 32,
	MAX_RATE = 768000,
};

/*
 * Data sizes from here on are placeholders of writers that could not seek back: 0x7ffff000 rounded
 * down to whole samples (sox), 0x7fffffff (ElevenLabs), 0xffffffff (ffmpeg, OpenAI).
 */
static const uint32_t PLACEHOLDER = 0x7fff0000;

static const struct {
	enum wav_encoding encoding;
	uint16_t bits;
} supported[] = {
	{ WAV_PCM, 8 },    { WAV_PCM, 16 },   { WAV_PCM, 24 }, { WAV_PCM, 32 },
	{ WAV_FLOAT, 32 }, { WAV_FLOAT, 64 }, { WAV_ALAW, 8 }, { WAV_MULAW, 8 },
};

uint32_t wav_align(const struct wav_format *f)
{
	return (uint32_t)f->channels * f->bits / 8;
}

static bool is_supported(uint16_t encoding, uint16_t bits)
{
	for (size_t i = 0; i < sizeof(supported) / sizeof(*supported); i++)
		if (encoding == (uint16_t)supported[i].encoding && bits == supported[i].bits)
			return true;
	return false;
}

/* A fmt chunk has 16 bytes, 18 with an empty extension, or 40 with a sub-format at 24. */
static struct err *read_format(struct audio_source *s, uint64_t offset, uint32_t size,
			       struct wav_format *ret)
{
	const uint8_t *p = source_at(s, offset, size < FMT_EXTENSIBLE ? FMT_PLAIN : FMT_EXTENSIBLE);
	if (!p || size < FMT_PLAIN)
		return err_new(ERR_INVALID, "The WAV file's format chunk is cut off.");
	uint16_t encoding = le16(p), bits = le16(p + 14);
	if (encoding == EXTENSIBLE && size >= FMT_EXTENSIBLE)
		encoding = le16(p + 24);
	if (!is_supported(encoding, bits))
		return err_new(ERR_INVALID,
			       "The WAV file is encoded in a way that cannot be read "
			       "(format 0x%04x, %u bits); save it as 16-bit PCM.",
			       encoding, bits);
	struct wav_format f = {
		.encoding = encoding,
		.channels = le16(p + 2),
		.bits = bits,
		.rate = le32(p + 4),
	};
	if (f.channels < 1 || f.channels > MAX_CHANNELS || f.rate < 1 || f.rate > MAX_RATE)
		return err_new(ERR_INVALID,
			       "The WAV file's header is damaged: %u channels at %u Hz.",
			       f.channels, f.rate);
	*ret = f;
	return NULL;
}

/* The samples at `offset`, of which their chunk declares a length. */
static struct err *read_data(struct audio_source *s, uint64_t offset, uint32_t declared,
			     const struct wav_format *f, struct wav *ret)
{
	if (f->rate == 0)
		return err_new(ERR_INVALID, "The WAV file has no format chunk before its samples.");
	uint64_t present = s->length - offset;
	bool streamed = declared == 0 || declared >= PLACEHOLDER;
	bool truncated = !streamed && declared > present;
	uint64_t length = streamed || truncated ? present : declared;
	*ret = (struct wav){
		.format = *f,
		.data_offset = offset,
		.data_length = length - length % wav_align(f),
		.truncated = truncated,
	};
	return NULL;
}

struct err *wav_parse(struct audio_source *s, struct wav *ret_wav)
{
	const uint8_t *p = source_at(s, 0, RIFF_HEADER);
	if (!p || memcmp(p, "RIFF", 4) != 0 || memcmp(p + 8, "WAVE", 4) != 0)
		return err_new(ERR_INVALID, "This is not a WAV file.");

	struct wav_format format = { 0 };
	uint64_t at = RIFF_HEADER;
	while ((p = source_at(s, at, CHUNK_HEADER))) {
		uint32_t size = le32(p + 4);
		at += CHUNK_HEADER;
		if (memcmp(p, "data", 4) == 0)
			return read_data(s, at, size, &format, ret_wav);
		if (memcmp(p, "fmt ", 4) == 0)
			TRY(read_format(s, at, size, &format));
		at += (uint64_t)size + (size & 1); /* chunks begin at even offsets */
	}
	return err_new(ERR_INVALID, "The WAV file has no samples.");
}

struct err *wav_measure(struct audio_source *s, struct audio_info *ret_info)
{
	struct wav w = { 0 };
	TRY(wav_parse(s, &w));
	uint32_t align = wav_align(&w.format);
	uint64_t samples = w.data_length / align;
	*ret_info = (struct audio_info){
		.format = AUDIO_WAV,
		.rate = w.format.rate,
		.channels = w.format.channels,
		.bits = w.format.bits,
		.bitrate = w.format.rate * align * 8,
		.frames = samples,
		.samples = samples,
		.duration_sec = (double)samples / w.format.rate,
		.data_offset = w.data_offset,
		.data_length = w.data_length,
		.truncated = w.truncated,
	};
	return NULL;
}

void wav_header(uint8_t out[static WAV_HEADER], const struct wav_format *f, uint32_t data_len)
{
	static const uint8_t blank[WAV_HEADER] = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0" /* 16 bytes */
						 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0data";
	uint32_t align = wav_align(f);
	memcpy(out, blank, sizeof(blank));
	put_le32(out + 4, WAV_HEADER - CHUNK_HEADER + data_len + (data_len & 1));
	put_le16(out + 20, (uint16_t)f->encoding);
	put_le16(out + 22, f->channels);
	put_le32(out + 24, f->rate);
	put_le32(out + 28, f->rate * align);
	put_le16(out + 32, (uint16_t)align);
	put_le16(out + 34, f->bits);
	put_le32(out + 40, data_len);
}

/* Makes `b` a header and its `len` bytes at `offset`, and a pad byte where `len` is odd. */
static struct err *rewrite(struct audio_bytes *b, const struct wav_format *f, size_t offset,
			   size_t len)
{
	if (len > UINT32_MAX - WAV_HEADER)
		return err_new(ERR_TOO_LARGE, "The audio is too long for a WAV file (4 GB).");
	size_t total = WAV_HEADER + len + (len & 1);
	if (total > b->len)
		b->data = mem_resize(b->data, total, 1);
	memmove(b->data + WAV_HEADER, b->data + offset, len);
	if (len & 1)
		b->data[total - 1] = 0;
	wav_header(b->data, f, (uint32_t)len);
	b->len = total;
	return NULL;
}

struct err *wav_wrap(struct audio_bytes *bytes, const struct wav_format *f)
{
	return rewrite(bytes, f, 0, bytes->len - bytes->len % wav_align(f));
}

struct err *wav_repair(struct audio_bytes *bytes)
{
	struct audio_source s = source_memory(bytes->data, bytes->len);
	struct wav w = { 0 };
	TRY(wav_parse(&s, &w));
	return rewrite(bytes, &w.format, (size_t)w.data_offset, (size_t)w.data_length);
}
