/* Users and their passwords. JSON is the wire's, shaped by PostgreSQL; the caller frees it. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

/* Who signed in. user_clear frees it. */
struct user {
	char *id, *email, *json;
};
void user_clear(struct user *u);

/* Makes a user; `name` may be NULL. ERR_CONFLICT where the e-mail address is taken, in any case. */
must_check struct err *user_create(struct db *db, const char *email, const char *password,
				   const char *name, struct user *ret);

/*
 * The user whom e-mail address and password name; ERR_UNAUTHORIZED otherwise, after the same time
 * whether or not there is such a user.
 */
must_check struct err *user_sign_in(struct db *db, const char *email, const char *password,
				    struct user *ret);

/* ERR_UNAUTHORIZED where the user is gone. */
must_check struct err *user_get(struct db *db, const char *id, char **ret_json);
