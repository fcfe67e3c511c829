#include "jobs/audio/join.h"

#include "jobs/audio/mp3.h"
#include "jobs/audio/mp3_frame.h"
#include "jobs/audio/wav.h"
#include "tests/unit/audio/fixture.h"

#include <math.h>
#include <unistd.h>

enum { SPF_44K = 1152, SPF_24K = 576 };

/* A join into a file of its own. */
struct joining {
	FILE *file;
	struct join *join;
};

static struct joining begin(enum audio_format format)
{
	struct joining j = { tmpfile(), NULL };
	assert_non_null(j.file);
	j.join = join_new(format, fileno(j.file));
	return j;
}

static void add(struct joining *j, const struct buf *part)
{
	struct audio_source s = over(part);
	assert_ok(join_add(j->join, &s));
}

/* Ends it, checks what it says against a measurement of the file, and gives the file's bytes. */
static struct buf end(struct joining *j, struct audio_info *info)
{
	struct audio_info measured = { 0 };
	struct buf b = fixture();
	assert_ok(join_finish(j->join, info));
	uint64_t length = info->data_offset + info->data_length;
	char *bytes = mem_alloc(length + 2);
	ssize_t n = pread(fileno(j->file), bytes, length + 2, 0);
	assert_int_equal(n, length + (info->format == AUDIO_WAV && length % 2));
	buf_add(&b, bytes, (size_t)n);
	free(bytes);
	struct audio_source s = over(&b);
	assert_ok(audio_measure(&s, &measured));
	assert_int_equal(measured.frames, info->frames);
	assert_int_equal(measured.samples, info->samples);
	assert_int_equal(measured.rate, info->rate);
	assert_int_equal(measured.data_length, info->data_length);
	assert_true(measured.duration_sec == info->duration_sec);
	join_free(j->join);
	fclose(j->file);
	return b;
}

static void add_info_frame(struct buf *b)
{
	uint8_t frame[MP3_MAX_FRAME];
	struct mp3_frame like = { 0 };
	mp3_parse_header((const uint8_t[]){ 0xff, 0xfb, 0x90, 0xc4 }, &like);
	buf_add(b, frame, mp3_info_frame(&like, &(struct mp3_totals){ 9, 9999, true }, frame));
}

static void an_mp3_has_the_frames_of_its_parts_and_one_info_frame(void **state)
{
	(void)state;
	struct buf plain = fixture(), tagged = fixture(), cut = fixture();
	add_frames(&plain, SILENT_44K, 10);
	add_id3v2(&tagged, 0, 35, 35);
	add_info_frame(&tagged);
	add_frames(&tagged, SILENT_44K, 5);
	buf_adds(&tagged, "TAG");
	add_zeros(&tagged, 125);
	add_frames(&cut, SILENT_44K, 3);
	add_be32(&cut, 0xfffb90c4u);
	add_zeros(&cut, 100);

	struct joining j = begin(AUDIO_MP3);
	add(&j, &plain);
	assert_true(join_position_sec(j.join) == 10.0 * SPF_44K / 44100);
	add(&j, &tagged);
	add(&j, &cut);
	struct audio_info info;
	struct buf joined = end(&j, &info);
	assert_int_equal(info.frames, 18);
	assert_int_equal(info.samples, 18 * SPF_44K);
	assert_int_equal(info.data_offset, 417);
	const uint8_t *mark = (const uint8_t *)joined.data + 4 + 17;
	assert_memory_equal(mark, "Info", 4);
	assert_int_equal(be32(mark + 4), 7);
	assert_int_equal(be32(mark + 8), 18);
	assert_int_equal(be32(mark + 12), joined.len);
	assert_int_equal(mark[16], 417 * (size_t)256 / joined.len);
	assert_true(mark[16 + 50] > 120 && mark[16 + 50] < 145);
	buf_clear(&plain);
	buf_clear(&tagged);
	buf_clear(&cut);
	buf_clear(&joined);
}

