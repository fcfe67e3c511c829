#include "fcgi/serve.h"

#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/routes.h"
#include "fcgi/token.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/log.h"

#include <string.h>

static struct err *sign_in(struct app *app, struct request *request)
{
	int64_t now_ms = clock_ms(), expires_s;
	const char *value = request->authorization;
	if (token_cache_get(app->tokens, value, now_ms, request->user_id))
		return NULL;
	TRY(token_verify(app->conf->jwt_secret, value, now_ms, request->user_id, &expires_s));
	token_cache_put(app->tokens, value, expires_s, request->user_id);
	return NULL;
}

/* What every route has in common: the sign-in and the body, as its flags say. */
static struct err *run_route(struct app *app, const struct route *route, struct request *request,
			     struct response *response)
{
	if (!(route->flags & ROUTE_PUBLIC))
		TRY(sign_in(app, request));
	if (route->flags & ROUTE_JSON)
		TRY(request_read_json(request));
	return route->run(app, request, response);
}

static void answer(struct app *app, struct request *request, const struct route *route)
{
	cleanup(response_clear) struct response response = { .status = 200 };
	cleanup(cleanup_err) struct err *e = run_route(app, route, request, &response);
	if (e)
		response_send_error(request, app->conf, e);
	else
		response_send(request, app->conf, &response);
}

static void answer_unknown(struct app *app, struct request *request)
{
	cleanup(cleanup_err) struct err *e = err_new(ERR_NOT_FOUND, "Not found");
	response_send_error(request, app->conf, e);
}

void serve(struct app *app, FCGX_Request *fcgi)
{
	cleanup(request_clear) struct request request;
	const struct route *route;
	char allow[ROUTE_ALLOW_SIZE];
	request_init(&request, fcgi);
	log_context(request.id);
	if (!strcmp(request.method, "OPTIONS") && *request.origin) {
		response_send_preflight(&request, app->conf);
		log_context(NULL);
		return;
	}
	switch (route_find(&request, &route, allow)) {
	case ROUTE_FOUND:
		answer(app, &request, route);
		break;
	case ROUTE_WRONG_METHOD:
		response_send_wrong_method(&request, app->conf, allow);
		break;
	case ROUTE_UNKNOWN:
		answer_unknown(app, &request);
		break;
	}
	log_context(NULL);
}
