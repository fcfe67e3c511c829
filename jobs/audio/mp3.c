#include "jobs/audio/mp3.h"

#include <string.h>

enum {
	NO_CRC_BIT = 1 << 16,
	ID3V1 = 128,
	APE_HEADER = 32,
	XING_LENGTH = 120, /* with all four fields; the encoder's own block follows */
	LAME_DELAY = XING_LENGTH + 21,
	VBRI_OFFSET = 36, /* from the start of the frame */
	VBRI_FRAMES = 14, /* from the start of the tag */
	TICKS = 14112000, /* a second: a multiple of every rate of MPEG audio */
};
/* Sync, version, layer and rate: what the headers of one stream have in common. */
static const uint32_t STREAM_BITS = 0x7ffu << 21 | 3 << 19 | 3 << 17 | 3 << 10;
static const uint32_t APE_HAS_HEADER = 1u << 31, APE_IS_HEADER = 1u << 29;

static const uint16_t kbps_1[16] = { 0,   32,  40,  48,  56,  64,  80,  96,
				     112, 128, 160, 192, 224, 256, 320, 0 };
static const uint16_t kbps_2[16] = {
	0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0
};
static const uint16_t rates[4] = { 44100, 48000, 32000, 0 };

/* By the version field: 2.5, reserved, 2, 1. */
static const struct version {
	const uint16_t *kbps;
	uint16_t samples;
	uint8_t rate_shift;
	uint8_t side_info_mono, side_info_stereo; /* bytes */
} versions[4] = {
	{ kbps_2, 576, 2, 9, 17 },
	{ 0 },
	{ kbps_2, 576, 1, 9, 17 },
	{ kbps_1, 1152, 0, 17, 32 },
};

static const struct version *version_of(uint32_t header)
{
	return &versions[header >> 19 & 3];
}

bool mp3_parse_header(const uint8_t bytes[static MP3_HEADER], struct mp3_frame *ret_frame)
{
	uint32_t h = be32(bytes);
	const struct version *v = version_of(h);
	bool layer_3 = (h >> 17 & 3) == 1;
	if (h >> 21 != 0x7ff || !v->kbps || !layer_3)
		return false;

	uint32_t bitrate = v->kbps[h >> 12 & 15] * 1000u;
	uint32_t rate = (uint32_t)rates[h >> 10 & 3] >> v->rate_shift;
	if (!bitrate || !rate)
		return false;
	*ret_frame = (struct mp3_frame){
		.header = h,
		.length = v->samples / 8u * bitrate / rate + (h >> 9 & 1),
		.rate = rate,
		.bitrate = bitrate,
		.samples = v->samples,
		.channels = (h >> 6 & 3) == 3 ? 1 : 2,
	};
	return true;
}

bool mp3_same_stream(uint32_t header, uint32_t other)
{
	return ((header ^ other) & STREAM_BITS) == 0;
}

/* Parses the header at `offset` and insists on a second one of the same stream behind the frame. */
static bool confirmed_at(struct audio_source *s, uint64_t offset, struct mp3_frame *ret)
{
	const uint8_t *p = source_at(s, offset, MP3_HEADER);
	if (!p || !mp3_parse_header(p, ret))
		return false;
	struct mp3_frame next;
	p = source_at(s, offset, ret->length + MP3_HEADER);
	return p && mp3_parse_header(p + ret->length, &next) &&
	       mp3_same_stream(next.header, ret->header);
}

bool mp3_frame_at(struct audio_source *s, uint64_t offset)
{
	struct mp3_frame frame;
	return confirmed_at(s, offset, &frame);
}

/* ID3v2: "ID3", version, revision, flags, then the size as four bytes of seven bits (id3.org). */
static uint64_t id3v2_length(const uint8_t *p)
{
	if (memcmp(p, "ID3", 3) != 0 || ((p[6] | p[7] | p[8] | p[9]) & 0x80))
		return 0;
	uint64_t body = (uint64_t)p[6] << 21 | (uint64_t)p[7] << 14 | (uint64_t)p[8] << 7 | p[9];
	bool footer = p[5] & 0x10;
	return 10 + body + (footer ? 10 : 0);
}