static void a_pause_in_an_mp3_is_of_whole_frames(void **state)
{
	(void)state;
	struct buf part = fixture();
	add_frames(&part, SILENT_24K, 4);
	struct joining j = begin(AUDIO_MP3);
	join_pause(j.join, 3); /* before there is a part */
	add(&j, &part);
	join_pause(j.join, 0.5);
	add(&j, &part);
	struct audio_info info;
	struct buf joined = end(&j, &info);
	assert_int_equal(info.frames, 4 + 21 + 4); /* of 24 ms each */
	assert_int_equal(info.samples, 29 * SPF_24K);
	buf_clear(&part);
	buf_clear(&joined);
}

static void a_change_of_bitrate_makes_it_a_xing_frame(void **state)
{
	(void)state;
	struct buf part = fixture();
	add_frames(&part, SILENT_44K, 2);
	add_frames(&part, 0xfffba0c4u, 522, 2); /* 160 kbit/s */
	struct joining j = begin(AUDIO_MP3);
	add(&j, &part);
	struct audio_info info;
	struct buf joined = end(&j, &info);
	assert_memory_equal(joined.data + 4 + 17, "Xing", 4);
	assert_int_equal(be32((const uint8_t *)joined.data + 4 + 17 + 4), 3);
	buf_clear(&part);
	buf_clear(&joined);
}

/* A frame whose sound begins `reach` bytes before it, all of whose other bytes are 0x55. */
static void add_reaching(struct buf *b, unsigned reach)
{
	uint8_t frame[417];
	memset(frame, 0x55, sizeof(frame));
	memcpy(frame, (const uint8_t[]){ 0xff, 0xfb, 0x90, 0xc4 }, 4);
	frame[4] = (uint8_t)(reach >> 1);
	frame[5] = (uint8_t)(reach << 7 | 0x55);
	buf_add(b, frame, sizeof(frame));
}

static void a_start_that_refers_to_what_is_missing_is_silenced(void **state)
{
	(void)state;
	struct buf part = fixture();
	add_reaching(&part, 400); /* nothing before it */
	add_reaching(&part, 400); /* 396 bytes before it */
	add_reaching(&part, 396);
	add_reaching(&part, 0);
	struct joining j = begin(AUDIO_MP3);
	add(&j, &part);
	add(&j, &part);
	struct audio_info info;
	struct buf joined = end(&j, &info);
	assert_int_equal(info.frames, 8);
	static const bool silenced[8] = { true, true, false, false, true, true, false, false };
	for (size_t i = 0; i < 8; i++) {
		const uint8_t *frame = (const uint8_t *)joined.data + 417 * (i + 1);
		assert_int_equal(frame[20], silenced[i] ? 0 : 0x55);
		assert_int_equal(frame[21], 0x55); /* what later frames refer to stays */
	}
	buf_clear(&part);
	buf_clear(&joined);
}

static void a_wav_has_the_samples_of_its_parts(void **state)
{
	(void)state;
	struct buf a = fixture(), b = fixture();
	add_riff(&a, WAV_PCM, 1, 16, 24000);
	add_chunk(&a, "data", 0x7fffffff); /* as ElevenLabs states it */
	add_samples(&a, 100);
	add_riff(&b, WAV_PCM, 1, 16, 24000);
	add_chunk(&b, "LIST", 3);
	add_zeros(&b, 4);
	add_chunk(&b, "data", 40);
	add_samples(&b, 20);
	buf_adds(&b, "trailing junk");
	struct joining j = begin(AUDIO_WAV);
	add(&j, &a);
	join_pause(j.join, 0.01);
	add(&j, &b);
	struct audio_info info;
	struct buf joined = end(&j, &info);
	assert_int_equal(info.samples, 100 + 240 + 20);
	assert_int_equal(joined.len, WAV_HEADER + 2 * 360);
	for (int i = 0; i < 360; i++) {
		uint16_t want = (uint16_t)(i < 100 ? i + 1 : i < 340 ? 0 : i - 339);
		assert_int_equal(le16((const uint8_t *)joined.data + WAV_HEADER + 2 * (size_t)i),
				 want);
	}
	buf_clear(&a);
	buf_clear(&b);
	buf_clear(&joined);
}

