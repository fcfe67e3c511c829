#include "jobs/model/pronunciations.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "sql.h"

#include <string.h>

struct err *pronunciation_load(struct db *db, const char *user_id, struct json_object **ret)
{
	cleanup(cleanup_free) char *text = NULL;
	*ret = NULL;
	TRY(db_text(db, &Q_PRONUNCIATION_GET, PARAMS(user_id), &text));
	return text ? js_parse(text, strlen(text), ret) : NULL;
}

struct err *pronunciation_save(struct db *db, const char *user_id, struct json_object *entries)
{
	cleanup(cleanup_free) char *text = js_text(entries);
	cleanup(cleanup_free) char *kept = NULL;
	return db_text(db, &Q_PRONUNCIATION_PUT, PARAMS(user_id, text), &kept);
}
