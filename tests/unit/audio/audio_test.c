#include "jobs/audio/mp3.h"
#include "jobs/audio/wav.h"
#include "jobs/base/utf8.h"
#include "tests/unit/audio/fixture.h"

#include <fcntl.h>
#include <unistd.h>

static enum audio_format sniffed(const struct buf *b)
{
	struct audio_source s = over(b);
	return audio_sniff(&s);
}

static struct buf silent_mp3(int frames)
{
	struct buf b = fixture();
	add_id3v2(&b, 0, 35, 35);
	add_frames(&b, SILENT_24K, frames);
	return b;
}

static struct buf streamed_wav(int samples)
{
	struct buf b = fixture();
	add_riff(&b, WAV_PCM, 1, 16, 24000);
	add_chunk(&b, "data", 0x7fffffff);
	add_samples(&b, samples);
	return b;
}

#define BYTES(s) (s), sizeof(s) - 1

static void test_sniff_by_first_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum audio_format format;
	} want[] = {
		{ BYTES("RIFF\0\0\0\0WAVEfmt "), AUDIO_WAV },
		{ BYTES("RIFF\0\0\0\0AVI LIST"), AUDIO_UNKNOWN },
		{ BYTES("OggS\0\2"), AUDIO_OGG },
		{ BYTES("fLaC\0\0\0\x22"), AUDIO_FLAC },
		{ BYTES("ID3\4\0\0\0\0\0\1.fLaC\0"), AUDIO_FLAC },
		{ BYTES("\0\0\0\x20"
			"ftypM4A \0"),
		  AUDIO_MP4 },
		{ BYTES("\x1a\x45\xdf\xa3\x01"), AUDIO_WEBM },
		{ BYTES("\xff\xf1\x50\x80\1\x1f\xfc.\xff\xf1\x50\x80\1\x1f\xfc."), AUDIO_AAC },
		{ BYTES("\xff\xf1\x50\x80\1\x1f\xfc.\xff\xf1\x50\x80\1\x1f"), AUDIO_UNKNOWN },
		{ BYTES(" \r\n{\"detail\":\"quota\"}"), AUDIO_JSON },
		{ BYTES("\xef\xbb\xbf[1]"), AUDIO_JSON },
		{ BYTES("<!doctype html>"), AUDIO_HTML },
		{ BYTES("upstream connect error"), AUDIO_TEXT },
		{ BYTES("{\0\1\2"), AUDIO_UNKNOWN },
		{ BYTES("{\xff\xfe"), AUDIO_UNKNOWN },
		{ BYTES("\x7f"
			"ELF\2\1\1"),
		  AUDIO_UNKNOWN },
		{ BYTES("\xff\xfb\x90\xc4"), AUDIO_UNKNOWN },
		{ BYTES("ID3\4\0\0\0\0\0\0"), AUDIO_UNKNOWN },
		{ BYTES(""), AUDIO_UNKNOWN },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		struct audio_source s = source_memory(want[i].bytes, want[i].len);
		if (audio_sniff(&s) != want[i].format)
			fail_msg("row %zu is %s", i, audio_format_name(audio_sniff(&s)));
	}
}

static void test_sniff_wants_a_second_frame(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf one = silent_mp3(1), two = silent_mp3(2);
	assert_int_equal(sniffed(&one), AUDIO_UNKNOWN);
	assert_int_equal(sniffed(&two), AUDIO_MP3);

	cleanup(buf_clear) struct buf other_version = silent_mp3(1), other_rate = silent_mp3(1);
	add_frames(&other_version, SILENT_44K, 1);
	add_frames(&other_rate, 0xfff340c4, 104, 1);
	assert_int_equal(sniffed(&other_version), AUDIO_UNKNOWN);
	assert_int_equal(sniffed(&other_rate), AUDIO_UNKNOWN);
}

static void test_sniff_passes_over_some_junk(void **state)
{
	(void)state;
	static const struct {
		size_t junk;
		enum audio_format format;
	} want[] = { { 1, AUDIO_MP3 }, { 65535, AUDIO_MP3 }, { 65536, AUDIO_UNKNOWN } };
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_zeros(&b, want[i].junk);
		add_frames(&b, SILENT_24K, 3);
		assert_int_equal(sniffed(&b), want[i].format);
	}
}

