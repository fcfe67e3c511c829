#include "jobs/audio/quality.h"

#include "jobs/audio/decode.h"
#include "jobs/audio/wav.h"
#include "jobs/base/js.h"
#include "tests/unit/audio/fixture.h"

#include <math.h>

enum { RATE = 16000 };

/* 16-bit mono: `lead` and `trail` seconds of silence around `seconds` of a tone of `amplitude`. */
static struct buf recording(double lead, double seconds, double trail, double amplitude)
{
	struct buf b = fixture();
	size_t silent = (size_t)(lead * RATE), sound = (size_t)(seconds * RATE);
	size_t after = (size_t)(trail * RATE);
	add_riff(&b, WAV_PCM, 1, 16, RATE);
	add_chunk(&b, "data", (uint32_t)(2 * (silent + sound + after)));
	add_zeros(&b, 2 * silent);
	for (size_t i = 0; i < sound; i++) {
		double value = amplitude * 32767 * sin((double)i * 2 * M_PI * 440 / RATE);
		add_le16(&b, (uint16_t)(int16_t)fmax(fmin(value, 32767), -32768));
	}
	add_zeros(&b, 2 * after);
	return b;
}

static struct quality measured(const struct buf *b)
{
	struct audio_source s = over(b);
	struct audio_info info;
	struct quality q = { 0 };
	assert_ok(audio_measure(&s, &info));
	assert_ok(quality_measure(&s, &info, &q));
	return q;
}

static void levels_of_a_tone(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = recording(0, 2, 0, 0.5);
	struct quality q = measured(&b);
	assert_near(q.peak_db, -6.02, 0.02);
	assert_near(q.rms_db, -9.03, 0.02);
	assert_near(q.sound_db, -9.03, 0.02);
	assert_int_equal(q.clipped, 0);
	assert_near(q.leading_sec, 0, 0.001);
	assert_near(q.trailing_sec, 0, 0.03);
}

static void silence_around_a_tone(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = recording(1.5, 1, 2.5, 0.1);
	struct quality q = measured(&b);
	assert_near(q.leading_sec, 1.5, 0.03);
	assert_near(q.trailing_sec, 2.5, 0.03);
	assert_near(q.sound_db, -23.01, 0.2);
	assert_near(q.rms_db, -23.01 + 10 * log10(1.0 / 5), 0.05);
}

static void clipping_is_runs_at_full_scale(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf clean = recording(0, 1, 0, 0.98);
	cleanup(buf_clear) struct buf clipped = recording(0, 1, 0, 1.5);
	assert_int_equal(measured(&clean).clipped, 0);
	assert_in_range(measured(&clipped).clipped, 5000, 10000); /* half of a sine is above 2/3 */
}

