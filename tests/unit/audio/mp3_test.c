#include "jobs/audio/mp3.h"

#include "tests/unit/audio/fixture.h"

static struct audio_info measured(const struct buf *b)
{
	struct audio_source s = over(b);
	struct audio_info info = { 0 };
	assert_ok(mp3_measure(&s, &info));
	return info;
}

static bool parses(uint32_t header, struct mp3_frame *f)
{
	const uint8_t bytes[4] = { header >> 24, header >> 16 & 255, header >> 8 & 255,
				   header & 255 };
	return mp3_parse_header(bytes, f);
}

static void test_headers_of_provider_formats(void **state)
{
	(void)state;
	static const struct {
		uint32_t header, length, rate, kbps, samples, channels;
	} want[] = {
		{ 0xfffb90c4, 417, 44100, 128, 1152, 1 },  { 0xfffb92c4, 418, 44100, 128, 1152, 1 },
		{ 0xfffbb0c4, 626, 44100, 192, 1152, 1 },  { 0xfffbb2c4, 627, 44100, 192, 1152, 1 },
		{ 0xfffb50c4, 208, 44100, 64, 1152, 1 },   { 0xfffb52c4, 209, 44100, 64, 1152, 1 },
		{ 0xfff340c4, 104, 22050, 32, 576, 1 },    { 0xfff342c4, 105, 22050, 32, 576, 1 },
		{ 0xfff364c4, 144, 24000, 48, 576, 1 },    { 0xfff3a4c4, 288, 24000, 96, 576, 1 },
		{ 0xfff3e4c4, 480, 24000, 160, 576, 1 },   { 0xfffb74c4, 288, 48000, 96, 1152, 1 },
		{ 0xfffbb4c4, 576, 48000, 192, 1152, 1 },  { 0xfff348c4, 144, 16000, 32, 576, 1 },
		{ 0xfff388c4, 288, 16000, 64, 576, 1 },    { 0xfff3c8c4, 576, 16000, 128, 576, 1 },
		{ 0xffe318c4, 72, 8000, 8, 576, 1 },       { 0xffe3e8c4, 1440, 8000, 160, 576, 1 },
		{ 0xfffbea04, 1441, 32000, 320, 1152, 2 }, { 0xfffa9044, 417, 44100, 128, 1152, 2 },
		{ 0xfffb9084, 417, 44100, 128, 1152, 2 },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		struct mp3_frame f;
		assert_true(parses(want[i].header, &f));
		assert_int_equal(f.header, want[i].header);
		assert_int_equal(f.length, want[i].length);
		assert_int_equal(f.rate, want[i].rate);
		assert_int_equal(f.bitrate, want[i].kbps * 1000);
		assert_int_equal(f.samples, want[i].samples);
		assert_int_equal(f.channels, want[i].channels);
	}
}

static void test_what_is_no_header(void **state)
{
	(void)state;
	static const uint32_t headers[] = {
		0xfffbf0c4, /* bitrate 15 */
		0xfffb00c4, /* free format */
		0xfffb9cc4, /* rate 3 */
		0xffeb90c4, /* reserved version */
		0xfffd90c4, /* layer II */
		0xffff90c4, /* layer I */
		0xfff990c4, /* layer 0: AAC */
		0xff7b90c4, /* ten sync bits */
		0xffdb90c4, 0x00000000, 0xffffffff,
	};
	struct mp3_frame f;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		assert_false(parses(headers[i], &f));
}

static void test_no_header_states_a_length_out_of_bounds(void **state)
{
	(void)state;
	for (uint32_t low = 0; low <= 0x1fffff; low += 0x40) {
		struct mp3_frame f;
		if (!parses(0xffe00000 | low, &f))
			continue;
		assert_in_range(f.length, 24, MP3_MAX_FRAME);
		assert_in_range(f.rate, 8000, 48000);
	}
}

static void test_duration_is_frames_times_samples(void **state)
{
	(void)state;
	static const struct {
		uint32_t header, length;
		int frames;
		double seconds;
	} want[] = {
		{ SILENT_24K, 100, 2.4 },           { 0xfff364c4, 144, 2, 0.048 },
		{ 0xfffb74c4, 288, 1000, 24.0 },    { 0xfff348c4, 144, 250, 9.0 },
		{ 0xfffb90c4, 417, 44100, 1152.0 }, { 0xffe318c4, 72, 125, 9.0 },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_frames(&b, want[i].header, want[i].length, want[i].frames);
		struct audio_info info = measured(&b);
		assert_true(info.duration_sec == want[i].seconds);
		assert_int_equal(info.frames, want[i].frames);
		assert_int_equal(info.samples, (uint64_t)(want[i].seconds * info.rate));
		assert_int_equal(info.data_offset, 0);
		assert_int_equal(info.data_length, b.len);
		assert_false(info.truncated);
	}
}

