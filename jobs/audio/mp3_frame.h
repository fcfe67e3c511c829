/* What stands in MP3 frames, as far as joining files takes it; and frames that hold no sound. */
#pragma once
#include "jobs/audio/mp3.h"

/* The side info behind the header and its checksum, if it has one (ISO/IEC 11172-3, 2.4.1.7). */
struct mp3_side_info {
	size_t offset, length; /* bytes in the frame */
	/*
	 * The frame's sound begins so many bytes before the end of what earlier frames have behind
	 * their side infos: the bit reservoir.
	 */
	size_t main_data_begin;
};

/* `bytes` are the whole frame. */
struct mp3_side_info mp3_side_info_of(const struct mp3_frame *frame, const uint8_t *bytes);

/* Bytes that a frame has for sound, its own or that of frames behind it. */
size_t mp3_main_data_length(const struct mp3_frame *frame, const struct mp3_side_info *side);

/* Writes a silent frame of `like`'s stream and returns its length. */
size_t mp3_silent_frame(const struct mp3_frame *like, uint8_t out[static MP3_MAX_FRAME]);

/* What an Info frame says of the file that it stands in front of. */
struct mp3_totals {
	uint32_t frames; /* of audio */
	uint64_t bytes;  /* of the file, the Info frame included */
	bool constant;   /* one bitrate throughout; else the frame is a Xing frame */
};

/* Writes an Info or Xing frame for a stream of frames like `like`, and returns its length, which
 * does not depend on the totals. */
size_t mp3_info_frame(const struct mp3_frame *like, const struct mp3_totals *totals,
		      uint8_t out[static MP3_MAX_FRAME]);
