/*
 * The Idempotency-Key header: a request that is sent again with the same key, because its answer
 * was lost, gets the first one's answer and is not done again.
 */
#pragma once
#include "fcgi/routes.h"

/*
 * Runs the route's handler, unless the key has an answer already, which is given again with the
 * header Idempotent-Replayed. ERR_CONFLICT while the first request still runs, ERR_UNPROCESSABLE
 * where it was another one, ERR_INVALID for a key that is not 1 to 255 printable characters. What
 * fails is not kept: it may be tried again with the same key.
 */
must_check struct err *idempotency_run(struct app *app, const struct route *route,
				       struct request *request, struct response *response);