static void test_variable_bitrate_without_a_tag(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	for (int i = 0; i < 50; i++) {
		add_frames(&b, 0xfff364c4, 144, 1);
		add_frames(&b, 0xfff3a4c4, 288, 1);
	}
	struct audio_info info = measured(&b);
	assert_true(info.duration_sec == 2.4);
	assert_int_equal(info.bitrate, 72000);
}

static void test_tags_around_the_audio(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_id3v2(&b, 0, 35, 35);
	add_id3v2(&b, 0x10, 300, 310); /* with a footer */
	buf_adds(&b, "APETAGEX");
	add_le32(&b, 2000);
	add_le32(&b, 40); /* items and footer */
	add_le32(&b, 0);
	add_le32(&b, 1u << 31 | 1u << 29); /* this is the header */
	add_zeros(&b, 8 + 40);
	size_t start = b.len;
	add_frames(&b, SILENT_24K, 10);
	add_zeros(&b, 20); /* an APE item */
	buf_adds(&b, "APETAGEX");
	add_le32(&b, 2000);
	add_le32(&b, 52);
	add_le32(&b, 1);
	add_le32(&b, 0);
	add_zeros(&b, 8);
	buf_adds(&b, "TAG");
	add_frames(&b, 0xfff364c4, 125, 1); /* what looks like a frame in an ID3v1 is none */
	struct audio_source s = over(&b);
	assert_int_equal(mp3_skip_tags(&s, 0), start);
	assert_int_equal(mp3_start(&s).end, start + 1440);
	struct audio_info info = measured(&b);
	assert_int_equal(info.data_offset, start);
	assert_int_equal(info.data_length, 1440);
	assert_int_equal(info.frames, 10);
	assert_false(info.truncated);
}

static void test_ape_tag_with_a_header_at_the_end(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_frames(&b, SILENT_24K, 10);
	add_zeros(&b, 32 + 20); /* its header and an item, which are not looked at from here */
	buf_adds(&b, "APETAGEX");
	add_le32(&b, 2000);
	add_le32(&b, 52);
	add_le32(&b, 1);
	add_le32(&b, 1u << 31);
	add_zeros(&b, 8);
	struct audio_source s = over(&b);
	assert_int_equal(mp3_start(&s).end, 1440);

	b.data[1440 + 52 + 12 + 3] = 0x7f; /* 2 GB long: no tag */
	assert_int_equal(mp3_start(&s).end, b.len);
}

static void test_tags_between_joined_files(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_id3v2(&b, 0, 35, 35);
	add_frames(&b, SILENT_24K, 3);
	add_id3v2(&b, 0, 300, 300);
	add_frames(&b, SILENT_24K, 4);
	assert_int_equal(measured(&b).frames, 7);
}

static void test_id3_that_lies_about_its_size(void **state)
{
	(void)state;
	static const uint32_t stated[] = { 0, 10, 5000, 0xfffffff };
	for (size_t i = 0; i < sizeof(stated) / sizeof(*stated); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_id3v2(&b, 0, stated[i], 100);
		add_frames(&b, SILENT_24K, 20);
		assert_int_equal(measured(&b).frames, 20);
	}
}

static void test_junk_is_passed_over(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	buf_adds(&b, "junk \xff\xf3\x64\xc4 with a header that nothing follows");
	add_frames(&b, SILENT_24K, 5);
	buf_adds(&b, "more junk \xff\xf3\x64\xc4 with a header of this very stream");
	add_zeros(&b, 150);
	add_frames(&b, SILENT_24K, 6);
	add_zeros(&b, 1000);
	struct audio_info info = measured(&b);
	assert_int_equal(info.frames, 11);
	assert_false(info.truncated);
}

static void test_pieces_of_two_rates_count_at_their_own(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_frames(&b, SILENT_24K, 100);
	add_frames(&b, 0xfffb74c4, 288, 100);
	struct audio_info info = measured(&b);
	assert_true(info.duration_sec == 4.8);
	assert_int_equal(info.rate, 24000);
}

