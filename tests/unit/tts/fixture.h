/* What the tests of jobs/tts share. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* expects those above it */

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/tts/provider.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `text` contains `part`. */
#define assert_has(text, part) assert_has_at(__FILE__, __LINE__, text, part)

/* There is an error, of that kind and with that in its message; it is freed. */
#define assert_error(error, kind, part) assert_error_at(__FILE__, __LINE__, error, kind, part)

static inline void assert_has_at(const char *file, int line, const char *text, const char *part)
{
	if (strstr(text, part))
		return;
	print_error("“%s” is not in “%s”\n", part, text);
	_fail(file, line);
}

static inline void assert_error_at(const char *file, int line, struct err *error,
				   enum err_kind kind, const char *part)
{
	cleanup(cleanup_err) struct err *e = error;
	if (!e || err_kind(e) != kind)
		_fail(file, line);
	assert_has_at(file, line, e ? err_message(e) : "", part);
}

/* A request in which the user set nothing. */
static inline struct tts_request plain_request(const char *voice, const char *text)
{
	return (struct tts_request){ .text = text,
				     .voice = voice,
				     .language = "en",
				     .format = AUDIO_MP3,
				     .stability = NAN,
				     .similarity_boost = NAN,
				     .speaking_rate = NAN };
}

static inline size_t note_count(const struct tts_result *r)
{
	return r->notes ? json_object_array_length(r->notes) : 0;
}

static inline const char *note(const struct tts_result *r, size_t i)
{
	assert_true(i < note_count(r));
	return json_object_get_string(json_object_array_get_idx(r->notes, i));
}
