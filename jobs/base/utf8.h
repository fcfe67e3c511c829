/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads the code point at `s` (`len` > 0 bytes left) into *ret_cp and returns its length in
 * bytes (1 to 4), or 0 where the bytes are not valid UTF-8.
 */
size_t utf8_next(const char *s, size_t len, uint32_t *ret_cp);

bool utf8_is_valid(const char *s, size_t len);

/* Code points in `s`, which is valid UTF-8. */
size_t utf8_length(const char *s);

/* Drops what is not valid from `s`, in place: a character that a limit has cut, as a rule. */
void utf8_repair(char *s);
