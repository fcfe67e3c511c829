/*
 * The users' provider keys: sealed with AES-256-GCM, bound to user and service, never shown again.
 * JSON is the wire's; the caller frees it.
 */
#pragma once
#include "jobs/base/crypt.h"
#include "jobs/base/err.h"
#include "jobs/io/db.h"

enum { API_KEY_MIN_LENGTH = 10 };

struct api_key {
	const char *service, *key, *label, *region; /* label and region may be NULL */
};

must_check struct err *api_key_list(struct db *db, const char *user_id, char **ret_json);

/* Rows of (service) that the user has stored keys for; the caller frees them. */
must_check struct err *api_key_services(struct db *db, const char *user_id, struct rows **ret);

/* Stores a key; one that is there for this service is replaced. `key` has been trimmed. */
must_check struct err *api_key_save(struct db *db, const struct crypt_key *crypt,
				    const char *user_id, const struct api_key *key,
				    const char *request_id, char **ret_json);
must_check struct err *api_key_delete(struct db *db, const char *user_id, const char *id,
				      const char *request_id);

/*
 * The user's key for a service in the clear, and its region ("" where it has none); both NULL where
 * the user has stored none. The caller wipes *ret_key (cleanup_secret). ERR_INVALID where it was
 * sealed under another ENCRYPTION_SECRET.
 */
must_check struct err *api_key_open(struct db *db, const struct crypt_key *crypt,
				    const char *user_id, const char *service, char **ret_key,
				    char **ret_region);
