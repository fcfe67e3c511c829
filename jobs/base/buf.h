/* A growing string with a hard limit; always NUL-terminated. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL while empty */
	size_t len, cap;
	size_t max;   /* never grows past this */
	bool too_big; /* an append was refused; checked once, at the end */
};

#define BUF(limit) ((struct buf){ .max = (limit) })

/* Appends `n` bytes, a string, a number in decimal, or printf output; past the limit nothing is
 * appended and too_big set. */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_add_int(struct buf *b, int64_t number);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Hands the text (at least "") to the caller, who frees it; the buffer is empty afterwards. */
char *buf_take(struct buf *b);

/* Frees the content; the limit stays. */
void buf_clear(struct buf *b);
