/* Whether the database can be worked with. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

/* Fails with ERR_UNAVAILABLE where it is away, or has no schema yet. */
must_check struct err *health_check_database(struct db *db);
