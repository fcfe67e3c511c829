/* Where a Redis server is, and who we are there. */
#pragma once
#include "jobs/base/err.h"

struct redis_url {
	char *host, *socket; /* one of them */
	int port, database;
	char *user, *password; /* NULL for none */
	char *label;           /* the address, for messages */
};

/*
 * Reads `redis://[user:password@]host[:port][/db]` or `unix://[user:password@]/path[?db=n]`, the
 * parts percent-encoded. Fails with ERR_INVALID, with a message that does not repeat the URL. The
 * caller clears *ret, also after a failure.
 */
must_check struct err *redis_url_parse(const char *url, struct redis_url *ret);
void redis_url_clear(struct redis_url *u); /* wipes the password */