/* APEv2: "APETAGEX", version, size (items and footer), item count, flags, 8 zero bytes. */
static uint64_t ape_length(const uint8_t *p)
{
	if (memcmp(p, "APETAGEX", 8) != 0 || !(le32(p + 20) & APE_IS_HEADER))
		return 0;
	return APE_HEADER + (uint64_t)le32(p + 12);
}

/* Bytes of the tag that begins at `offset`; 0 where there is none, or it would not fit. */
static uint64_t tag_length(struct audio_source *s, uint64_t offset)
{
	const uint8_t *p = source_at(s, offset, 10);
	uint64_t length = p ? id3v2_length(p) : 0;
	if (length == 0 && (p = source_at(s, offset, APE_HEADER)))
		length = ape_length(p);
	return length <= s->length - offset ? length : 0;
}

uint64_t mp3_skip_tags(struct audio_source *s, uint64_t offset)
{
	uint64_t length;
	while ((length = tag_length(s, offset)) > 0)
		offset += length;
	return offset;
}

/* Where the tags at the end begin: an ID3v1 of 128 bytes, an APE tag before it. */
static uint64_t end_of_audio(struct audio_source *s)
{
	uint64_t end = s->length;
	const uint8_t *p = end >= ID3V1 ? source_at(s, end - ID3V1, 3) : NULL;
	if (p && memcmp(p, "TAG", 3) == 0)
		end -= ID3V1;

	p = end >= APE_HEADER ? source_at(s, end - APE_HEADER, APE_HEADER) : NULL;
	if (p && memcmp(p, "APETAGEX", 8) == 0) {
		bool has_header = le32(p + 20) & APE_HAS_HEADER;
		uint64_t length = (uint64_t)le32(p + 12) + (has_header ? APE_HEADER : 0);
		end -= length <= end ? length : 0;
	}
	return end;
}

/* Xing's fields are optional and in this order: frames, bytes, 100 bytes of seek table, quality. */
static void read_xing(const uint8_t *tag, size_t len, struct mp3_info *ret)
{
	static const char *const encoders[] = { "LAME", "Lavf", "Lavc" };
	uint32_t fields = be32(tag + 4) & 15;
	if ((fields & 1) && len >= 12)
		ret->frames = be32(tag + 8);
	if (fields != 15 || len < LAME_DELAY + 3)
		return;
	for (size_t i = 0; i < sizeof(encoders) / sizeof(*encoders); i++) {
		if (memcmp(tag + XING_LENGTH, encoders[i], 4) != 0)
			continue;
		const uint8_t *p = tag + LAME_DELAY; /* twice 12 bits */
		ret->delay = (uint16_t)(p[0] << 4 | p[1] >> 4);
		ret->padding = (uint16_t)((p[1] & 15) << 8 | p[2]);
	}
}

/*
 * The Xing tag ("Info" at a constant bitrate) behind the side info, with its length; NULL where
 * there is none. In frames with a checksum of 2 bytes LAME puts it where it would be without.
 */
static const uint8_t *find_xing(const uint8_t *frame, const struct mp3_frame *f, size_t *ret_len)
{
	const struct version *v = version_of(f->header);
	size_t at = MP3_HEADER + (f->channels == 1 ? v->side_info_mono : v->side_info_stereo);
	size_t last = f->header & NO_CRC_BIT ? at : at + 2;
	for (; at <= last && at + 8 <= f->length; at += 2) {
		const uint8_t *tag = frame + at;
		*ret_len = f->length - at;
		if (memcmp(tag, "Xing", 4) == 0 || memcmp(tag, "Info", 4) == 0)
			return tag;
	}
	return NULL;
}

