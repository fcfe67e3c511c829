#include "jobs/audio/source.h"

#include "jobs/base/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct audio_source source_memory(const void *bytes, size_t len)
{
	return (struct audio_source){ .length = len, .bytes = bytes, .fd = -1 };
}

struct audio_source source_file(int fd, uint64_t offset, uint64_t length)
{
	return (struct audio_source){ .length = length, .fd = fd, .base = offset };
}

/* Moves the window to begin at `offset`: walks go forward, so nothing before it is read again. */
static bool move_window(struct audio_source *s, uint64_t offset)
{
	uint64_t left = s->length - offset;
	size_t want = left < SOURCE_WINDOW ? (size_t)left : SOURCE_WINDOW;
	if (!s->window)
		s->window = mem_alloc(SOURCE_WINDOW);
	s->window_at = offset;
	s->window_len = 0;
	while (s->window_len < want) {
		s->reads++;
		ssize_t n = pread(s->fd, s->window + s->window_len, want - s->window_len,
				  (off_t)(s->base + offset + s->window_len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			s->error = n < 0 ? errno : ENODATA;
			return false;
		}
		s->window_len += (size_t)n;
	}
	return true;
}

static bool in_window(const struct audio_source *s, uint64_t offset, size_t n)
{
	return offset >= s->window_at && offset + n <= s->window_at + s->window_len;
}

const uint8_t *source_at(struct audio_source *s, uint64_t offset, size_t n)
{
	s->lookups++;
	if (s->error || n > SOURCE_WINDOW || offset > s->length || n > s->length - offset)
		return NULL;
	if (s->fd < 0)
		return s->bytes + offset;
	if (!in_window(s, offset, n) && !move_window(s, offset))
		return NULL;
	return s->window + (offset - s->window_at);
}

struct err *source_check(const struct audio_source *s)
{
	if (!s->error)
		return NULL;
	errno = s->error;
	return err_new(ERR_UNAVAILABLE, "The audio could not be read: %m");
}

void source_clear(struct audio_source *s)
{
	free(s->window);
	*s = source_memory(NULL, 0);
}
