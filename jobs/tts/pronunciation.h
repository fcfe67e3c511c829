/* How a user wants words to be spoken: each is replaced before the text is cut and spoken. */
#pragma once
#include <json-c/json.h>
#include <stddef.h>

enum { PRONUNCIATION_MAX = 200, PRONUNCIATION_MAX_WORD = 100, PRONUNCIATION_MAX_REPLACEMENT = 300 };

/*
 * A copy of `text` (valid UTF-8) with every whole word of `list`, an array of {word,
 * replacement}, replaced; of two that fit the longer one. A word in small letters fits in any case,
 * another one only as it is written. Scripts that write without spaces have words anywhere. What is
 * inside markup (see boundary.h) stays, and what was put in is not looked through again. *ret_count
 * is how many were replaced; the caller frees the result.
 */
char *pronunciation_apply(struct json_object *list, const char *text, size_t *ret_count)
	__attribute__((returns_nonnull));
