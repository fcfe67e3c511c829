/*
 * MPEG audio layer III: frame headers (ISO/IEC 11172-3 and 13818-3, and the unofficial MPEG 2.5),
 * the walk over the frames of a file, and the tags around them.
 *
 *	struct mp3_walk walk = mp3_start(source);
 *	struct mp3_frame frame;
 *	while (mp3_next(&walk, &frame))
 *		...
 *
 * The walk yields whole audio frames only. It passes over ID3v2 and APE tags wherever a frame could
 * begin, leaves out ID3v1 and APE tags at the end and the Xing, Info or VBRI frame at the start,
 * and finds back into step after damage. Its time is linear in the length, whatever the bytes are.
 */
#pragma once
#include "jobs/audio/audio.h"

enum { MP3_HEADER = 4, MP3_MAX_FRAME = 1441 }; /* bytes */

struct mp3_frame {
	uint64_t offset;        /* of the header, in the source */
	uint32_t header;        /* the header's four bytes, the first one on top */
	uint32_t length;        /* bytes, header included */
	uint32_t rate, bitrate; /* Hz; bit/s */
	uint16_t samples;       /* a channel */
	uint8_t channels;
};

/* What the Xing, Info or VBRI frame says; zero where it is missing or says nothing. */
struct mp3_info {
	uint32_t frames;         /* audio frames in the file, this one not counted */
	uint16_t delay, padding; /* samples the encoder put before and after the sound */
};

struct mp3_walk {
	struct audio_source *source;
	uint64_t at, end; /* the next frame is looked for here; tags begin there */
	uint32_t last;    /* header of the frame that ends at `at`, 0 when out of step */
	bool truncated;   /* the walk has met a last frame that is cut off */
	struct mp3_info info;
};

/*
 * Reads a frame header into everything but ret_frame->offset. False where it is none; free format
 * (bitrate 0), whose frames have no stated length, counts as none.
 */
bool mp3_parse_header(const uint8_t bytes[static MP3_HEADER], struct mp3_frame *ret_frame);

/* True where both headers have one version, layer and rate: frames of one stream. */
bool mp3_same_stream(uint32_t header, uint32_t other);

/* True where a frame begins at `offset` and another of its stream where it ends. */
bool mp3_frame_at(struct audio_source *s, uint64_t offset);

/* The offset behind all ID3v2 and APE tags that follow each other from `offset` on. */
uint64_t mp3_skip_tags(struct audio_source *s, uint64_t offset);

/* A walk that stands before the first audio frame and knows the info frame in front of it. */
struct mp3_walk mp3_start(struct audio_source *s);

/* The next whole audio frame; false at the end. */
bool mp3_next(struct mp3_walk *walk, struct mp3_frame *ret_frame);

/*
 * Walks the file and fills *ret_info; ERR_INVALID where there is no frame. The duration is what a
 * player plays: frames * samples / rate, less the encoder's delay and padding where a LAME block
 * states them and its frame count agrees with the walk (it does not in joined or cut files).
 */
must_check struct err *mp3_measure(struct audio_source *s, struct audio_info *ret_info);