/* An info frame: its header, side info, then a Xing tag with all fields and a LAME block. */
static void add_xing(struct buf *b, uint32_t header, size_t length, size_t side_info,
		     uint32_t frames, const char *encoder)
{
	size_t end = b->len + length;
	add_be32(b, header);
	add_zeros(b, side_info);
	buf_adds(b, "Info");
	add_be32(b, 15);
	add_be32(b, frames);
	add_zeros(b, 4 + 100 + 4);
	buf_add(b, encoder, 4);
	add_zeros(b, 17);
	buf_add(b, (uint8_t[]){ 0x24, 0x01, 0xc8 }, 3); /* delay 576, padding 456 */
	add_zeros(b, end - b->len);
}

static void test_info_frame_is_not_audio(void **state)
{
	(void)state;
	static const struct {
		uint32_t header;
		size_t length, side_info;
	} want[] = {
		{ 0xfffb90c4, 417, 17 },     /* MPEG1 mono */
		{ 0xfffb9004, 417, 32 },     /* stereo */
		{ 0xfffa9004, 417, 32 + 2 }, /* stereo with a checksum */
		{ 0xfffa9004, 417, 32 },     /* the same, as LAME writes it */
		{ 0xfff3a4c4, 288, 9 },      /* MPEG2 mono */
		{ 0xfff3a404, 288, 17 },     /* stereo */
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_xing(&b, want[i].header, want[i].length, want[i].side_info, 8, "none");
		add_frames(&b, want[i].header, want[i].length, 8);
		struct audio_info info = measured(&b);
		assert_int_equal(info.frames, 8);
		assert_int_equal(info.data_offset, want[i].length);
		assert_int_equal(info.data_length, 8 * want[i].length);
	}
}

static void test_vbri_frame_is_not_audio(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_be32(&b, 0xfffba004); /* 160 kbit/s stereo, as this encoder marks it whatever follows */
	add_zeros(&b, 32);
	buf_adds(&b, "VBRI");
	add_zeros(&b, 10);
	add_be32(&b, 9);
	add_zeros(&b, 522 - b.len);
	add_frames(&b, SILENT_44K, 9);
	struct audio_source s = over(&b);
	struct mp3_walk walk = mp3_start(&s);
	assert_int_equal(walk.at, 522);
	assert_int_equal(walk.info.frames, 9);
	struct audio_info info = measured(&b);
	assert_int_equal(info.frames, 9);
	assert_int_equal(info.channels, 1);
}

static void test_info_frame_in_the_middle_plays(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	for (int i = 0; i < 2; i++) {
		add_xing(&b, SILENT_44K, 17, 5, "LAME");
		add_frames(&b, SILENT_44K, 5);
	}
	struct audio_info info = measured(&b);
	assert_int_equal(info.frames, 11);
	assert_int_equal(info.samples, 11 * 1152);
}

static void test_lame_delay_and_padding_are_not_played(void **state)
{
	(void)state;
	static const struct {
		const char *encoder;
		uint32_t frames;
		uint64_t samples;
	} want[] = {
		{ "LAME", 10, 11520 - 576 - 456 },
		{ "Lavc", 10, 11520 - 576 - 456 },
		{ "Lavf", 10, 11520 - 576 - 456 },
		{ "Gogo", 10, 11520 }, /* another encoder's bytes mean something else */
		{ "LAME", 11, 11520 }, /* cut file */
		{ "LAME", 5, 11520 },  /* joined file */
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_xing(&b, SILENT_44K, 17, want[i].frames, want[i].encoder);
		add_frames(&b, SILENT_44K, 10);
		struct audio_info info = measured(&b);
		assert_int_equal(info.samples, want[i].samples);
		assert_int_equal(info.frames, 10);
	}
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	enum { TAG = 45, FRAME = 144 };
	cleanup(buf_clear) struct buf b = fixture();
	add_id3v2(&b, 0, TAG - 10, TAG - 10);
	add_frames(&b, SILENT_24K, 4);
	for (size_t cut = 0; cut <= b.len; cut++) {
		cleanup(audio_bytes_clear) struct audio_bytes part = copy_of(&b, cut);
		struct audio_source s = source_memory(part.data, part.len);
		struct audio_info info = { 0 };
		cleanup(cleanup_err) struct err *e = mp3_measure(&s, &info);
		assert_int_equal(!e, cut >= TAG + FRAME + MP3_HEADER);
		if (e)
			continue;
		assert_int_equal(info.frames, (cut - TAG) / FRAME);
		assert_int_equal(info.truncated, (cut - TAG) % FRAME != 0);
		assert_int_equal(info.data_offset + info.data_length, cut - (cut - TAG) % FRAME);
	}
}

