#include "jobs/model/health.h"

#include "jobs/base/cleanup.h"
#include "sql.h"

struct err *health_check_database(struct db *db)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_HEALTH_CHECK, (struct params){ 0 }, &rows);
}
