/* For jobs/io alone: what stands behind a `struct db` that is not one connection. */
#pragma once
#include "jobs/io/db.h"

struct db_backend {
	struct err *(*query)(void *arg, const struct query *query, struct params params,
			     struct rows **ret);
	struct err *(*transaction)(void *arg, db_work *work, void *work_arg);
	void (*free)(void *arg);
};

/* A database whose db_query, db_transaction and db_free are the backend's; no scripts. */
struct db *db_behind(const struct db_backend *backend, void *arg) __attribute__((returns_nonnull));
