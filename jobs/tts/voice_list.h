/* What the providers' lists of voices share. */
#pragma once
#include "jobs/tts/call.h"

#include <json-c/json.h>

/*
 * GETs a list; *ret_status is the answer's status, *ret the JSON of a 200, which the caller owns.
 * ERR_UPSTREAM where it is no JSON, or no answer came.
 */
must_check struct err *voice_list_get(struct http *http, const char *title, const char *url,
				      const char *key_header, struct http_response *ret_answer,
				      struct json_object **ret);

/* True for an array, with its length in *ret_count. */
static inline bool voice_list_length(struct json_object *array, size_t *ret_count)
{
	bool is_array = json_object_is_type(array, json_type_array);
	*ret_count = is_array ? json_object_array_length(array) : 0;
	return is_array;
}
