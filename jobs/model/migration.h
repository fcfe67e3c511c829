/*
 * The schema's versions: the files of sql/migrations, carried in the program, applied in order.
 *
 * An applied file must never change and never go away; both are noticed by checksum and refused.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

#include <stdbool.h>

struct migration {
	const char *version; /* the file's name without its ending: "0001_schema" */
	const char *text;
	bool applied;
};

/*
 * Called for each migration in order: before it is applied, or, by migration_status, with what the
 * database says of it.
 */
typedef void migration_report(const struct migration *migration, void *arg);

/*
 * Applies what is missing, each in a transaction of its own, under a lock that makes other
 * migrators wait. ERR_CONFLICT where the database has a migration that this program does not know,
 * or one whose text was another; nothing is applied then.
 */
must_check struct err *migration_apply(struct db *db, migration_report *report, void *arg);

/* Reports every migration; fails as migration_apply does. */
must_check struct err *migration_status(struct db *db, migration_report *report, void *arg);
