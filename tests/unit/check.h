/* cmocka, and the assertions about errors and texts that the tests share. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* expects those above it */

#include "jobs/base/cleanup.h"
#include "jobs/base/err.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `text` contains `part`, or does not. */
#define assert_has(text, part)   assert_has_at(__FILE__, __LINE__, text, part)
#define assert_hasnt(text, part) assert_hasnt_at(__FILE__, __LINE__, text, part)

/* There is no error. */
#define assert_ok(error) assert_ok_at(__FILE__, __LINE__, error)

/* There is an error, of that kind and with that in its message; it is freed. */
#define assert_error(error, kind, part) assert_error_at(__FILE__, __LINE__, error, kind, part)

static inline void assert_has_at(const char *file, int line, const char *text, const char *part)
{
	if (text && strstr(text, part))
		return;
	print_error("\"%s\" is not in \"%s\"\n", part, text ? text : "(null)");
	_fail(file, line);
}

static inline void assert_hasnt_at(const char *file, int line, const char *text, const char *part)
{
	if (text && !strstr(text, part))
		return;
	print_error("\"%s\" is in \"%s\"\n", part, text ? text : "(null)");
	_fail(file, line);
}

static inline void assert_ok_at(const char *file, int line, struct err *error)
{
	cleanup(cleanup_err) struct err *e = error;
	if (!e)
		return;
	cleanup(cleanup_free) char *stack = err_stack(e);
	print_error("%s\n", stack);
	_fail(file, line);
}

static inline void assert_error_at(const char *file, int line, struct err *error,
				   enum err_kind kind, const char *part)
{
	cleanup(cleanup_err) struct err *e = error;
	if (!e) {
		print_error("there is no error\n");
		_fail(file, line);
		return;
	}
	if (err_kind(e) != kind) {
		print_error("the kind is %d: %s\n", (int)err_kind(e), err_message(e));
		_fail(file, line);
	}
	assert_has_at(file, line, err_message(e), part);
}
