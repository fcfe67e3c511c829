#include "jobs/audio/wav.h"

#include "tests/unit/audio/fixture.h"

static struct wav parsed(const struct buf *b)
{
	struct audio_source s = over(b);
	struct wav w = { 0 };
	assert_ok(wav_parse(&s, &w));
	return w;
}

static void assert_no_wav(const struct buf *b, const char *part)
{
	struct audio_source s = over(b);
	struct wav w;
	assert_err(wav_parse(&s, &w), ERR_INVALID, part);
}

static void test_encodings(void **state)
{
	(void)state;
	static const struct {
		uint16_t encoding, bits, channels;
		bool good;
	} want[] = {
		{ WAV_PCM, 8, 1, true },     { WAV_PCM, 16, 1, true },
		{ WAV_PCM, 16, 2, true },    { WAV_PCM, 24, 2, true },
		{ WAV_PCM, 32, 1, true },    { WAV_FLOAT, 32, 1, true },
		{ WAV_FLOAT, 64, 2, true },  { WAV_ALAW, 8, 1, true },
		{ WAV_MULAW, 8, 1, true },   { WAV_PCM, 12, 1, false },
		{ WAV_PCM, 0, 1, false },    { WAV_FLOAT, 16, 1, false },
		{ WAV_MULAW, 16, 1, false }, { 0x11, 4, 1, false },
		{ 0x55, 0, 1, false },       { WAV_PCM, 16, 0, false },
		{ WAV_PCM, 16, 999, false }, { 0xfffe, 16, 1, false },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_riff(&b, want[i].encoding, want[i].channels, want[i].bits, 8000);
		add_chunk(&b, "data", 4800);
		add_zeros(&b, 4800);
		struct audio_source s = over(&b);
		struct audio_info info = { 0 };
		cleanup(cleanup_err) struct err *e = wav_measure(&s, &info);
		assert_int_equal(!e, want[i].good);
		if (e)
			continue;
		uint64_t samples = 4800 / (want[i].channels * want[i].bits / 8);
		assert_int_equal(info.samples, samples);
		assert_true(info.duration_sec == (double)samples / 8000);
		assert_int_equal(info.bitrate, 8000 * want[i].channels * want[i].bits);
		assert_int_equal(info.bits, want[i].bits);
		assert_int_equal(info.channels, want[i].channels);
	}
}

static void test_format_chunk_of_18_bytes(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_riff(&b, WAV_PCM, 1, 16, 24000);
	b.data[16] = 18;
	add_le16(&b, 0);
	add_chunk(&b, "data", 200);
	add_samples(&b, 100);
	struct wav w = parsed(&b);
	assert_int_equal(w.data_offset, 46);
	assert_int_equal(w.data_length, 200);
}

