#include "jobs/model/file_deletion.h"

#include "jobs/base/cleanup.h"
#include "sql.h"

struct err *file_deletions_take(struct db *db, struct rows **ret)
{
	return db_query(db, &Q_FILE_DELETIONS_TAKE, (struct params){ 0 }, ret);
}

struct err *file_deletion_done(struct db *db, const char *key)
{
	cleanup(cleanup_free) char *done = NULL;
	return db_text(db, &Q_FILE_DELETION_DONE, PARAMS(key), &done);
}
