/* Base64 (RFC 4648, section 4), with padding. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The text of `len` bytes; the caller frees it. */
char *base64_encode(const void *bytes, size_t len) __attribute__((returns_nonnull));

/*
 * Decodes `text` into *ret, which has a NUL after its end and which the caller frees (and wipes,
 * where it is a secret). Returns the number of bytes, or -1 where it is not base64.
 */
int base64_decode(const char *text, uint8_t **ret);
