#include "jobs/audio/join.h"

#include "jobs/audio/mp3_frame.h"
#include "jobs/audio/sink.h"
#include "jobs/audio/wav.h"
#include "jobs/base/mem.h"

#include <math.h>
#include <string.h>

struct join {
	const struct joiner *joiner;
	struct audio_sink sink;
	uint32_t rate;    /* 0 before the first part */
	uint64_t samples; /* a channel */

	struct mp3_frame first; /* of an MP3 */
	size_t info_length;
	uint64_t frames, bitrates; /* the latter summed up over the frames */
	bool varies;               /* in bitrate */

	struct wav_format format; /* of a WAV */
};

/* What a format does about it. */
struct joiner {
	struct err *(*add)(struct join *j, struct audio_source *part);
	void (*pause)(struct join *j, double seconds);
	struct err *(*finish)(struct join *j, struct audio_info *ret_info);
};

/* ---- MP3 ---- */

/* Frames of a part that stand behind each other and are copied at once. */
struct frame_run {
	uint64_t offset, length;
};

static void copy(struct join *j, struct audio_source *part, uint64_t offset, uint64_t length)
{
	while (length > 0) {
		size_t n = length < SOURCE_WINDOW ? (size_t)length : SOURCE_WINDOW;
		const uint8_t *bytes = source_at(part, offset, n);
		if (!bytes)
			return; /* part->error says why */
		sink_add(&j->sink, bytes, n);
		offset += n;
		length -= n;
	}
}

static void end_run(struct join *j, struct audio_source *part, struct frame_run *run)
{
	copy(j, part, run->offset, run->length);
	*run = (struct frame_run){ 0 };
}

static void add_to_run(struct join *j, struct audio_source *part, struct frame_run *run,
		       const struct mp3_frame *frame)
{
	if (run->offset + run->length != frame->offset || run->length == 0) {
		end_run(j, part, run);
		run->offset = frame->offset;
	}
	run->length += frame->length;
}

/*
 * Writes a frame without its side info: it is silent then, but later frames find those bytes of
 * theirs that it carries, which count back from its end.
 */
static void add_silenced(struct join *j, const struct mp3_frame *frame, const uint8_t *bytes)
{
	uint8_t copied[MP3_MAX_FRAME];
	memcpy(copied, bytes, frame->length);
	copied[1] |= 1; /* no checksum */
	size_t side = mp3_side_info_of(frame, bytes).length;
	memset(copied + MP3_HEADER, 0, side);
	sink_add(&j->sink, copied, frame->length);
}

static void count_frame(struct join *j, const struct mp3_frame *frame)
{
	j->frames++;
	j->samples += frame->samples;
	j->bitrates += frame->bitrate;
	j->varies |= frame->bitrate != j->first.bitrate;
}

static void begin_mp3(struct join *j, const struct mp3_frame *first)
{
	uint8_t info[MP3_MAX_FRAME];
	j->first = *first;
	j->rate = first->rate;
	j->info_length = mp3_info_frame(first, &(struct mp3_totals){ .constant = true }, info);
	sink_add(&j->sink, info, j->info_length); /* written anew in the end */
}

static struct err *check_frame(const struct join *j, const struct mp3_frame *frame)
{
	if (mp3_same_stream(frame->header, j->first.header) && frame->channels == j->first.channels)
		return NULL;
	return err_new(ERR_REFUSED,
		       "The parts of the audio do not fit together: %u Hz with %u channels, then "
		       "%u Hz with %u. Has the provider's server changed? Speak the text again "
		       "without the cache.",
		       j->first.rate, j->first.channels, frame->rate, frame->channels);
}

/*
 * A frame may begin its sound in the frames before it. `reservoir` counts what this part has there;
 * what the part before it has is another sound's.
 */
static struct err *add_frame(struct join *j, struct audio_source *part, struct frame_run *run,
			     const struct mp3_frame *frame, size_t *reservoir)
{
	TRY(check_frame(j, frame));
	const uint8_t *bytes = source_at(part, frame->offset, frame->length);
	if (!bytes)
		return NULL; /* part->error says why */
	const struct mp3_side_info side = mp3_side_info_of(frame, bytes);
	if (side.main_data_begin > *reservoir) {
		end_run(j, part, run);
		bytes = source_at(part, frame->offset, frame->length); /* as the window may move */
		if (bytes)
			add_silenced(j, frame, bytes);
	} else {
		add_to_run(j, part, run, frame);
	}
	*reservoir += mp3_main_data_length(frame, &side);
	count_frame(j, frame);
	return NULL;
}

static struct err *add_mp3(struct join *j, struct audio_source *part)
{
	struct mp3_walk walk = mp3_start(part);
	struct mp3_frame frame;
	struct frame_run run = { 0 };
	size_t reservoir = 0;
	uint64_t before = j->frames;
	while (mp3_next(&walk, &frame)) {
		if (!j->rate)
			begin_mp3(j, &frame);
		TRY(add_frame(j, part, &run, &frame, &reservoir));
	}
	end_run(j, part, &run);
	if (j->frames == before && !part->error)
		return err_new(ERR_INVALID, "The MP3 file holds no audio frame.");
	return NULL;
}

static void pause_mp3(struct join *j, double seconds)
{
	uint8_t silence[MP3_MAX_FRAME];
	size_t length = mp3_silent_frame(&j->first, silence);
	long frames = lround(seconds * j->first.rate / j->first.samples);
	for (long i = 0; i < frames; i++) {
		sink_add(&j->sink, silence, length);
		count_frame(j, &j->first);
	}
}