static void test_format_chunk_of_40_bytes(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_riff(&b, 0xfffe, 1, 32, 24000);
	b.data[16] = 40;
	add_le16(&b, 22);
	add_le16(&b, 32);
	add_le32(&b, 4);
	add_le16(&b, WAV_FLOAT);
	buf_add(&b, "\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 14);
	add_chunk(&b, "data", 200);
	add_zeros(&b, 200);
	struct wav w = parsed(&b);
	assert_int_equal(w.format.encoding, WAV_FLOAT);
	assert_int_equal(w.data_offset, 68);
}

static void test_other_chunks_come_first(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_riff(&b, WAV_PCM, 1, 16, 24000);
	add_chunk(&b, "fact", 4);
	add_le32(&b, 100);
	add_chunk(&b, "LIST", 5); /* odd: one byte of padding */
	add_zeros(&b, 6);
	add_chunk(&b, "data", 200);
	size_t start = b.len;
	add_samples(&b, 100);
	add_chunk(&b, "LIST", 4);
	add_zeros(&b, 4);
	struct wav w = parsed(&b);
	assert_int_equal(w.data_offset, start);
	assert_int_equal(w.data_length, 200);
	assert_false(w.truncated);
}

static void test_declared_sizes(void **state)
{
	(void)state;
	static const struct {
		uint32_t declared, length;
		bool truncated;
	} want[] = {
		{ 200, 200, false },        { 100, 100, false },        { 101, 100, false },
		{ 0, 200, false },          { 0x7fffffff, 200, false }, { 0x7fffffdb, 200, false },
		{ 0x7fffeffc, 200, false }, { 0xffffffff, 200, false }, { 0x80000000, 200, false },
		{ 202, 200, true },         { 0x7ffeffff, 200, true },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_riff(&b, WAV_PCM, 1, 16, 24000);
		add_chunk(&b, "data", want[i].declared);
		add_samples(&b, 100);
		buf_add(&b, "", want[i].declared == 0); /* half a sample is not counted */
		struct wav w = parsed(&b);
		assert_int_equal(w.data_length, want[i].length);
		assert_int_equal(w.truncated, want[i].truncated);
	}
}

static void test_what_is_no_wav(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	assert_no_wav(&b, "not a WAV");
	buf_adds(&b, "RIFF    AVI LIST");
	assert_no_wav(&b, "not a WAV");

	cleanup(buf_clear) struct buf no_data = fixture();
	add_riff(&no_data, WAV_PCM, 1, 16, 24000);
	assert_no_wav(&no_data, "no samples");

	cleanup(buf_clear) struct buf no_format = fixture();
	buf_adds(&no_format, "RIFF    WAVE");
	add_chunk(&no_format, "data", 4);
	add_zeros(&no_format, 4);
	assert_no_wav(&no_format, "no format chunk");

	cleanup(buf_clear) struct buf adpcm = fixture();
	add_riff(&adpcm, 0x11, 1, 4, 24000);
	add_chunk(&adpcm, "data", 4);
	add_zeros(&adpcm, 4);
	assert_no_wav(&adpcm, "format 0x0011, 4 bits");

	cleanup(buf_clear) struct buf rate = fixture();
	add_riff(&rate, WAV_PCM, 1, 16, 4000000000);
	assert_no_wav(&rate, "4000000000 Hz");
}

static void test_chunk_sizes_that_overflow(void **state)
{
	(void)state;
	static const uint32_t sizes[] = { 0xffffffff, 0xfffffffe, 0x7fffffff, 0xfffffff8, 1000 };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_riff(&b, WAV_PCM, 1, 16, 24000);
		add_chunk(&b, "LIST", sizes[i]);
		add_chunk(&b, "data", 4);
		add_zeros(&b, 4);
		assert_no_wav(&b, "no samples");
	}
	for (uint32_t size = 0; size < 16; size++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_riff(&b, WAV_PCM, 1, 16, 24000);
		b.data[16] = (char)size;
		assert_no_wav(&b, "cut off");
	}
}

static void test_many_chunks_cost_linear_time(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	buf_adds(&b, "RIFF    WAVE");
	while (b.len < 4 << 20)
		add_chunk(&b, "junk", 0);
	FILE *f = file_of(&b);
	struct audio_source s = source_file(fileno(f), 0, b.len);
	struct wav w;
	assert_err(wav_parse(&s, &w), ERR_INVALID, "no samples");
	assert_in_range(s.lookups, 1, b.len / 8 + 2);
	assert_in_range(s.reads, 1, b.len / SOURCE_WINDOW + 2);
	source_clear(&s);
	fclose(f);
}

static void test_header_bytes(void **state)
{
	(void)state;
	static const char want[] = "RIFF\xec\0\0\0WAVE"
				   "fmt \x10\0\0\0"
				   "\1\0\2\0"        /* PCM, two channels */
				   "\xc0\x5d\0\0"    /* 24000 Hz */
				   "\x80\x32\2\0"    /* 144000 bytes a second */
				   "\6\0\x18\0"      /* 6 bytes, 24 bits a sample */
				   "data\xc8\0\0\0"; /* 200 bytes */
	uint8_t out[WAV_HEADER];
	wav_header(out, &(struct wav_format){ WAV_PCM, 2, 24, 24000 }, 200);
	assert_memory_equal(out, want, WAV_HEADER);
}

