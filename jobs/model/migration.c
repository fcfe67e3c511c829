#include "jobs/model/migration.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/digest.h"
#include "migrations.h"
#include "sql.h"

#include <string.h>

enum { MIGRATIONS = sizeof(migrations) / sizeof(migrations[0]) };

static const char *checksum(int i, char hex[static DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	digest_sha256(migrations[i].text, strlen(migrations[i].text), digest);
	return digest_hex(digest, hex);
}

static struct err *run(struct db *db, const struct query *query, struct params params)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, query, params, &rows));
	return NULL;
}

/* Marks in `applied` what one row of the database says, and checks it. */
static struct err *check_row(const struct rows *rows, int row, bool applied[static MIGRATIONS])
{
	const char *version = rows_get(rows, row, 0), *sum = rows_get(rows, row, 1);
	char hex[DIGEST_HEX_SIZE];
	for (int i = 0; i < MIGRATIONS; i++) {
		if (strcmp(version, migrations[i].name) != 0)
			continue;
		applied[i] = true;
		if (!strcmp(sum, checksum(i, hex)))
			return NULL;
		return err_new(ERR_CONFLICT,
			       "Migration %s was changed after it had been applied: restore its "
			       "file, and put the change into a new migration",
			       version);
	}
	return err_new(
		ERR_CONFLICT,
		"The database has migration %s, which this program does not know: it is older "
		"than the database; install the newer one",
		version);
}

static struct err *check_applied(struct db *db, bool applied[static MIGRATIONS])
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_MIGRATION_LIST, (struct params){ 0 }, &rows));
	for (int row = 0; row < rows_count(rows); row++)
		TRY(check_row(rows, row, applied));
	for (int i = 1; i < MIGRATIONS; i++)
		if (applied[i] && !applied[i - 1])
			return err_new(ERR_CONFLICT,
				       "Migration %s is missing although %s, which follows it, was "
				       "applied",
				       migrations[i - 1].name, migrations[i].name);
	return NULL;
}

static struct err *apply_one(struct db *db, int i)
{
	char hex[DIGEST_HEX_SIZE];
	TRY(run(db, &Q_MIGRATION_BEGIN, (struct params){ 0 }));
	struct err *e = db_script(db, migrations[i].text);
	if (!e)
		e = run(db, &Q_MIGRATION_RECORD, PARAMS(migrations[i].name, checksum(i, hex)));
	if (!e)
		return run(db, &Q_MIGRATION_COMMIT, (struct params){ 0 });
	err_free(run(db, &Q_MIGRATION_ROLLBACK, (struct params){ 0 }));
	return err_wrap(e, "migration %s", migrations[i].name);
}

static struct migration describe(int i, bool applied)
{
	return (struct migration){ migrations[i].name, migrations[i].text, applied };
}

struct err *migration_apply(struct db *db, migration_report *report, void *arg)
{
	bool applied[MIGRATIONS] = { false };
	TRY(run(db, &Q_MIGRATION_UNLIMITED, (struct params){ 0 }));
	TRY(run(db, &Q_MIGRATION_LOCK, (struct params){ 0 }));
	TRY(run(db, &Q_MIGRATION_TABLE, (struct params){ 0 }));
	TRY(check_applied(db, applied));
	for (int i = 0; i < MIGRATIONS; i++) {
		if (applied[i])
			continue;
		struct migration next = describe(i, false);
		report(&next, arg);
		TRY(apply_one(db, i));
	}
	return NULL;
}

struct err *migration_status(struct db *db, migration_report *report, void *arg)
{
	bool applied[MIGRATIONS] = { false };
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_MIGRATION_EXISTS, (struct params){ 0 }, &rows));
	if (*rows_get(rows, 0, 0) == 't')
		TRY(check_applied(db, applied));
	for (int i = 0; i < MIGRATIONS; i++) {
		struct migration each = describe(i, applied[i]);
		report(&each, arg);
	}
	return NULL;
}
