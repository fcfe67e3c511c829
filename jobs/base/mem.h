/* Allocation that succeeds or ends the process: the supervisor restarts it, the queue redelivers.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* Zeroed memory of `size` bytes; the caller frees it. */
void *mem_alloc(size_t size) __attribute__((returns_nonnull, malloc));

/* `p` grown or shrunk to `count` items of `size` bytes; the new part is not zeroed. */
void *mem_resize(void *p, size_t count, size_t size) __attribute__((returns_nonnull));

/* Copies; the caller frees them. A NULL string is copied as NULL. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len) __attribute__((returns_nonnull));

/* printf into a new string; the caller frees it. */
char *mem_printf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), returns_nonnull, malloc));