/* Checks a plain header of `samples` 16-bit mono samples, and that they are 1, 2, 3, ... */
static void assert_plain(const struct audio_bytes *bytes, int samples)
{
	cleanup(buf_clear) struct buf want = fixture();
	add_riff(&want, WAV_PCM, 1, 16, 24000);
	add_chunk(&want, "data", (uint32_t)samples * 2);
	add_samples(&want, samples);
	put_le32((uint8_t *)want.data + 4, (uint32_t)want.len - 8);
	assert_int_equal(bytes->len, want.len);
	assert_memory_equal(bytes->data, want.data, want.len);
}

static void test_wrap_puts_a_header_before_pcm(void **state)
{
	(void)state;
	const struct wav_format f = { WAV_PCM, 1, 16, 24000 };
	for (int odd = 0; odd < 2; odd++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_samples(&b, 100);
		cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len - odd);
		assert_ok(wav_wrap(&bytes, &f));
		assert_plain(&bytes, 100 - odd);
	}
	cleanup(audio_bytes_clear) struct audio_bytes none = { 0 };
	assert_ok(wav_wrap(&none, &f));
	assert_plain(&none, 0);
}

static void test_odd_length_is_padded(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	buf_adds(&b, "abc");
	cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
	assert_ok(wav_wrap(&bytes, &(struct wav_format){ WAV_MULAW, 1, 8, 8000 }));
	assert_int_equal(bytes.len, WAV_HEADER + 4);
	assert_int_equal(le32(bytes.data + 4), 36 + 4);
	assert_int_equal(le32(bytes.data + 40), 3);
	assert_memory_equal(bytes.data + WAV_HEADER, "abc", 4);
	assert_ok(wav_repair(&bytes));
	assert_int_equal(bytes.len, WAV_HEADER + 4);
}

static void test_repair_keeps_the_samples_only(void **state)
{
	(void)state;
	static const uint32_t declared[] = { 200, 0, 0x7fffffff, 0xffffffff, 5000 };
	for (size_t i = 0; i < sizeof(declared) / sizeof(*declared); i++) {
		cleanup(buf_clear) struct buf b = fixture();
		add_riff(&b, WAV_PCM, 1, 16, 24000);
		add_chunk(&b, "LIST", 26);
		add_zeros(&b, 26);
		add_chunk(&b, "data", declared[i]);
		add_samples(&b, 100);
		if (declared[i] == 200)
			add_chunk(&b, "LIST", 0);
		cleanup(audio_bytes_clear) struct audio_bytes bytes = copy_of(&b, b.len);
		assert_ok(wav_repair(&bytes));
		assert_plain(&bytes, 100);
		assert_ok(wav_repair(&bytes));
		assert_plain(&bytes, 100);
	}
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	cleanup(buf_clear) struct buf b = fixture();
	add_riff(&b, WAV_PCM, 1, 16, 24000);
	add_chunk(&b, "data", 20);
	add_samples(&b, 10);
	for (size_t cut = 0; cut <= b.len; cut++) {
		cleanup(audio_bytes_clear) struct audio_bytes part = copy_of(&b, cut);
		struct audio_source s = source_memory(part.data, part.len);
		struct wav w;
		cleanup(cleanup_err) struct err *e = wav_parse(&s, &w);
		assert_int_equal(!e, cut >= WAV_HEADER);
		if (e)
			continue;
		assert_int_equal(w.data_length, (cut - WAV_HEADER) / 2 * 2);
		assert_int_equal(w.truncated, cut < b.len);
		assert_ok(wav_repair(&part));
		assert_plain(&part, (int)(cut - WAV_HEADER) / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_format_chunk_of_18_bytes),
		cmocka_unit_test(test_format_chunk_of_40_bytes),
		cmocka_unit_test(test_other_chunks_come_first),
		cmocka_unit_test(test_declared_sizes),
		cmocka_unit_test(test_what_is_no_wav),
		cmocka_unit_test(test_chunk_sizes_that_overflow),
		cmocka_unit_test(test_many_chunks_cost_linear_time),
		cmocka_unit_test(test_header_bytes),
		cmocka_unit_test(test_wrap_puts_a_header_before_pcm),
		cmocka_unit_test(test_odd_length_is_padded),
		cmocka_unit_test(test_repair_keeps_the_samples_only),
		cmocka_unit_test(test_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
