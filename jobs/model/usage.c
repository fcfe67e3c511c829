#include "jobs/model/usage.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <stdio.h>
#include <string.h>

enum { ROW_ID, ROW_LEFT, ROW_BUDGET, ROW_RESETS };

static struct err *refuse(const struct rows *row, int64_t wanted)
{
	const char *resets = rows_get(row, 0, ROW_RESETS);
	return err_new(
		ERR_FORBIDDEN,
		"%lld characters of this text have to be bought, but your monthly budget of %s "
		"has %s left until %.10s. Nothing was bought. Raise the budget on the "
		"page Usage, or shorten the text",
		(long long)wanted, rows_get(row, 0, ROW_BUDGET), rows_get(row, 0, ROW_LEFT),
		resets ? resets : "");
}

struct err *usage_reserve(struct db *db, const struct usage_wish *wish, char ret_id[static ID_SIZE])
{
	char wanted[24];
	snprintf(wanted, sizeof(wanted), "%lld", (long long)wish->characters);
	cleanup(cleanup_free) char *step = mem_printf("%s %d", wish->node_id, wish->iteration);
	cleanup(cleanup_rows) struct rows *row = NULL;
	TRY(db_query(db, &Q_USAGE_RESERVE,
		     PARAMS(wish->user_id, wish->run_id, step, wanted, USAGE_RESERVED_S), &row));
	const char *id = rows_get(row, 0, ROW_ID);
	snprintf(ret_id, ID_SIZE, "%s", id ? id : "");
	return id || !rows_get(row, 0, ROW_LEFT) ? NULL : refuse(row, wish->characters);
}

struct err *usage_settle(struct db *db, const char *user_id, const char *id)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_USAGE_SETTLE, PARAMS(id, user_id), &rows);
}

struct err *usage_count_cached(struct db *db, const char *user_id, const char *provider,
			       const char *profile_id, int64_t characters)
{
	char count[24];
	snprintf(count, sizeof(count), "%lld", (long long)characters);
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_USAGE_COUNT_CACHED, PARAMS(user_id, provider, profile_id, count),
			&rows);
}

struct err *usage_report(struct db *db, const char *user_id, const char *from, const char *to,
			 char **ret_json)
{
	return db_text(db, &Q_USAGE_REPORT, PARAMS(user_id, from, to), ret_json);
}

struct err *budget_get(struct db *db, const char *user_id, char **ret_json)
{
	return db_text(db, &Q_BUDGET_GET, PARAMS(user_id), ret_json);
}

struct err *budget_put(struct db *db, const char *user_id, const char *characters, char **ret_json)
{
	return db_text(db, &Q_BUDGET_PUT, PARAMS(user_id, characters), ret_json);
}
