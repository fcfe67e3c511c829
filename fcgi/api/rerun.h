/* New executions made of old ones: what the handlers of executions and segments share. */
#pragma once
#include "fcgi/app.h"
#include "fcgi/request.h"
#include "fcgi/response.h"

/* ERR_INVALID while an execution of the request's workflow is running. */
must_check struct err *rerun_check_ended(struct app *app, struct request *request,
					 const char *execution);

/*
 * Starts an execution on the graph of an old one, in which `node` and all that comes after it runs
 * again; the response is the new execution.
 */
must_check struct err *rerun_from(struct app *app, struct request *request, const char *execution,
				  const char *node, struct response *response);
