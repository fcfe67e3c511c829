#include "jobs/base/buf.h"

#include "jobs/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

static bool reserve(struct buf *b, size_t n)
{
	if (b->too_big || n >= b->max - b->len) {
		b->too_big = true;
		return false;
	}
	if (b->len + n + 1 > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;
		while (cap < b->len + n + 1)
			cap *= 2;
		b->cap = cap;
		b->data = mem_resize(b->data, cap, 1);
	}
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (!reserve(b, n))
		return;
	memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_int(struct buf *b, int64_t number)
{
	char digits[20]; /* of -2^63, with its sign */
	size_t first = sizeof(digits);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do
		digits[--first] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (number < 0)
		digits[--first] = '-';
	buf_add(b, digits + first, sizeof(digits) - first);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(ap);
}

char *buf_take(struct buf *b)
{
	char *text = b->data ? b->data : mem_strdup("");
	*b = BUF(b->max);
	return text;
}

void buf_clear(struct buf *b)
{
	free(b->data);
	*b = BUF(b->max);
}
