#include "jobs/base/err.h"

#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A message holds all the faults of a configuration. */
enum { MAX_FRAMES = 16, MAX_NOTE = 120, MAX_MESSAGE = 4096 };

struct frame {
	const char *func, *file;
	int line;
	char note[MAX_NOTE];
};

struct err {
	enum err_kind kind;
	int retry_after;
	char *details;
	char message[MAX_MESSAGE];
	int nframes;
	struct frame frames[MAX_FRAMES];
};

/* When the stack is full the newest frame takes the last place: both ends of it stay. */
static struct frame *push(struct err *e, const char *func, const char *file, int line)
{
	if (e->nframes == MAX_FRAMES)
		e->nframes--;
	struct frame *f = &e->frames[e->nframes++];
	*f = (struct frame){ .func = func, .file = file, .line = line };
	return f;
}

struct err *err_new_at(const char *func, const char *file, int line, enum err_kind kind,
		       const char *fmt, ...)
{
	struct err *e = mem_alloc(sizeof(*e));
	e->kind = kind;
	push(e, func, file, line);

	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	utf8_repair(e->message);
	return e;
}

struct err *err_wrap_at(const char *func, const char *file, int line, struct err *e,
			const char *fmt, ...)
{
	if (!e)
		return NULL;
	struct frame *f = push(e, func, file, line);

	va_list ap;
	va_start(ap, fmt);
	vsnprintf(f->note, sizeof(f->note), fmt, ap);
	va_end(ap);
	utf8_repair(f->note);
	return e;
}

void err_pass_at(const char *func, const char *file, int line, struct err *e)
{
	push(e, func, file, line);
}

enum err_kind err_kind(const struct err *e)
{
	return e->kind;
}

const char *err_message(const struct err *e)
{
	return e->message;
}

int err_is_retryable(const struct err *e)
{
	static const bool retryable[ERR_KINDS] = {
		[ERR_RATE_LIMITED] = true,
		[ERR_UPSTREAM] = true,
		[ERR_UNAVAILABLE] = true,
	};
	return retryable[e->kind];
}

int err_retry_after(const struct err *e)
{
	return e->retry_after;
}

void err_set_retry_after(struct err *e, int seconds)
{
	e->retry_after = seconds;
}

void err_set_details(struct err *e, const char *json)
{
	free(e->details);
	e->details = mem_strdup(json);
}

const char *err_details(const struct err *e)
{
	return e->details;
}

char *err_stack(const struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		abort();
	fprintf(out, "Error: %s", e->message);
	for (int i = 0; i < e->nframes; i++) {
		const struct frame *f = &e->frames[i];
		fprintf(out, "\n    at %s (%s:%d)%s%s", f->func, f->file, f->line,
			f->note[0] ? " " : "", f->note);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}

void err_free(struct err *e)
{
	if (e)
		free(e->details);
	free(e);
}
