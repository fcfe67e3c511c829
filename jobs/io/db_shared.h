/*
 * A database for many threads. Statements that may join (struct query) and are small go out
 * together, many as one transaction: whoever runs a hundred workflows pays for one round trip and
 * one commit where it would be dozens. All others have a connection of their own while they run; no
 * connection is held in between, so none is across a provider's call.
 */
#pragma once
#include "jobs/io/db.h"

/*
 * `connections` is how many there are at most for what does not join. Nothing is connected yet. Its
 * db_transaction gives the work a connection, which it uses in place of this. No db_run, scripts or
 * db_prepare.
 */
struct db *db_shared_new(const char *url, const char *application, int connections)
	__attribute__((returns_nonnull));