/* True where the frame holds no sound but a Xing or VBRI tag, which is read. */
static bool read_info(struct audio_source *s, const struct mp3_frame *f, struct mp3_info *ret)
{
	const uint8_t *p = source_at(s, f->offset, f->length);
	if (!p)
		return false;
	size_t len;
	const uint8_t *xing = find_xing(p, f, &len);
	if (xing) {
		read_xing(xing, len, ret);
		return true;
	}
	if (f->length < VBRI_OFFSET + VBRI_FRAMES + 4 || memcmp(p + VBRI_OFFSET, "VBRI", 4) != 0)
		return false;
	ret->frames = be32(p + VBRI_OFFSET + VBRI_FRAMES);
	return true;
}

struct mp3_walk mp3_start(struct audio_source *s)
{
	struct mp3_walk walk = { .source = s, .end = end_of_audio(s) };
	struct mp3_frame first;
	if (mp3_next(&walk, &first) && !read_info(s, &first, &walk.info))
		walk.at = first.offset;
	return walk;
}

/* In step a header like the last one will do; out of step it takes two. */
static bool frame_begins(struct mp3_walk *w, struct mp3_frame *ret)
{
	const uint8_t *p = w->last ? source_at(w->source, w->at, MP3_HEADER) : NULL;
	if (p && mp3_parse_header(p, ret) && mp3_same_stream(ret->header, w->last))
		return true;
	return confirmed_at(w->source, w->at, ret);
}

/* True where the one to three bytes left begin a header like the last one. */
static bool header_is_cut(struct mp3_walk *w)
{
	uint64_t left = w->end > w->at ? w->end - w->at : 0;
	if (!w->last || left == 0 || left >= MP3_HEADER)
		return false;
	const uint8_t *p = source_at(w->source, w->at, (size_t)left);
	return p && p[0] == 0xff && (left == 1 || ((p[1] ^ w->last >> 16) & 0xfe) == 0);
}

bool mp3_next(struct mp3_walk *w, struct mp3_frame *ret_frame)
{
	w->at = mp3_skip_tags(w->source, w->at);
	while (w->at + MP3_HEADER <= w->end) {
		if (!frame_begins(w, ret_frame)) {
			w->last = 0;
			w->at++;
			continue;
		}
		if (ret_frame->length > w->end - w->at) {
			w->truncated = true;
			w->at = w->end;
			return false;
		}
		ret_frame->offset = w->at;
		w->at += ret_frame->length;
		w->last = ret_frame->header;
		return true;
	}
	w->truncated |= header_is_cut(w);
	return false;
}

struct err *mp3_measure(struct audio_source *s, struct audio_info *ret_info)
{
	struct audio_info info = { .format = AUDIO_MP3 };
	struct mp3_walk walk = mp3_start(s);
	struct mp3_frame frame;
	uint64_t ticks = 0, bits_per_sec = 0;
	while (mp3_next(&walk, &frame)) {
		if (info.frames++ == 0) {
			info.rate = frame.rate;
			info.channels = frame.channels;
			info.data_offset = frame.offset;
		}
		ticks += (uint64_t)frame.samples * (TICKS / frame.rate);
		bits_per_sec += frame.bitrate;
		info.data_length = frame.offset + frame.length - info.data_offset;
	}
	if (info.frames == 0)
		return err_new(ERR_INVALID, "The MP3 file holds no audio frame.");

	uint64_t tick = TICKS / info.rate;
	uint64_t silence = (walk.info.delay + walk.info.padding) * tick;
	if (walk.info.frames == info.frames && silence < ticks)
		ticks -= silence;
	info.samples = ticks / tick;
	info.duration_sec = (double)ticks / TICKS;
	info.bitrate = (uint32_t)(bits_per_sec / info.frames);
	info.truncated = walk.truncated;
	*ret_info = info;
	return NULL;
}