static void test_text_cut_inside_a_character(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	buf_adds(&b, "<p");
	for (int i = 0; i < 200; i++)
		buf_adds(&b, "\xe2\x82\xac");
	assert_int_equal(sniffed(&b), AUDIO_HTML);
}

static void test_every_format_has_its_names(void **state)
{
	(void)state;
	for (int i = 0; i < AUDIO_FORMATS; i++) {
		assert_non_null(audio_format_name((enum audio_format)i));
		assert_non_null(audio_extension((enum audio_format)i));
		assert_non_null(strchr(audio_content_type((enum audio_format)i), '/'));
	}
	assert_string_equal(audio_content_type(AUDIO_MP3), "audio/mpeg");
	assert_string_equal(audio_content_type(AUDIO_WAV), "audio/wav");
	assert_string_equal(audio_extension(AUDIO_MP3), "mp3");
	assert_string_equal(audio_extension(AUDIO_WAV), "wav");
}

static void test_measure_mp3_and_wav(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf mp3 = silent_mp3(50), wav = streamed_wav(36000);
	struct audio_source s = over(&mp3);
	struct audio_info info = { 0 };
	assert_ok(audio_measure(&s, &info));
	assert_int_equal(info.format, AUDIO_MP3);
	assert_int_equal(info.bitrate, 48000);
	assert_true(info.duration_sec == 1.2);

	s = over(&wav);
	assert_ok(audio_measure(&s, &info));
	assert_int_equal(info.format, AUDIO_WAV);
	assert_int_equal(info.bits, 16);
	assert_true(info.duration_sec == 1.5);
}

static void test_measure_says_what_it_cannot_measure(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *part;
	} want[] = {
		{ BYTES("OggS\0\2"), "The file is Ogg, not MP3 or WAV audio." },
		{ BYTES("{\"a\":1}"), "The file is JSON, not" },
		{ BYTES("\0\1\2\3"), "neither MP3 nor WAV" },
		{ BYTES(""), "neither MP3 nor WAV" },
		{ BYTES("RIFF\0\0\0\0WAVE"), "no samples" },
		{ BYTES("RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\10\0"
			"data\0\0\0\0"),
		  "holds no audio" },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		struct audio_source s = source_memory(want[i].bytes, want[i].len);
		struct audio_info info;
		assert_err(audio_measure(&s, &info), ERR_INVALID, want[i].part);
	}
}

static void test_measure_refuses_a_day(void **state)
{
	(void)state;
	for (uint16_t longer = 0; longer < 2; longer++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_riff(&b, WAV_PCM, 1, 8, 1); /* one byte a second */
		add_chunk(&b, "data", 0);
		add_zeros(&b, 86399 + longer);
		struct audio_source s = over(&b);
		struct audio_info info;
		if (longer)
			assert_err(audio_measure(&s, &info), ERR_INVALID, "a day");
		else
			assert_ok(audio_measure(&s, &info));
	}
}

static void test_measure_reports_a_file_that_cannot_be_read(void **state)
{
	(void)state;
	struct audio_info info;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct audio_source s = source_file(fd, 0, 1000);
	assert_err(audio_measure(&s, &info), ERR_UNAVAILABLE, "Bad file descriptor");
	source_clear(&s);
	close(fd);

	/* a file that shrank between its size and its reading, behind a good start */
	cleanup(buf_clear) struct buf b = silent_mp3(1000);
	FILE *f = file_of(&b);
	s = source_file(fileno(f), 0, b.len + 1);
	assert_err(audio_measure(&s, &info), ERR_UNAVAILABLE, "could not be read");
	source_clear(&s);
	fclose(f);
}

static struct audio_info normalized(struct audio_bytes *bytes, enum audio_format wanted,
				    uint32_t pcm_rate)
{
	struct audio_info info = { 0 };
	assert_ok(audio_normalize(bytes, wanted, pcm_rate, &info));
	return info;
}

static void test_normalize_leaves_a_good_mp3_alone(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = silent_mp3(50);
	cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
	struct audio_info info = normalized(&bytes, AUDIO_MP3, 0);
	assert_int_equal(info.frames, 50);
	assert_false(info.truncated);
	assert_int_equal(bytes.len, b.len);
	assert_memory_equal(bytes.data, b.data, b.len);
}

