/* Voices that providers take minutes to make, one step at a time. */
#pragma once
#include "jobs/base/stop.h"
#include "jobs/io/http.h"
#include "jobs/io/services.h"

#include <stdint.h>

enum { MAKING_IDLE_MS = 2000 };

/*
 * Does the steps that are due, of anybody's trainings, until none is or `stop` falls due. A
 * training that ends makes its profile "ready" or "failed", with the reason; what may pass is tried
 * again, for an hour. *ret_next_ms: when to look again. An error is the database's.
 */
must_check struct err *making_run(const struct services *services, struct http *http,
				  const struct stop *stop, int64_t *ret_next_ms);
