/* What a responder works with; one a process. */
#pragma once
#include "fcgi/token_cache.h"
#include "jobs/io/db.h"
#include "jobs/io/http.h"
#include "jobs/io/services.h"
#include "jobs/queue/queue.h"
#include "jobs/runner.h"

#include <stdint.h>

struct app {
	const struct conf *conf;
	struct services services;
	struct token_cache *tokens;
	struct db *db;         /* the requests' own connection */
	struct http *http;     /* for calls that a request makes itself */
	struct queue *queue;   /* NULL without REDIS_URL; then there is a runner */
	struct runner *runner; /* NULL with a queue */
	int64_t started_ms;    /* monotonic */
};