static void test_normalize_drops_a_cut_frame(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = silent_mp3(50);
	for (size_t cut = 1; cut < 144; cut++) {
		cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len - cut);
		struct audio_info info = normalized(&bytes, AUDIO_MP3, 0);
		assert_true(info.truncated);
		assert_int_equal(info.frames, 49);
		assert_int_equal(bytes.len, b.len - 144);
		assert_memory_equal(bytes.data, b.data, bytes.len);
	}
}

static void test_normalize_repairs_wav(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_riff(&b, WAV_PCM, 1, 16, 24000);
	add_chunk(&b, "LIST", 26);
	add_zeros(&b, 26);
	add_chunk(&b, "data", 0x7fffffff);
	size_t start = b.len;
	add_samples(&b, 2400);
	cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
	struct audio_info info = normalized(&bytes, AUDIO_WAV, 0);
	assert_true(info.duration_sec == 0.1);
	assert_int_equal(info.data_offset, WAV_HEADER);
	assert_int_equal(info.data_length, 4800);
	assert_int_equal(bytes.len, WAV_HEADER + 4800);
	assert_int_equal(le32(bytes.data + 4), bytes.len - 8);
	assert_int_equal(le32(bytes.data + 40), 4800);
	assert_memory_equal(bytes.data + WAV_HEADER, b.data + start, 4800);
}

static void test_normalize_wraps_pcm(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_samples(&b, 2400);
	buf_adds(&b, "x"); /* half a sample */
	cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
	struct audio_info info = normalized(&bytes, AUDIO_WAV, 24000);
	assert_int_equal(info.samples, 2400);
	assert_int_equal(info.rate, 24000);
	assert_int_equal(info.channels, 1);
	assert_int_equal(info.bits, 16);
	assert_int_equal(bytes.len, WAV_HEADER + 4800);
	assert_memory_equal(bytes.data + WAV_HEADER, b.data, 4800);
}

static void test_normalize_takes_a_wav_where_pcm_was_asked_for(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = streamed_wav(2400);
	cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
	struct audio_info info = normalized(&bytes, AUDIO_WAV, 44100);
	assert_int_equal(info.rate, 24000);
	assert_int_equal(bytes.len, WAV_HEADER + 4800);
}

/* PCM is arbitrary bytes: one that opens like a text or holds a frame inside is still PCM. */
static void test_normalize_takes_pcm_for_nothing_else(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} starts[] = { { BYTES("{\0") },
		       { BYTES("<\1") },
		       { BYTES("\xff\xfb\x90\xc4") },
		       { BYTES("\xff\xf1\x50\x80\1\x1f\xfc") } };
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		buf_add(&b, starts[i].bytes, starts[i].len);
		add_zeros(&b, 1001);
		add_frames(&b, SILENT_24K, 20);
		cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
		assert_int_equal(normalized(&bytes, AUDIO_WAV, 24000).samples, b.len / 2);
	}
}

static void assert_refused(const struct buf *b, enum audio_format wanted, uint32_t pcm_rate,
			   enum err_kind kind, const char *part)
{
	cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(b, b->len);
	struct audio_info info;
	assert_err(audio_normalize(&bytes, wanted, pcm_rate, &info), kind, part);
}

static void test_normalize_refuses_another_format(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf mp3 = silent_mp3(50), wav = streamed_wav(2400);
	assert_refused(&mp3, AUDIO_WAV, 0, ERR_UPSTREAM, "sent MP3 instead of WAV");
	assert_refused(&mp3, AUDIO_WAV, 24000, ERR_UPSTREAM, "sent MP3 instead of WAV");
	assert_refused(&wav, AUDIO_MP3, 0, ERR_UPSTREAM, "sent WAV instead of MP3");

	cleanup(buf_clear) struct buf noise = fixture();
	add_zeros(&noise, 5000);
	assert_refused(&noise, AUDIO_MP3, 0, ERR_UPSTREAM, "sent 5000 bytes that are no audio");
}

static void test_normalize_quotes_a_text(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf json = fixture(), html = fixture();
	buf_adds(&json, "\n{\"detail\":\r\n\t\"quota \xe2\x82\xac\xc2\x85\"}"); /* a C1 control */
	assert_refused(
		&json, AUDIO_MP3, 0, ERR_UPSTREAM,
		"The provider sent JSON instead of audio: {\"detail\": \"quota \xe2\x82\xac \"}");
	assert_refused(&json, AUDIO_WAV, 24000, ERR_UPSTREAM, "sent JSON instead of audio");
	buf_adds(&html, "<html><title>502 Bad Gateway</title>");
	assert_refused(&html, AUDIO_MP3, 0, ERR_UPSTREAM, "HTML or XML instead of audio: <html>");
}

