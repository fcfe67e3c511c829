/* Names of stored files, which tell whose they are: "<folder>/<user id>/…". */
#pragma once
#include <stdbool.h>

/* True for a key below one of the user's own folders, without a way out of it. */
bool file_key_is_own(const char *key, const char *user_id);
