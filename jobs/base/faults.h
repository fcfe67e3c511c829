/* Everything that is wrong with an input, each fault with where it is; not only the first. */
#pragma once
#include "jobs/base/err.h"

#include <json-c/json.h>

/* Zeroed = none. faults_clear frees it. */
struct faults {
	struct json_object *list; /* array of {"path": […], "message": …}, or NULL */
};

/* The most that are kept; further ones would not help anybody. */
enum { FAULTS_MAX = 50 };

/* Notes a fault at path [where], or [where, what] where `what` is not NULL. */
void faults_add(struct faults *f, const char *where, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * NULL where there are none; else ERR_INVALID with `message` and all of them as its details. A "%s"
 * at the end of the message stands for the first fault's own.
 */
must_check struct err *faults_error(const struct faults *f, const char *message);

void faults_clear(struct faults *f);
