/* Ways into a JSON value: `.name` and `[0]` or `.0`, one after the other. */
#pragma once
#include <json-c/json.h>

/*
 * Follows `path` from *value into members and items, and leaves *value at what was reached, NULL
 * for a null. Returns the part of `path` that leads nowhere: "" where all of it exists. A part is
 * a member's name, or in an array the item's number, from 0.
 */
const char *path_follow(const char *path, struct json_object **value)
	__attribute__((returns_nonnull));

/* The length of the first part of `path`, and where its name begins in *ret_name and ends. */
size_t path_part(const char *path, const char **ret_name, size_t *ret_name_len);