static void test_nothing_is_found_in_noise(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	uint32_t seed = 1;
	for (int i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_add(&b, &(uint8_t){ seed >> 24 }, 1);
	}
	struct audio_source s = over(&b);
	struct audio_info info;
	assert_err(mp3_measure(&s, &info), ERR_INVALID, "no audio frame");
}

/* Fills 4 MB with a pattern and bounds what the walk looks at: linear, whatever the bytes. */
static void test_hostile_input_costs_linear_time(void **state)
{
	(void)state;
	static const struct {
		char bytes[40];
		size_t len;
	} patterns[] = {
		{ "\xff", 1 },
		{ "\xff\xfb\x90\xc4\x00", 5 },       /* headers that nothing confirms */
		{ "\xff\xfb\xe0\x04", 4 },           /* one that does, at each of them */
		{ "\xff\xe3\x14\xc4", 4 },           /* the shortest frame */
		{ "ID3\4\0\0\0\0\0\0", 10 },         /* empty tags in a row */
		{ "ID3\4\0\0\x7f\x7f\x7f\x7f", 10 }, /* each claims 256 MB */
		{ "APETAGEX\xd0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\xa0", 32 },
	};
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		while (b.len < 4 << 20)
			buf_add(&b, patterns[i].bytes, patterns[i].len);
		struct audio_source s = over(&b);
		struct audio_info info;
		err_free(mp3_measure(&s, &info));
		assert_in_range(s.lookups, 1, 3 * b.len);
	}
}

static void test_large_file_is_read_once(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	for (int i = 0; i < 25; i++) {
		size_t start = b.len;
		add_zeros(&b, 1 << 20);
		memset(b.data + start, 0xff, 1 << 20);
	}
	FILE *f = file_of(&b);
	struct audio_source s = source_file(fileno(f), 0, b.len);
	struct audio_info info;
	assert_err(mp3_measure(&s, &info), ERR_INVALID, "no audio frame");
	assert_in_range(s.reads, 1, b.len / (SOURCE_WINDOW - MP3_MAX_FRAME) + 8);
	assert_in_range(s.lookups, b.len, 2 * b.len);
	source_clear(&s);
	fclose(f);
}

static void test_file_and_memory_agree(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_id3v2(&b, 0, 35, 35);
	for (int i = 0; i < 500; i++) { /* frames and junk across many windows */
		add_frames(&b, SILENT_44K, 3);
		add_zeros(&b, (size_t)i % 97);
	}
	FILE *f = file_of(&b);
	struct audio_source file = source_file(fileno(f), 0, b.len);
	struct audio_info from_file = { 0 }, from_memory = measured(&b);
	assert_ok(mp3_measure(&file, &from_file));
	assert_int_equal(from_memory.frames, 1500);
	assert_int_equal(from_file.frames, 1500);
	assert_int_equal(from_file.data_length, from_memory.data_length);
	assert_in_range(file.reads, 9, 16);
	source_clear(&file);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_of_provider_formats),
		cmocka_unit_test(test_what_is_no_header),
		cmocka_unit_test(test_no_header_states_a_length_out_of_bounds),
		cmocka_unit_test(test_duration_is_frames_times_samples),
		cmocka_unit_test(test_variable_bitrate_without_a_tag),
		cmocka_unit_test(test_tags_around_the_audio),
		cmocka_unit_test(test_ape_tag_with_a_header_at_the_end),
		cmocka_unit_test(test_tags_between_joined_files),
		cmocka_unit_test(test_id3_that_lies_about_its_size),
		cmocka_unit_test(test_junk_is_passed_over),
		cmocka_unit_test(test_pieces_of_two_rates_count_at_their_own),
		cmocka_unit_test(test_info_frame_is_not_audio),
		cmocka_unit_test(test_vbri_frame_is_not_audio),
		cmocka_unit_test(test_info_frame_in_the_middle_plays),
		cmocka_unit_test(test_lame_delay_and_padding_are_not_played),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_nothing_is_found_in_noise),
		cmocka_unit_test(test_hostile_input_costs_linear_time),
		cmocka_unit_test(test_large_file_is_read_once),
		cmocka_unit_test(test_file_and_memory_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
