/* Where audio is written to: a file, from its beginning on, through a buffer of 64 KB. */
#pragma once
#include "jobs/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct audio_sink {
	int fd;          /* borrowed */
	uint64_t length; /* bytes written so far, those in the buffer included; where it goes on */
	uint8_t *buffer;
	size_t filled;
	int error; /* errno of the first write that failed, 0 for none */
};

struct audio_sink sink_file(int fd);

/* Appends. A failed write is remembered in s->error; check it by sink_flush, once, at the end. */
void sink_add(struct audio_sink *s, const void *bytes, size_t n);

/* Appends `n` times the same byte. */
void sink_fill(struct audio_sink *s, uint8_t byte, uint64_t n);

/* Writes what is in the buffer; ERR_UNAVAILABLE where that or an earlier write failed. */
must_check struct err *sink_flush(struct audio_sink *s);

/* Writes over what has been appended at `offset` before; after sink_flush. */
must_check struct err *sink_rewrite(struct audio_sink *s, uint64_t offset, const void *bytes,
				    size_t n);

/* Frees the buffer; the file stays open. */
void sink_clear(struct audio_sink *s);
