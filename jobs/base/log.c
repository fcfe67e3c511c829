#include "jobs/base/log.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/mem.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINE = 8192, MIN_SECRET = 8 };

struct secret {
	struct secret *next;
	int uses; /* the same key may be in use by several threads */
	char text[];
};

static const char *const names[] = { "error", "warn", "info", "debug" };
static const char *program = "voiceover";
static enum log_level threshold = LOG_INFO;
static _Thread_local const char *context;
static struct secret *secrets;
static pthread_mutex_t secrets_lock = PTHREAD_MUTEX_INITIALIZER;

void log_open(const char *name, enum log_level level)
{
	program = name;
	threshold = level;
}

int log_level_parse(const char *name)
{
	for (int i = 0; i <= LOG_DEBUG; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

void log_context(const char *text)
{
	context = text;
}

/* Overwrites every secret in `text` with asterisks, in place. */
static void mask(char *text)
{
	pthread_mutex_lock(&secrets_lock);
	for (const struct secret *s = secrets; s; s = s->next)
		for (char *at = text; (at = strstr(at, s->text)) != NULL;)
			memset(at, '*', strlen(s->text));
	pthread_mutex_unlock(&secrets_lock);
}

/* Appends `text` with control bytes as \xNN, so that one event stays one line. */
static void add_escaped(struct buf *line, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			buf_addf(line, "\\x%02x", *p);
		else
			buf_add(line, p, 1);
	}
}

void log_write(enum log_level level, const char *fmt, ...)
{
	if (level > threshold)
		return;
	int saved = errno;
	char now[CLOCK_ISO_SIZE];
	cleanup(cleanup_free) char *message = NULL;
	va_list ap;
	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) < 0)
		abort();
	va_end(ap);
	mask(message); /* whole, before the line's limit can cut a secret */

	cleanup(buf_clear) struct buf line = BUF(MAX_LINE);
	buf_addf(&line, "%s %-5s %s[%d]", clock_iso(clock_ms(), now), names[level], program,
		 (int)getpid());
	if (context) {
		buf_adds(&line, " ");
		add_escaped(&line, context);
	}
	buf_adds(&line, ": ");
	add_escaped(&line, message);
	line.data[line.len++] = '\n'; /* in the place of the NUL, which a write does not need */
	(void)!write(STDERR_FILENO, line.data, line.len);
	errno = saved;
}

/*
 * Where `text` stands in the list, or belongs: longer ones come first, so that what contains
 * another secret is masked whole.
 */
static struct secret **find(const char *text)
{
	struct secret **at = &secrets;
	size_t len = strlen(text);
	while (*at && strlen((*at)->text) > len)
		at = &(*at)->next;
	while (*at && strlen((*at)->text) == len && strcmp((*at)->text, text) != 0)
		at = &(*at)->next;
	return at;
}

void log_mask(const char *text)
{
	size_t len = text ? strlen(text) : 0;
	if (len < MIN_SECRET)
		return;
	pthread_mutex_lock(&secrets_lock);
	struct secret **at = find(text);
	if (!*at || strcmp((*at)->text, text) != 0) {
		struct secret *s = mem_alloc(sizeof(*s) + len + 1);
		memcpy(s->text, text, len + 1);
		s->next = *at;
		*at = s;
	}
	(*at)->uses++;
	pthread_mutex_unlock(&secrets_lock);
}

void log_forget(const char *text)
{
	if (!text)
		return;
	pthread_mutex_lock(&secrets_lock);
	struct secret **at = find(text), *s = *at;
	if (s && !strcmp(s->text, text) && --s->uses == 0) {
		*at = s->next;
		OPENSSL_cleanse(s->text, strlen(s->text));
		free(s);
	}
	pthread_mutex_unlock(&secrets_lock);
}
