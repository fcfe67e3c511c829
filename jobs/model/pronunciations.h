/* The users' lists of words and how they are spoken: an array of {word, replacement}. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

#include <json-c/json.h>

/* The list; the caller owns *ret, which is NULL where the user has none. */
must_check struct err *pronunciation_load(struct db *db, const char *user_id,
					  struct json_object **ret);

/* Replaces the list. */
must_check struct err *pronunciation_save(struct db *db, const char *user_id,
					  struct json_object *entries);
