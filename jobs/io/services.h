/* What requests and jobs work with: opened once a process, constant and shared by its threads. */
#pragma once
#include "jobs/base/conf.h"
#include "jobs/base/crypt.h"
#include "jobs/base/ticker.h"
#include "jobs/io/db_shared.h"
#include "jobs/io/gate.h"
#include "jobs/io/s3.h"

struct services {
	const struct conf *conf;
	struct crypt_key *crypt; /* opens the users' provider keys */
	struct s3 *s3;
	struct db *db;         /* for the threads that run workflows */
	struct gate *gate;     /* before the providers' keys */
	struct ticker *ticker; /* for what has to be done meanwhile */
};

/*
 * Opens all of them; nothing is connected yet. `program` is what PostgreSQL shows of us,
 * `connections` as in db_shared_new. `conf` must outlive them.
 */
void services_open(struct services *s, const struct conf *conf, const char *program,
		   int connections);
void services_close(struct services *s);
