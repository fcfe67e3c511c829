/* Files whose rows are gone, and which are still to be deleted from the storage. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

/* Takes up to 50 that are due, rows of (key), which are due again in ten minutes. */
must_check struct err *file_deletions_take(struct db *db, struct rows **ret);

/* The file is gone. */
must_check struct err *file_deletion_done(struct db *db, const char *key);
