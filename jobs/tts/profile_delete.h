/* The end of a voice profile: its row, its files, and its voice at the provider. */
#pragma once
#include "jobs/io/http.h"
#include "jobs/io/services.h"

#include <json-c/json.h>

/*
 * Deletes a profile with its samples, what was spoken in its voice, and the voice at the provider
 * where it was made here. *ret_left is an array of sentences, one for each thing that could not be
 * deleted and why; the caller owns it. Files among them are tried again in the background.
 * ERR_NOT_FOUND where there is no such profile.
 */
must_check struct err *profile_delete(const struct services *services, struct http *http,
				      struct db *db, const char *user_id, const char *profile_id,
				      struct json_object **ret_left);
