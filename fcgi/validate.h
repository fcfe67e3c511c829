/*
 * Validation of a request's fields. Every fault is noted, not only the first; the values that
 * are returned count only if validate_result finds no fault.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/faults.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* A validation under way: the body and the faults so far. */
struct validation {
	struct json_object *body;
	struct faults faults;
};
#define VALIDATION(request_body) ((struct validation){ .body = (request_body) })

/* What a text field has to be; lengths in characters. */
struct text_rule {
	const char *field, *label; /* "name" on the wire, "Name" in messages */
	bool required;             /* else it may be absent or null */
	bool trim;                 /* blanks at both ends are dropped before it is measured */
	size_t min, max;
};

/*
 * The field's text, owned by the caller; NULL where it is absent (or null) or has a fault. NUL
 * characters are faults, as PostgreSQL cannot keep them.
 */
char *validate_text(struct validation *v, const struct text_rule *rule);

/* The field's text where it is one of `count` words; NULL as above. Borrowed from `words`. */
const char *validate_word(struct validation *v, const char *field, const char *label, bool required,
			  const char *const *words, size_t count);

/* Notes a fault of a field where the field is not an array, unless it is absent. */
void validate_array(struct validation *v, const char *field, const char *label);

/* Notes a fault of a field: printf's arguments follow. */
#define validate_fault(v, field, ...) faults_add(&(v)->faults, field, NULL, __VA_ARGS__)

/* NULL without faults; else ERR_INVALID "Validation failed" with all of them as its details. */
static inline must_check struct err *validate_result(const struct validation *v)
{
	return faults_error(&v->faults, "Validation failed");
}

static inline void cleanup_validation(struct validation *v)
{
	faults_clear(&v->faults);
}
