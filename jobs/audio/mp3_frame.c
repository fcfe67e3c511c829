#include "jobs/audio/mp3_frame.h"

#include <string.h>

enum {
	CRC = 2,
	TOC = 100,
	HAS_FRAMES = 1,
	HAS_BYTES = 2,
	HAS_TOC = 4,
	INFO_LENGTH = 16 + TOC, /* the mark, the flags, two numbers, the seek table */
	BITRATES = 15,
};
static const uint32_t INFO = 0x496e666f, XING = 0x58696e67; /* "Info" and "Xing" */
static const uint32_t NO_CRC_BIT = 1 << 16, PADDING_BIT = 1 << 9, BITRATE_BITS = 15 << 12;

static bool is_version_1(const struct mp3_frame *frame)
{
	return (frame->header >> 19 & 3) == 3;
}

static size_t side_info_length(const struct mp3_frame *frame)
{
	if (is_version_1(frame))
		return frame->channels == 1 ? 17 : 32;
	return frame->channels == 1 ? 9 : 17;
}

struct mp3_side_info mp3_side_info_of(const struct mp3_frame *frame, const uint8_t *bytes)
{
	struct mp3_side_info side = {
		.offset = frame->header & NO_CRC_BIT ? MP3_HEADER : MP3_HEADER + CRC,
		.length = side_info_length(frame),
	};
	if (side.offset + side.length > frame->length) /* damage; there is no such bitrate */
		side.length = frame->length - side.offset;
	const uint8_t *p = bytes + side.offset;
	if (side.length >= 2)
		side.main_data_begin = is_version_1(frame) ? (size_t)(p[0] << 1 | p[1] >> 7) : p[0];
	return side;
}

size_t mp3_main_data_length(const struct mp3_frame *frame, const struct mp3_side_info *side)
{
	return frame->length - side->offset - side->length;
}

static void put_be32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

/* Writes the header and zeros: side info of zeros means that there is no sound. */
static size_t blank(uint32_t header, uint8_t *out)
{
	struct mp3_frame frame = { 0 };
	memset(out, 0, MP3_MAX_FRAME);
	put_be32(out, header);
	return mp3_parse_header(out, &frame) ? frame.length : 0;
}

size_t mp3_silent_frame(const struct mp3_frame *like, uint8_t out[static MP3_MAX_FRAME])
{
	return blank((like->header | NO_CRC_BIT) & ~PADDING_BIT, out);
}

/* A silent frame of the same bitrate, or of the next one in which `room` bytes fit. */
static size_t blank_with_room(const struct mp3_frame *like, size_t room, uint8_t *out)
{
	uint32_t header = (like->header | NO_CRC_BIT) & ~PADDING_BIT;
	size_t length = blank(header, out);
	while (length < room && (header >> 12 & 15) < BITRATES - 1) {
		header = (header & ~BITRATE_BITS) | ((header >> 12 & 15) + 1) << 12;
		length = blank(header, out);
	}
	return length;
}

/*
 * The Xing header's fields: which of them there are, the number of frames, of bytes, and where each
 * percent of the time begins in 256ths of the bytes; at a constant bitrate, the same share.
 */
size_t mp3_info_frame(const struct mp3_frame *like, const struct mp3_totals *totals,
		      uint8_t out[static MP3_MAX_FRAME])
{
	size_t at = MP3_HEADER + side_info_length(like);
	size_t length = blank_with_room(like, at + INFO_LENGTH, out);
	put_be32(out + at, totals->constant ? INFO : XING);
	put_be32(out + at + 4, HAS_FRAMES | HAS_BYTES | (totals->constant ? HAS_TOC : 0));
	put_be32(out + at + 8, totals->frames);
	put_be32(out + at + 12, totals->bytes < UINT32_MAX ? (uint32_t)totals->bytes : UINT32_MAX);
	for (uint64_t i = 0; totals->constant && totals->bytes > length && i < TOC; i++)
		out[at + 16 + i] = (uint8_t)((length + (totals->bytes - length) * i / TOC) * 256 /
					     totals->bytes);
	return length;
}