static void test_normalize_quotes_200_characters(void **state)
{
	(void)state;
	static const struct {
		const char *letter;
		size_t quoted; /* characters: at most 200, in less than 300 bytes */
	} want[] = { { "a", 200 }, { "a  ", 199 }, { "\xe2\x82\xac", 99 } };
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		for (int n = 0; n < 1000; n++)
			buf_adds(&b, want[i].letter);
		cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
		struct audio_info info;
		cleanup(cleanup_err) struct err *e = audio_normalize(&bytes, AUDIO_MP3, 0, &info);
		assert_non_null(e);
		const char *quoted = strchr(err_message(e), ':') + 2;
		assert_true(utf8_is_valid(quoted, strlen(quoted)));
		assert_int_equal(utf8_length(quoted), want[i].quoted);
	}
}

static void test_normalize_refuses_silence(void **state)
{
	(void)state;
	static const char part[] = "sent no audio: is there anything speakable";
	cleanup(buf_clear) struct buf nothing = fixture(), tag = silent_mp3(0);
	cleanup(buf_clear) struct buf header = streamed_wav(0), blip = streamed_wav(1199);
	cleanup(buf_clear) struct buf two_frames = silent_mp3(2), sample = fixture();
	buf_add(&sample, "\0", 1);
	assert_refused(&nothing, AUDIO_MP3, 0, ERR_REFUSED, part);
	assert_refused(&nothing, AUDIO_WAV, 24000, ERR_REFUSED, part);
	assert_refused(&tag, AUDIO_MP3, 0, ERR_REFUSED, part);
	assert_refused(&two_frames, AUDIO_MP3, 0, ERR_REFUSED, part);
	assert_refused(&header, AUDIO_WAV, 0, ERR_REFUSED, part);
	assert_refused(&blip, AUDIO_WAV, 0, ERR_REFUSED, part);
	assert_refused(&sample, AUDIO_WAV, 24000, ERR_REFUSED, part);
}

static void test_normalize_refuses_damage(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = streamed_wav(0);
	b.data[20] = 0x11;
	assert_refused(&b, AUDIO_WAV, 0, ERR_UPSTREAM, "damaged audio: The WAV file is encoded");
	b.len = 20;
	assert_refused(&b, AUDIO_WAV, 0, ERR_UPSTREAM, "damaged audio");
}

/* Real encoders: the tests below are skipped where their programs are not installed. */
static bool runs(const char *command)
{
	FILE *p = popen(command, "re");
	assert_non_null(p);
	char line[256];
	while (fgets(line, sizeof(line), p))
		;
	return pclose(p) == 0;
}

static struct audio_info measured_file(const char *path)
{
	FILE *f = fopen(path, "rbe");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	struct audio_source s = source_file(fileno(f), 0, (uint64_t)ftell(f));
	struct audio_info info = { 0 };
	assert_ok(audio_measure(&s, &info));
	source_clear(&s);
	fclose(f);
	return info;
}

static int enter_scratch(void **state)
{
	char name[] = "/tmp/audio_test.XXXXXX";
	if (!mkdtemp(name) || chdir(name) != 0)
		return -1;
	*state = mem_strdup(name);
	return 0;
}

static int leave_scratch(void **state)
{
	static const char *const files[] = { "tone.wav", "tone.mp3", "back.wav", "pipe.wav" };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
	int rc = chdir("/") != 0 || rmdir(*state) != 0 ? -1 : 0;
	free(*state);
	return rc;
}

/* Encodes and decodes tone.wav; lame takes delay and padding off where its tag states them. */
static void lame_there_and_back(const char *options, struct audio_info *ret_mp3,
				struct audio_info *ret_back)
{
	cleanup(cleanup_free) char *command =
		mem_printf("lame --quiet %s tone.wav tone.mp3 2>&1 && "
			   "lame --quiet --decode tone.mp3 back.wav 2>&1",
			   options);
	assert_true(runs(command));
	*ret_mp3 = measured_file("tone.mp3");
	*ret_back = measured_file("back.wav");
	assert_int_equal(ret_mp3->channels, ret_back->channels);
	assert_int_equal(ret_mp3->rate, ret_back->rate);
}

