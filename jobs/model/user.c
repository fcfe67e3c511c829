#include "jobs/model/user.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/mem.h"
#include "jobs/base/password.h"
#include "sql.h"

void user_clear(struct user *u)
{
	free(u->id);
	free(u->email);
	free(u->json);
	*u = (struct user){ 0 };
}

struct err *user_create(struct db *db, const char *email, const char *password, const char *name,
			struct user *ret)
{
	char id[ID_SIZE];
	cleanup(cleanup_free) char *hash = password_hash(password);
	char *json = NULL;
	TRY(db_text(db, &Q_USER_CREATE, PARAMS(id_new(id), email, hash, name), &json));
	if (!json)
		return err_new(ERR_CONFLICT, "A user with this email already exists");
	*ret = (struct user){ mem_strdup(id), mem_strdup(email), json };
	return NULL;
}

struct err *user_sign_in(struct db *db, const char *email, const char *password, struct user *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_USER_FOR_LOGIN, PARAMS(email), &rows));
	bool found = rows_count(rows) > 0;
	if (!password_fits(password, found ? rows_get(rows, 0, 2) : NULL))
		return err_new(ERR_UNAUTHORIZED, "Invalid email or password");
	*ret = (struct user){ mem_strdup(rows_get(rows, 0, 0)), mem_strdup(rows_get(rows, 0, 1)),
			      mem_strdup(rows_get(rows, 0, 3)) };
	return NULL;
}

struct err *user_get(struct db *db, const char *id, char **ret_json)
{
	TRY(db_text(db, &Q_USER_GET, PARAMS(id), ret_json));
	return *ret_json ? NULL : err_new(ERR_UNAUTHORIZED, "Invalid or expired token");
}