static void silence_is_what_the_encoding_has_for_it(void **state)
{
	(void)state;
	static const struct {
		uint16_t encoding, bits;
		uint8_t silence;
	} cases[] = {
		{ WAV_PCM, 8, 0x80 }, { WAV_ALAW, 8, 0xd5 }, { WAV_MULAW, 8, 0xff },
		{ WAV_PCM, 16, 0 },   { WAV_FLOAT, 32, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf part = fixture();
		add_riff(&part, cases[i].encoding, 1, cases[i].bits, 8000);
		add_chunk(&part, "data", 8);
		add_zeros(&part, 8);
		struct joining j = begin(AUDIO_WAV);
		add(&j, &part);
		join_pause(j.join, 0.1);
		struct audio_info info;
		struct buf joined = end(&j, &info);
		assert_int_equal((uint8_t)joined.data[WAV_HEADER + 8], cases[i].silence);
		assert_int_equal(info.samples, 800 + 8 / (cases[i].bits / 8));
		buf_clear(&part);
		buf_clear(&joined);
	}
}

static void what_does_not_fit_together_is_refused(void **state)
{
	(void)state;
	struct buf fast = fixture(), slow = fixture(), stereo = fixture(), junk = fixture();
	add_frames(&fast, SILENT_44K, 3);
	add_frames(&slow, SILENT_24K, 3);
	add_frames(&stereo, 0xfffb9004u, 417, 3);
	add_zeros(&junk, 3000);
	struct joining j = begin(AUDIO_MP3);
	struct audio_info info;
	assert_err(join_finish(j.join, &info), ERR_INVALID, "no audio");
	add(&j, &fast);
	struct audio_source s = over(&slow);
	assert_err(join_add(j.join, &s), ERR_REFUSED, "44100 Hz with 1 channels, then 24000 Hz");
	s = over(&stereo);
	assert_err(join_add(j.join, &s), ERR_REFUSED, "do not fit together");
	s = over(&junk);
	assert_err(join_add(j.join, &s), ERR_INVALID, "no audio frame");
	join_free(j.join);
	fclose(j.file);
	buf_clear(&fast);
	buf_clear(&slow);
	buf_clear(&stereo);
	buf_clear(&junk);
}

/* As much as a file that is read through a window and written through a buffer takes. */
static void long_parts_of_a_file(void **state)
{
	(void)state;
	struct buf part = fixture();
	add_frames(&part, SILENT_24K, 5000);
	FILE *file = file_of(&part);
	struct joining j = begin(AUDIO_MP3);
	for (int i = 0; i < 3; i++) {
		struct audio_source s = source_file(fileno(file), 0, part.len);
		assert_ok(join_add(j.join, &s));
		source_clear(&s);
	}
	struct audio_source missing = source_file(fileno(file), 0, part.len + 1000);
	assert_err(join_add(j.join, &missing), ERR_UNAVAILABLE, "could not be read");
	source_clear(&missing);
	fclose(file);
	join_free(j.join);
	fclose(j.file);
	buf_clear(&part);
}

static void a_full_disk_is_an_error(void **state)
{
	(void)state;
	struct buf part = fixture();
	add_frames(&part, SILENT_24K, 10);
	FILE *full = fopen("/dev/full", "r+");
	assert_non_null(full);
	struct join *join = join_new(AUDIO_MP3, fileno(full));
	struct audio_source s = over(&part);
	struct audio_info info;
	assert_ok(join_add(join, &s));
	assert_err(join_finish(join, &info), ERR_UNAVAILABLE, "no room for temporary files");
	join_free(join);
	fclose(full);
	buf_clear(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mp3_has_the_frames_of_its_parts_and_one_info_frame),
		cmocka_unit_test(a_pause_in_an_mp3_is_of_whole_frames),
		cmocka_unit_test(a_change_of_bitrate_makes_it_a_xing_frame),
		cmocka_unit_test(a_start_that_refers_to_what_is_missing_is_silenced),
		cmocka_unit_test(a_wav_has_the_samples_of_its_parts),
		cmocka_unit_test(silence_is_what_the_encoding_has_for_it),
		cmocka_unit_test(what_does_not_fit_together_is_refused),
		cmocka_unit_test(long_parts_of_a_file),
		cmocka_unit_test(a_full_disk_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