static struct err *finish_mp3(struct join *j, struct audio_info *ret_info)
{
	uint8_t info[MP3_MAX_FRAME];
	const struct mp3_totals totals = {
		.frames = j->frames < UINT32_MAX ? (uint32_t)j->frames : UINT32_MAX,
		.bytes = j->sink.length,
		.constant = !j->varies,
	};
	size_t length = mp3_info_frame(&j->first, &totals, info);
	TRY(sink_flush(&j->sink));
	TRY(sink_rewrite(&j->sink, 0, info, length));
	*ret_info = (struct audio_info){
		.format = AUDIO_MP3,
		.rate = j->rate,
		.channels = j->first.channels,
		.bitrate = (uint32_t)(j->bitrates / j->frames),
		.frames = j->frames,
		.samples = j->samples,
		.data_offset = length,
		.data_length = j->sink.length - length,
	};
	return NULL;
}

/* ---- WAV ---- */

static bool is_same_format(const struct wav_format *a, const struct wav_format *b)
{
	return a->encoding == b->encoding && a->channels == b->channels && a->bits == b->bits &&
	       a->rate == b->rate;
}

static struct err *check_wav(const struct join *j, const struct wav *wav)
{
	if (!is_same_format(&wav->format, &j->format))
		return err_new(ERR_REFUSED,
			       "The parts of the audio do not fit together: %u Hz with %u bits, "
			       "then %u Hz with %u. Has the provider's server changed? Speak the "
			       "text again without the cache.",
			       j->format.rate, j->format.bits, wav->format.rate, wav->format.bits);
	if (wav->data_length > UINT32_MAX - WAV_HEADER - j->sink.length)
		return err_new(ERR_TOO_LARGE, "The audio is too long for a WAV file (4 GB). "
					      "Choose the format mp3.");
	return NULL;
}

static struct err *add_wav(struct join *j, struct audio_source *part)
{
	struct wav wav = { 0 };
	TRY(wav_parse(part, &wav));
	if (!j->rate) {
		j->format = wav.format;
		j->rate = wav.format.rate;
		sink_fill(&j->sink, 0, WAV_HEADER);
	}
	TRY(check_wav(j, &wav));
	copy(j, part, wav.data_offset, wav.data_length);
	j->samples += wav.data_length / wav_align(&j->format);
	return NULL;
}

/* The byte that silence is made of. */
static uint8_t silence_of(const struct wav_format *f)
{
	if (f->encoding == WAV_ALAW)
		return 0xd5;
	if (f->encoding == WAV_MULAW)
		return 0xff;
	return f->encoding == WAV_PCM && f->bits == 8 ? 0x80 : 0;
}

static void pause_wav(struct join *j, double seconds)
{
	uint64_t samples = (uint64_t)llround(seconds * j->format.rate);
	sink_fill(&j->sink, silence_of(&j->format), samples * wav_align(&j->format));
	j->samples += samples;
}

static struct err *finish_wav(struct join *j, struct audio_info *ret_info)
{
	uint8_t header[WAV_HEADER];
	uint32_t align = wav_align(&j->format);
	uint64_t length = j->samples * align;
	if (length > UINT32_MAX - WAV_HEADER)
		return err_new(ERR_TOO_LARGE, "The audio is too long for a WAV file (4 GB). "
					      "Choose the format mp3.");
	sink_fill(&j->sink, 0, length & 1);
	TRY(sink_flush(&j->sink));
	wav_header(header, &j->format, (uint32_t)length);
	TRY(sink_rewrite(&j->sink, 0, header, WAV_HEADER));
	*ret_info = (struct audio_info){
		.format = AUDIO_WAV,
		.rate = j->rate,
		.channels = j->format.channels,
		.bits = j->format.bits,
		.bitrate = j->rate * align * 8,
		.frames = j->samples,
		.samples = j->samples,
		.data_offset = WAV_HEADER,
		.data_length = length,
	};
	return NULL;
}

/* ---- either ---- */

static const struct joiner joiners[AUDIO_FORMATS] = {
	[AUDIO_MP3] = { add_mp3, pause_mp3, finish_mp3 },
	[AUDIO_WAV] = { add_wav, pause_wav, finish_wav },
};

struct join *join_new(enum audio_format format, int fd)
{
	struct join *j = mem_alloc(sizeof(*j));
	*j = (struct join){ .joiner = &joiners[format], .sink = sink_file(fd) };
	return j;
}

void join_free(struct join *j)
{
	if (j)
		sink_clear(&j->sink);
	free(j);
}

struct err *join_add(struct join *j, struct audio_source *part)
{
	struct err *e = j->joiner->add(j, part);
	if (!part->error)
		return e;
	err_free(e);
	return source_check(part);
}

void join_pause(struct join *j, double seconds)
{
	if (j->rate && seconds > 0)
		j->joiner->pause(j, seconds);
}

double join_position_sec(const struct join *j)
{
	return j->rate ? (double)j->samples / j->rate : 0;
}

struct err *join_finish(struct join *j, struct audio_info *ret_info)
{
	if (!j->rate)
		return err_new(ERR_INVALID, "There is no audio to join.");
	TRY(j->joiner->finish(j, ret_info));
	ret_info->duration_sec = (double)ret_info->samples / ret_info->rate;
	return NULL;
}
