/* What the tests of jobs/tts share. */
#pragma once
#include "jobs/base/js.h"
#include "jobs/tts/provider.h"
#include "tests/unit/check.h"

#include <math.h>

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
