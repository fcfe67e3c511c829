#include "jobs/audio/sink.h"

#include "jobs/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024 };

struct audio_sink sink_file(int fd)
{
	return (struct audio_sink){ .fd = fd, .buffer = mem_alloc(BUFFER) };
}

static void write_all(struct audio_sink *s, uint64_t offset, const uint8_t *bytes, size_t n)
{
	while (n > 0 && !s->error) {
		ssize_t w = pwrite(s->fd, bytes, n, (off_t)offset);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			s->error = w < 0 ? errno : ENOSPC;
			return;
		}
		bytes += w;
		offset += (uint64_t)w;
		n -= (size_t)w;
	}
}

static void empty(struct audio_sink *s)
{
	write_all(s, s->length - s->filled, s->buffer, s->filled);
	s->filled = 0;
}

void sink_add(struct audio_sink *s, const void *bytes, size_t n)
{
	for (const uint8_t *from = bytes; n > 0;) {
		size_t part = n < BUFFER - s->filled ? n : BUFFER - s->filled;
		memcpy(s->buffer + s->filled, from, part);
		s->filled += part;
		s->length += part;
		from += part;
		n -= part;
		if (s->filled == BUFFER)
			empty(s);
	}
}

void sink_fill(struct audio_sink *s, uint8_t byte, uint64_t n)
{
	uint8_t bytes[1024];
	memset(bytes, byte, sizeof(bytes));
	for (size_t part; n > 0; n -= part) {
		part = n < sizeof(bytes) ? (size_t)n : sizeof(bytes);
		sink_add(s, bytes, part);
	}
}

static struct err *result(const struct audio_sink *s)
{
	if (!s->error)
		return NULL;
	errno = s->error;
	return err_new(ERR_UNAVAILABLE, "The server has no room for temporary files: %m");
}

struct err *sink_flush(struct audio_sink *s)
{
	empty(s);
	return result(s);
}

struct err *sink_rewrite(struct audio_sink *s, uint64_t offset, const void *bytes, size_t n)
{
	write_all(s, offset, bytes, n);
	return result(s);
}

void sink_clear(struct audio_sink *s)
{
	free(s->buffer);
	*s = (struct audio_sink){ .fd = -1 };
}
