/*
 * Where audio is read from: memory, or a range of a file seen through a window of 64 KB, so that
 * a large upload is walked without ever being in memory.
 *
 * The file is read, not mapped: somebody who truncates a mapped file kills its reader.
 */
#pragma once
#include "jobs/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { SOURCE_WINDOW = 64 * 1024 };

struct audio_source {
	uint64_t length;      /* bytes; offsets below count from 0 to this */
	const uint8_t *bytes; /* of a memory source, borrowed */
	int fd;               /* of a file source, borrowed; -1 for memory */
	uint64_t base;        /* where the range begins in the file */
	uint8_t *window;
	uint64_t window_at;
	size_t window_len;
	int error;               /* errno of the first read that failed, 0 for none */
	uint64_t lookups, reads; /* calls of source_at and of pread: what a walk has cost */
};

/* A source over `len` bytes at `bytes`, which must outlive it. */
struct audio_source source_memory(const void *bytes, size_t len);

/* A source over `length` bytes of `fd` from `offset` on. The caller closes `fd`, after
 * source_clear. */
struct audio_source source_file(int fd, uint64_t offset, uint64_t length);

/*
 * `n` bytes (1 to SOURCE_WINDOW) at `offset`, valid until the next call; NULL where they are not
 * all inside the source. A failed read is NULL too, then and ever after, and sets s->error: check
 * that once, at the end. A file shorter than its range fails with ENODATA.
 */
const uint8_t *source_at(struct audio_source *s, uint64_t offset, size_t n);

/* ERR_UNAVAILABLE where a read has failed. */
must_check struct err *source_check(const struct audio_source *s);

/* Frees the window. */
void source_clear(struct audio_source *s);
