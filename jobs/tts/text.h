/* Text that is to be spoken. Every text here is valid UTF-8. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * True for code points that no provider takes: the control characters but tab and line ends, and
 * the noncharacters U+FFFE and U+FFFF. They are what XML 1.0 (2.2 Characters) forbids, even as
 * references, and the controls that it discourages.
 */
bool text_is_forbidden(uint32_t code_point);

/* A copy with a space in the place of each forbidden code point; the caller frees it. */
char *text_clean(const char *text) __attribute__((returns_nonnull));

/*
 * True if there is a letter or digit of any script. Providers answer punctuation alone with no
 * audio, or bill it.
 */
bool text_is_speakable(const char *text);

/*
 * The first direction to the speaker, "[whispers]": small letters in brackets. *ret_length counts
 * the brackets; NULL where there is none. "[1]" and "[Berlin]" are none.
 */
const char *text_direction(const char *text, size_t *ret_length);
