#include "jobs/audio/loudness.h"

#include "jobs/audio/wav.h"
#include "jobs/base/scratch.h"
#include "tests/unit/audio/fixture.h"

#include <math.h>
#include <unistd.h>

enum { RATE = 48000 };

/* The kinds of WAV that can be written. */
static const struct kind {
	enum wav_encoding encoding;
	uint16_t bits;
} kinds[] = { { WAV_PCM, 16 }, { WAV_PCM, 24 }, { WAV_PCM, 32 }, { WAV_FLOAT, 32 } };

static void add_sample(struct buf *b, const struct kind *kind, double value)
{
	uint8_t bytes[4] = { 0 };
	float f = (float)value;
	if (kind->encoding == WAV_FLOAT)
		memcpy(bytes, &f, sizeof(f)); /* the machines that this runs on are little-endian */
	else
		put_le32(bytes, (uint32_t)(int32_t)(value * 2147483520.0));
	buf_add(b, kind->encoding == WAV_FLOAT ? bytes : bytes + 4 - kind->bits / 8,
		kind->bits / 8);
}

/* A tone of 997 Hz in both channels: EBU Tech 3341 gives its loudness as its level in dBFS. */
static struct buf tone(const struct kind *kind, double seconds, double level_db)
{
	struct buf b = fixture();
	size_t frames = (size_t)(seconds * RATE);
	double amplitude = pow(10, level_db / 20);
	add_riff(&b, kind->encoding, 2, kind->bits, RATE);
	add_chunk(&b, "data", (uint32_t)(2 * frames * kind->bits / 8));
	for (size_t i = 0; i < frames; i++)
		for (int c = 0; c < 2; c++)
			add_sample(&b, kind, amplitude * sin((double)i * 2 * M_PI * 997 / RATE));
	return b;
}

/* The recording in a file, and what it is. */
static int write_file(const struct buf *b, struct audio_info *info)
{
	int fd = -1;
	struct audio_source s = over(b);
	assert_ok(audio_measure(&s, info));
	assert_ok(scratch_open(&fd));
	assert_int_equal(pwrite(fd, b->data, b->len, 0), b->len);
	return fd;
}

static struct loudness normalized(int fd, const struct audio_info *info, double target)
{
	struct loudness loudness;
	assert_ok(loudness_normalize(fd, info, target, &loudness));
	return loudness;
}

static void a_tone_reaches_the_target(void **state)
{
	(void)state;
	static const double targets[] = { -30, -23, -16 };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (size_t t = 0; t < sizeof(targets) / sizeof(*targets); t++) {
			double target = targets[t];
			cleanup(buf_clear) struct buf b = tone(&kinds[i], 3, -23);
			struct audio_info info;
			int fd = write_file(&b, &info);
			struct loudness first = normalized(fd, &info, target);
			assert_near(first.before_lufs, -23, 0.1);
			assert_near(first.gain_db, target + 23, 0.1);
			assert_false(first.limited);
			assert_near(normalized(fd, &info, target).before_lufs, target, 0.1);
			close(fd);
		}
}

static void peaks_stay_below_the_ceiling(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = tone(&kinds[0], 3, -23);
	/* One loud click: it hardly counts in the loudness, but it is a peak. */
	int16_t click = 16384; /* -6 dBFS */
	memcpy((char *)b.data + WAV_HEADER + (size_t)4 * RATE, &click, sizeof(click));
	struct audio_info info;
	int fd = write_file(&b, &info);
	struct loudness loudness = normalized(fd, &info, -10);
	assert_true(loudness.limited);
	assert_true(loudness.gain_db > 3 && loudness.gain_db <= 5.1);
	close(fd);
}

static void what_cannot_be_measured_stays(void **state)
{
	(void)state;
	const double cases[][2] = { { 0.2, -23 }, { 3, -200 } }; /* too short; silent */
	for (size_t i = 0; i < 2; i++) {
		cleanup(buf_clear) struct buf b = tone(&kinds[0], cases[i][0], cases[i][1]);
		struct audio_info info;
		int fd = write_file(&b, &info);
		struct loudness loudness = normalized(fd, &info, -16);
		assert_true(isinf(loudness.before_lufs));
		cleanup(cleanup_free) char *after = mem_alloc(b.len);
		assert_int_equal(pread(fd, after, b.len, 0), b.len);
		assert_memory_equal(after, b.data, b.len);
		close(fd);
	}
}

static void other_kinds_are_refused(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_riff(&b, WAV_MULAW, 1, 8, 8000);
	add_chunk(&b, "data", 8000);
	add_zeros(&b, 8000);
	struct audio_info info;
	struct loudness loudness;
	int fd = write_file(&b, &info);
	struct err *e = loudness_normalize(fd, &info, -16, &loudness);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_REFUSED);
	err_free(e);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tone_reaches_the_target),
		cmocka_unit_test(peaks_stay_below_the_ceiling),
		cmocka_unit_test(what_cannot_be_measured_stays),
		cmocka_unit_test(other_kinds_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
