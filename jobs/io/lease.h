/*
 * Leases in Redis: at most so many holders of a name at a time, over all processes and hosts.
 *
 * A lease is renewed by a thread of this module as long as its process lives, and runs out
 * LEASE_MS after that died. Who finds all leases taken has a place in a line, first come, first
 * served, as long as he goes on asking. Times are the server's. All functions may be called from
 * any thread.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"

enum {
	LEASE_MS = 20000,      /* a lease lasts so long unless renewed */
	LEASE_PLACE_MS = 3000, /* and a place in the line, unless asked for again */
};

struct leases;

/* Does not connect yet. `prefix` begins the keys. Fails with ERR_INVALID for the URL. */
must_check struct err *leases_new(const char *url, const char *prefix, struct leases **ret);
void leases_free(struct leases *l); /* takes NULL; what is still held runs out */

/*
 * Asks for a lease on `name` (up to 99 characters) under `token`, which is of this holder alone.
 * `limit` is how many there are where nobody has said so by leases_learn; a negative one counts
 * whatever was learned. *ret_place is 0 for the lease, else the place in the line, from 1; ask
 * again under the same token then. Fails with ERR_UNAVAILABLE where Redis is away.
 */
must_check struct err *lease_take(struct leases *l, const char *name, const char *token, int limit,
				  int *ret_place);

/* Gives a lease back, or a place in the line. One that cannot be given back runs out. */
void lease_return(struct leases *l, const char *name, const char *token);
void lease_give_up(struct leases *l, const char *name, const char *token);

/* Says how many leases there are on `name`, for a day. */
must_check struct err *leases_learn(struct leases *l, const char *name, int limit);
