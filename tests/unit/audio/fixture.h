/* Builders of small audio files, byte by byte, for the tests of jobs/audio. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* expects those above it */

#include "jobs/audio/audio.h"
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Header and length of silent frames: 24 kHz, 48 kbit/s and 44.1 kHz, 128 kbit/s, both mono. */
#define SILENT_24K 0xfff364c4u, 144
#define SILENT_44K 0xfffb90c4u, 417

static inline struct buf fixture(void)
{
	return BUF((size_t)64 << 20);
}

static inline void add_zeros(struct buf *b, size_t n)
{
	static const char zeros[4096];
	for (size_t part; n > 0; n -= part) {
		part = n < sizeof(zeros) ? n : sizeof(zeros);
		buf_add(b, zeros, part);
	}
}

static inline void add_be32(struct buf *b, uint32_t v)
{
	buf_add(b, (uint8_t[]){ v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255 }, 4);
}

static inline void add_le32(struct buf *b, uint32_t v)
{
	buf_add(b, (uint8_t[]){ v & 255, v >> 8 & 255, v >> 16 & 255, v >> 24 }, 4);
}

static inline void add_le16(struct buf *b, uint16_t v)
{
	buf_add(b, (uint8_t[]){ v & 255, v >> 8 }, 2);
}

static inline void add_frames(struct buf *b, uint32_t header, size_t length, int count)
{
	for (int i = 0; i < count; i++) {
		add_be32(b, header);
		add_zeros(b, length - 4);
	}
}

/* An ID3v2.4 tag whose header states `stated` bytes before `body` zero bytes. */
static inline void add_id3v2(struct buf *b, uint8_t flags, uint32_t stated, size_t body)
{
	buf_add(b, (uint8_t[]){ 'I', 'D', '3', 4, 0, flags }, 6);
	buf_add(b,
		(uint8_t[]){ stated >> 21 & 127, stated >> 14 & 127, stated >> 7 & 127,
			     stated & 127 },
		4);
	add_zeros(b, body);
}

static inline void add_chunk(struct buf *b, const char *id, uint32_t declared)
{
	buf_add(b, id, 4);
	add_le32(b, declared);
}

/* RIFF, WAVE and a fmt chunk of 16 bytes. */
static inline void add_riff(struct buf *b, uint16_t encoding, uint16_t channels, uint16_t bits,
			    uint32_t rate)
{
	add_chunk(b, "RIFF", 0);
	buf_adds(b, "WAVE");
	add_chunk(b, "fmt ", 16);
	add_le16(b, encoding);
	add_le16(b, channels);
	add_le32(b, rate);
	add_le32(b, rate * channels * bits / 8);
	add_le16(b, (uint16_t)(channels * bits / 8));
	add_le16(b, bits);
}

/* 16-bit samples 1, 2, 3, ... so that a shifted or lost byte shows. */
static inline void add_samples(struct buf *b, int count)
{
	for (int i = 1; i <= count; i++)
		add_le16(b, (uint16_t)i);
}

static inline struct audio_source over(const struct buf *b)
{
	return source_memory(b->data, b->len);
}

/* A copy of exactly `len` bytes, so that the address sanitizer sees a read past them. */
static inline struct audio_bytes copy_of(const struct buf *b, size_t len)
{
	struct audio_bytes copy = { mem_alloc(len), len };
	if (len > 0)
		memcpy(copy.data, b->data, len);
	return copy;
}

/* An unlinked file with the fixture in it; closed by fclose. */
static inline FILE *file_of(const struct buf *b)
{
	FILE *f = tmpfile();
	assert_non_null(f);
	assert_int_equal(fwrite(b->data, 1, b->len, f), b->len);
	assert_int_equal(fflush(f), 0);
	return f;
}

static inline void assert_ok(struct err *e)
{
	if (e)
		fail_msg("%s", err_message(e));
}

/* Frees `e` after checking its kind and that its message holds `part`. */
static inline void assert_err(struct err *e, enum err_kind kind, const char *part)
{
	assert_non_null(e);
	if (!strstr(err_message(e), part))
		fail_msg("\"%s\" lacks \"%s\"", err_message(e), part);
	assert_int_equal(err_kind(e), kind);
	err_free(e);
}

static inline void assert_near(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("%g is not within %g of %g", got, tolerance, want);
}
