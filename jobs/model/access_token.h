/*
 * Personal access tokens: "vo_" and 256 random bits, for programs that act for a user until the
 * token is deleted. Only its SHA-256 is kept, which is enough for what nobody can guess. JSON is
 * the wire's; the caller frees it.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"
#include "jobs/io/db.h"

#include <stdbool.h>

enum { ACCESS_TOKEN_MAX = 50 }; /* of one user */

/* {id, name, createdAt, lastUsedAt} each, newest first. */
must_check struct err *access_token_list(struct db *db, const char *user_id, char **ret_json);

/*
 * Makes a token; its JSON has the token itself as `token`, which is never seen again. ERR_CONFLICT
 * where the user has ACCESS_TOKEN_MAX of them.
 */
must_check struct err *access_token_create(struct db *db, const char *user_id, const char *name,
					   const char *request_id, char **ret_json);
must_check struct err *access_token_delete(struct db *db, const char *user_id, const char *id,
					   const char *request_id);

/* True for a text that has a personal access token's form. */
bool access_token_is_one(const char *text);

/*
 * Whose token it is; it is asked for in the database each time, so that a deleted one is refused at
 * once. The use is noted, to the minute. ERR_UNAUTHORIZED where there is no such token.
 */
must_check struct err *access_token_user(struct db *db, const char *token,
					 char ret_user_id[static ID_SIZE]);
