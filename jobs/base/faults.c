#include "jobs/base/faults.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MESSAGE = 400 };

void faults_add(struct faults *f, const char *where, const char *what, const char *fmt, ...)
{
	if (!f->list)
		f->list = json_object_new_array();
	if (json_object_array_length(f->list) >= FAULTS_MAX)
		return;
	char message[MAX_MESSAGE];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	utf8_repair(message); /* where a name was cut */
	struct json_object *path = json_object_new_array(), *fault = json_object_new_object();
	json_object_array_add(path, json_object_new_string(where));
	if (what)
		json_object_array_add(path, json_object_new_string(what));
	js_set(fault, "path", path);
	js_set_string(fault, "message", message);
	json_object_array_add(f->list, fault);
}

struct err *faults_error(const struct faults *f, const char *message)
{
	if (!f->list)
		return NULL;
	size_t len = strlen(message);
	bool quotes = len >= 2 && !strcmp(message + len - 2, "%s");
	struct json_object *first = json_object_array_get_idx(f->list, 0);
	cleanup(cleanup_free) char *details = js_text(f->list);
	struct err *e = err_new(ERR_INVALID, "%.*s%s", (int)(quotes ? len - 2 : len), message,
				quotes ? js_string(first, "message") : "");
	err_set_details(e, details);
	return e;
}

void faults_clear(struct faults *f)
{
	json_object_put(f->list);
	f->list = NULL;
}
