/* A few connections shared by many threads; none is held across a provider's call. */
#pragma once
#include "jobs/io/db.h"

struct db_pool;

struct db_pool *db_pool_new(const char *url, const char *application, int size)
	__attribute__((returns_nonnull));
void db_pool_free(struct db_pool *pool); /* takes NULL; all connections are back by then */

/* Waits for a free connection; it goes back with db_pool_put. */
struct db *db_pool_get(struct db_pool *pool) __attribute__((returns_nonnull));
void db_pool_put(struct db_pool *pool, struct db *db);
