/*
 * JSON, through json-c, read strictly.
 *
 * json-c takes single quotes, NaN, raw control characters and half-valid UTF-8 even in its strict
 * mode; js_parse does not. Objects belong to one thread: json-c's reference counts are not atomic.
 */
#pragma once
#include "jobs/base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JS_MAX_DEPTH = 100,     /* of what comes from outside */
	JS_MAX_OWN_DEPTH = 150, /* of what we stored, around which we put some levels of our own */
};

/* Sets how json-c prints doubles; once, before any thread starts. */
void js_init(void);

/*
 * Parses `len` bytes as one JSON document (RFC 8259), at most JS_MAX_DEPTH levels deep.
 * The caller owns *ret (json_object_put); NULL stands for a top-level null. Fails with
 * ERR_INVALID and a message that says what is wrong.
 */
must_check struct err *js_parse(const char *text, size_t len, struct json_object **ret);

/* The same for a document that we stored ourselves: JS_MAX_OWN_DEPTH levels deep. */
must_check struct err *js_parse_own(const char *text, struct json_object **ret);

/* How many levels deep the arrays and objects of a document are nested. */
size_t js_depth(const char *text);

/* The document as compact text; the caller frees it. */
char *js_text(struct json_object *o) __attribute__((returns_nonnull));

/* Member `key` of `o`, borrowed; NULL where `o` is no object, or the member is absent or null. */
struct json_object *js_get(struct json_object *o, const char *key);

/* Member `key` as text, borrowed; NULL where it is absent or no string. */
const char *js_string(struct json_object *o, const char *key);

/*
 * Member `key` as a number or boolean, also where it comes as a string ("0.5", "true"), as
 * editors send them; `fallback` where it is absent, blank, of another type, or no finite number.
 */
double js_number(struct json_object *o, const char *key, double fallback);
bool js_bool(struct json_object *o, const char *key, bool fallback);

/* True for a string value that holds a NUL, which PostgreSQL's text cannot keep. */
bool js_has_nul(struct json_object *o);

/* Adds to object `o`. A NULL string is stored as null; `value` is handed over. */
void js_set_string(struct json_object *o, const char *key, const char *value);
void js_set_int(struct json_object *o, const char *key, int64_t value);
void js_set_double(struct json_object *o, const char *key, double value);
void js_set_bool(struct json_object *o, const char *key, bool value);
void js_set(struct json_object *o, const char *key, struct json_object *value);

static inline void cleanup_json(struct json_object **o)
{
	json_object_put(*o);
}
