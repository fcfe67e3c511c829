/* Percent-encoded text, and the parameters of a query string made of it. */
#pragma once
#include <json-c/json.h>
#include <stdbool.h>

/*
 * Decodes the %XX escapes of `text` in place (RFC 3986, 2.1). False where an escape is broken, or
 * where the result holds a NUL or is not UTF-8; `text` is then of no use.
 */
bool percent_decode(char *text);

/*
 * The first value of `name` in a query string (application/x-www-form-urlencoded, where `+` is a
 * space), decoded; "" for a name without a value. The caller frees it. NULL where `query_string`
 * is NULL, where `name` is absent, and where its value cannot be decoded.
 */
char *query_get(const char *query_string, const char *name);

/*
 * All of them as an object of strings, without those that cannot be decoded; of a name that comes
 * more than once, the last value. The caller owns it.
 */
struct json_object *query_object(const char *query_string) __attribute__((returns_nonnull));
