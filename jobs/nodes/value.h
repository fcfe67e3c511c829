/*
 * What conditions ask of JSON values, in which numbers and booleans may stand as text; NULL is
 * JSON's null, and what is absent.
 *
 * Two values that both look like numbers (5, "5", " 5.0 ") compare as numbers. A boolean equals a
 * boolean, and the texts true and false in any case. Lists and objects equal by content. Whatever
 * else is compared as text, byte by byte: a string as it is, the rest as JSON. A null only equals
 * a null.
 */
#pragma once
#include <json-c/json.h>
#include <stdbool.h>

typedef bool value_test(struct json_object *a, struct json_object *b);

value_test value_equals, value_differs;

/* Order is only between numbers and texts; for nulls, booleans, lists and objects all are false. */
value_test value_is_above, value_is_below, value_is_at_least, value_is_at_most;

/* A list has such an item, an object has a member of that name, a text has that part. */
value_test value_contains;

/* False for null, false, 0, blank text, the texts "false" and "0", and empty lists and objects. */
bool value_is_true(struct json_object *value);

/* Null, blank text, or a list or object without content. */
bool value_is_empty(struct json_object *value);
