#include "jobs/model/api_key.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <string.h>

struct err *api_key_list(struct db *db, const char *user_id, char **ret_json)
{
	return db_text(db, &Q_API_KEY_LIST, PARAMS(user_id), ret_json);
}

struct err *api_key_services(struct db *db, const char *user_id, struct rows **ret)
{
	return db_query(db, &Q_API_KEY_SERVICES, PARAMS(user_id), ret);
}

/* The first and last four characters; of a short key none. The caller frees it. */
static char *masked(const char *key)
{
	size_t len = strlen(key);
	return len <= 8 ? mem_strdup("****") : mem_printf("%.4s…%s", key, key + len - 4);
}

/* What a sealed key is bound to: moved to another user or service, it does not open. */
static char *bound_to(const char *user_id, const char *service)
{
	return mem_printf("api_keys/%s/%s", user_id, service);
}

struct err *api_key_save(struct db *db, const struct crypt_key *crypt, const char *user_id,
			 const struct api_key *key, const char *request_id, char **ret_json)
{
	char id[ID_SIZE];
	cleanup(cleanup_free) char *mask = masked(key->key);
	cleanup(cleanup_free) char *context = bound_to(user_id, key->service);
	cleanup(cleanup_free) char *sealed = crypt_seal(crypt, context, key->key);
	return db_need(db, &Q_API_KEY_SAVE,
		       PARAMS(id_new(id), user_id, key->service, key->label, key->region, mask,
			      sealed, crypt_key_id(crypt), request_id),
		       "User", ret_json);
}

struct err *api_key_delete(struct db *db, const char *user_id, const char *id,
			   const char *request_id)
{
	cleanup(cleanup_free) char *service = NULL;
	return db_need(db, &Q_API_KEY_DELETE, PARAMS(id, user_id, request_id), "API key", &service);
}

struct err *api_key_open(struct db *db, const struct crypt_key *crypt, const char *user_id,
			 const char *service, char **ret_key, char **ret_region)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	*ret_key = *ret_region = NULL;
	TRY(db_query(db, &Q_API_KEY_SEALED, PARAMS(user_id, service), &rows));
	if (rows_count(rows) == 0)
		return NULL;
	if (strcmp(rows_get(rows, 0, 1), crypt_key_id(crypt)) != 0)
		return err_new(ERR_INVALID,
			       "Your %s key was stored under another ENCRYPTION_SECRET of the "
			       "server; enter it again in Settings → API Keys",
			       service);
	cleanup(cleanup_free) char *context = bound_to(user_id, service);
	TRY(crypt_open(crypt, context, rows_get(rows, 0, 0), ret_key));
	const char *region = rows_get(rows, 0, 2);
	*ret_region = mem_strdup(region ? region : "");
	return NULL;
}
