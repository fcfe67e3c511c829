/*
 * Feeds strangers' bytes to audio_measure, quality_measure and audio_normalize. With libFuzzer:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu17 -D_GNU_SOURCE -I. \
 *		tests/fuzz/audio_fuzz.c jobs/audio/[a-z]*.c jobs/base/{buf,err,js,mem,utf8}.c
 *-lmpg123 …
 */
#include "jobs/audio/quality.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct audio_info *info, size_t size)
{
	assert(info->samples > 0 && info->frames > 0 && info->rate > 0 && info->channels > 0);
	assert(info->duration_sec > 0 && info->duration_sec < 24 * 60 * 60);
	assert(info->data_length > 0 && info->data_offset <= size);
	assert(info->data_length <= size - info->data_offset);
}

static void normalize(const uint8_t *data, size_t size, enum audio_format wanted, uint32_t rate)
{
	cleanup(audio_bytes_clear) struct audio_bytes bytes = { mem_alloc(size), size };
	memcpy(bytes.data, data, size);
	struct audio_info info = { 0 }, again = { 0 };
	cleanup(cleanup_err) struct err *e = audio_normalize(&bytes, wanted, rate, &info);
	if (e)
		return;
	assert(info.format == wanted);
	check(&info, bytes.len);
	struct audio_source s = source_memory(bytes.data, bytes.len);
	if (wanted == AUDIO_WAV) {
		cleanup(cleanup_err) struct err *broken = audio_measure(&s, &again);
		assert(!broken && again.samples == info.samples && !again.truncated);
	}
}

static void judge(struct audio_source *s, const struct audio_info *info)
{
	struct quality q;
	cleanup(cleanup_err) struct err *e = quality_measure(s, info, &q);
	assert(e || (!isnan(q.peak_db) && !isnan(q.rms_db) && q.rms_db <= q.peak_db + 0.01));
	assert(e || (q.leading_sec <= q.measured_sec && q.trailing_sec <= q.measured_sec));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audio_source s = source_memory(data, size);
	struct audio_info info = { 0 };
	cleanup(cleanup_err) struct err *e = audio_measure(&s, &info);
	if (!e) {
		check(&info, size);
		judge(&s, &info);
	}
	normalize(data, size, AUDIO_MP3, 0);
	normalize(data, size, AUDIO_WAV, 0);
	normalize(data, size, AUDIO_WAV, 24000);
	return 0;
}
