/* What is written to stderr between two calls; for tests of log lines. */
#pragma once
#include "jobs/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct capture {
	FILE *file;
	int stderr_before;
};

static inline struct capture capture_start(void)
{
	struct capture c = { tmpfile(), dup(STDERR_FILENO) };
	if (!c.file || dup2(fileno(c.file), STDERR_FILENO) < 0)
		abort();
	return c;
}

/* The text so far, which the caller frees; stderr is the old one again. */
static inline char *capture_end(struct capture *c)
{
	dup2(c->stderr_before, STDERR_FILENO);
	close(c->stderr_before);
	long size = lseek(fileno(c->file), 0, SEEK_END);
	char *text = mem_alloc((size_t)size + 1);
	if (pread(fileno(c->file), text, (size_t)size, 0) != size)
		abort();
	fclose(c->file);
	return text;
}
