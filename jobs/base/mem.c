#include "jobs/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *p)
{
	if (!p)
		abort();
	return p;
}

void *mem_alloc(size_t size)
{
	return or_die(calloc(1, size ? size : 1));
}

void *mem_resize(void *p, size_t count, size_t size)
{
	return or_die(reallocarray(p, count ? count : 1, size));
}

char *mem_strdup(const char *s)
{
	return s ? or_die(strdup(s)) : NULL;
}

char *mem_strndup(const char *s, size_t len)
{
	return or_die(strndup(s, len));
}

char *mem_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? or_die(NULL) : text;
}
