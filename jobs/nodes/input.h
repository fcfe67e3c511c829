/* What reaches a node from upstream, and how its text fields refer to it. */
#pragma once
#include <json-c/json.h>

/* The single upstream value, or the object of all by source where there are several; borrowed. */
struct json_object *input_value(struct json_object *inputs);

/*
 * The first upstream text: a value that is a string, or has a string `text`, also one level down.
 * Borrowed; NULL where there is none.
 */
const char *input_text(struct json_object *inputs);

/*
 * `text` with {{input}}, {{input.path}} and {{<nodeId>.path}} replaced: a string as it is, anything
 * else as JSON, and what does not exist by nothing. `input` is the upstream text where there is
 * one, else input_value; a path's parts are separated by dots, with numbers for array items. The
 * caller frees it.
 */
char *input_fill(const char *text, struct json_object *inputs) __attribute__((returns_nonnull));