static void test_lame_files_play_as_long_as_they_decode(void **state)
{
	(void)state;
	static const char *const options[] = { "-b 128", "-V 4", "--abr 96", "-b 64 -p", "-m m" };
	if (!runs("command -v sox && command -v lame"))
		skip();
	assert_true(runs("sox -n -r 44100 -c 2 -b 16 tone.wav synth 3.21 sine 440"));
	assert_int_equal(measured_file("tone.wav").samples, 141561);
	struct audio_info mp3, back;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		lame_there_and_back(options[i], &mp3, &back);
		assert_int_equal(mp3.samples, back.samples);
	}
	lame_there_and_back("-b 128", &mp3, &back);
	assert_int_equal(mp3.samples, 141561);
}

static void test_files_without_a_tag_play_whole_frames(void **state)
{
	(void)state;
	enum { DECODER_DELAY = 529 }; /* samples, which this decoder leaves out */
	static const char *const options[] = { "-b 128", "-V 4", "--resample 24 -b 48",
					       "--resample 16 -b 32", "--resample 8 -b 8" };
	if (!runs("command -v sox && command -v lame"))
		skip();
	assert_true(runs("sox -n -r 44100 -c 2 -b 16 tone.wav synth 2 sine 440"));
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		struct audio_info mp3, back;
		cleanup(cleanup_free) char *tagless = mem_printf("-t %s", options[i]);
		lame_there_and_back(tagless, &mp3, &back);
		assert_int_equal(mp3.samples, back.samples + DECODER_DELAY);
	}
}

static void test_streamed_wav_of_espeak(void **state)
{
	(void)state;
	if (!runs("command -v espeak-ng"))
		skip();
	assert_true(runs("espeak-ng -w tone.wav 'one two three' 2>&1"));
	assert_true(runs("espeak-ng --stdout 'one two three' | cat >pipe.wav"));
	struct audio_info file = measured_file("tone.wav"), pipe = measured_file("pipe.wav");
	assert_true(file.duration_sec > 0.5);
	assert_int_equal(pipe.samples, file.samples);
	assert_false(pipe.truncated);
}

static void test_streamed_wav_of_sox(void **state)
{
	(void)state;
	if (!runs("command -v sox"))
		skip();
	assert_true(runs("sox -n -r 24000 -b 24 -c 2 -t wav - synth 0.5 sine 440 2>/dev/null "
			 "| cat >pipe.wav"));
	struct audio_info info = measured_file("pipe.wav");
	assert_int_equal(info.samples, 12000);
	assert_int_equal(info.bits, 24);
	assert_false(info.truncated);
}

#define WITH_SCRATCH(f) cmocka_unit_test_setup_teardown(f, enter_scratch, leave_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sniff_by_first_bytes),
		cmocka_unit_test(test_sniff_wants_a_second_frame),
		cmocka_unit_test(test_sniff_passes_over_some_junk),
		cmocka_unit_test(test_text_cut_inside_a_character),
		cmocka_unit_test(test_every_format_has_its_names),
		cmocka_unit_test(test_measure_mp3_and_wav),
		cmocka_unit_test(test_measure_says_what_it_cannot_measure),
		cmocka_unit_test(test_measure_refuses_a_day),
		cmocka_unit_test(test_measure_reports_a_file_that_cannot_be_read),
		cmocka_unit_test(test_normalize_leaves_a_good_mp3_alone),
		cmocka_unit_test(test_normalize_drops_a_cut_frame),
		cmocka_unit_test(test_normalize_repairs_wav),
		cmocka_unit_test(test_normalize_wraps_pcm),
		cmocka_unit_test(test_normalize_takes_a_wav_where_pcm_was_asked_for),
		cmocka_unit_test(test_normalize_takes_pcm_for_nothing_else),
		cmocka_unit_test(test_normalize_refuses_another_format),
		cmocka_unit_test(test_normalize_quotes_a_text),
		cmocka_unit_test(test_normalize_quotes_200_characters),
		cmocka_unit_test(test_normalize_refuses_silence),
		cmocka_unit_test(test_normalize_refuses_damage),
		WITH_SCRATCH(test_lame_files_play_as_long_as_they_decode),
		WITH_SCRATCH(test_files_without_a_tag_play_whole_frames),
		WITH_SCRATCH(test_streamed_wav_of_espeak),
		WITH_SCRATCH(test_streamed_wav_of_sox),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