static void every_encoding_has_the_same_level(void **state)
{
	(void)state;
	static const struct {
		uint16_t encoding, bits;
		const char *half; /* a sample of about 0.5, least significant byte first */
	} cases[] = {
		{ WAV_PCM, 8, "\xc0" },
		{ WAV_PCM, 16, "\x00\x40" },
		{ WAV_PCM, 24, "\x00\x00\x40" },
		{ WAV_PCM, 32, "\x00\x00\x00\x40" },
		{ WAV_FLOAT, 32, "\x00\x00\x00\x3f" },
		{ WAV_FLOAT, 64, "\x00\x00\x00\x00\x00\x00\xe0\x3f" },
		{ WAV_ALAW, 8, "\xa5" },
		{ WAV_MULAW, 8, "\x90" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		size_t width = cases[i].bits / 8;
		add_riff(&b, cases[i].encoding, 2, cases[i].bits, 8000);
		add_chunk(&b, "data", (uint32_t)(width * 2 * 800));
		for (int n = 0; n < 2 * 800; n++)
			buf_add(&b, cases[i].half, width);
		struct quality q = measured(&b);
		assert_near(q.peak_db, -6.02, 0.3);
		assert_near(q.rms_db, q.peak_db, 0.001);
	}
}

static void what_is_no_number_counts_as_nothing(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_riff(&b, WAV_FLOAT, 1, 32, 8000);
	add_chunk(&b, "data", 4 * 400);
	for (int i = 0; i < 200; i++)
		buf_add(&b, "\x00\x00\xc0\x7f\x00\x00\x80\xff", 8); /* NaN, -infinity */
	struct quality q = measured(&b);
	assert_true(isinf(q.peak_db));
}

static void mp3_is_decoded_frame_by_frame(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_id3v2(&b, 0, 4096, 4096);
	add_frames(&b, SILENT_44K, 100);
	struct quality q = measured(&b);
	assert_near(q.measured_sec, 100 * 1152.0 / 44100, 0.1);
	assert_true(isinf(q.peak_db));
	assert_near(q.leading_sec, q.measured_sec, 0.001);
}

/* A frame whose content is noise without a sync word in it. */
static void add_noise_frame(struct buf *b, size_t kind, uint32_t *seed)
{
	static const struct {
		uint32_t header;
		size_t length;
	} kinds[] = { { SILENT_24K },
		      { SILENT_44K },
		      { 0xfffb9044u, 417 },
		      { 0xfffa9044u, 417 },
		      { 0xffe364c4u, 144 } };
	add_be32(b, kinds[kind].header);
	for (size_t n = 4; n < kinds[kind].length; n++) {
		*seed = *seed * 1664525 + 1013904223;
		buf_add(b, &(uint8_t){ *seed >> 24 & 0x7f }, 1);
	}
}

/* Whatever stands in the frames, of one stream or of several: it ends, and within memory. */
static void hostile_frames_are_harmless(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (size_t round = 0; round < 40; round++) {
		cleanup(buf_clear) struct buf b = fixture();
		for (size_t i = 0; i < 50; i++)
			add_noise_frame(&b, round % 2 ? round / 2 % 5 : i % 5, &seed);
		struct audio_source s = over(&b);
		struct audio_info info;
		struct quality q;
		cleanup(cleanup_err) struct err *e = audio_measure(&s, &info);
		if (!e)
			e = quality_measure(&s, &info, &q);
		if (e)
			assert_int_equal(err_kind(e), ERR_INVALID);
	}
}

static void assert_advice(const struct buf *b, bool for_training, const char *const *words)
{
	struct quality q = measured(b);
	cleanup(cleanup_json) struct json_object *o = quality_json(&q, for_training);
	struct json_object *advice = js_get(o, "advice");
	size_t count = 0;
	for (; words[count]; count++) {
		struct json_object *one = json_object_array_get_idx(advice, count);
		if (!one || !strstr(json_object_get_string(one), words[count]))
			fail_msg("advice %zu of %s lacks %s", count, json_object_get_string(advice),
				 words[count]);
	}
	assert_int_equal(json_object_array_length(advice), count);
}

static void advice_says_what_to_do(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf good = recording(0, 12, 0, 0.2);
	cleanup(buf_clear) struct buf brief = recording(0, 2, 0, 0.2);
	cleanup(buf_clear) struct buf quiet = recording(0, 12, 0, 0.01);
	cleanup(buf_clear) struct buf loud = recording(0, 12, 0, 2);
	cleanup(buf_clear) struct buf silent = recording(12, 0, 0, 0);
	cleanup(buf_clear) struct buf waiting = recording(2, 12, 3, 0.2);
	assert_advice(&good, true, (const char *const[]){ NULL });
	assert_advice(&brief, true, (const char *const[]){ "too short", NULL });
	assert_advice(&brief, false, (const char *const[]){ NULL });
	assert_advice(&quiet, true, (const char *const[]){ "too quiet", NULL });
	assert_advice(&loud, true, (const char *const[]){ "too loud", "clipped", NULL });
	assert_advice(&silent, true, (const char *const[]){ "silent", NULL });
	assert_advice(&waiting, true, (const char *const[]){ "begins with", "ends with", NULL });
}

int main(void)
{
	js_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_of_a_tone),
		cmocka_unit_test(silence_around_a_tone),
		cmocka_unit_test(clipping_is_runs_at_full_scale),
		cmocka_unit_test(every_encoding_has_the_same_level),
		cmocka_unit_test(what_is_no_number_counts_as_nothing),
		cmocka_unit_test(mp3_is_decoded_frame_by_frame),
		cmocka_unit_test(hostile_frames_are_harmless),
		cmocka_unit_test(advice_says_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
