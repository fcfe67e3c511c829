#include "fcgi/serve.h"

#include "fcgi/idempotency.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/routes.h"
#include "fcgi/token.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/log.h"
#include "jobs/launch.h"
#include "jobs/model/access_token.h"

#include <string.h>

static struct err *sign_in(struct app *app, struct request *request)
{
	int64_t now_ms = clock_ms(), expires_s;
	const char *value = request->authorization, *token = token_of(value);
	if (token && access_token_is_one(token)) /* never cached: a deleted one ends at once */
		return access_token_user(app->db, token, request->user_id);
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
	if ((route->flags & ROUTE_IDEMPOTENT) && *request->idempotency_key)
		return idempotency_run(app, route, request, response);
	return route->run(app, request, response);
}

static void answer(struct app *app, struct request *request, const struct route *route)
{
	cleanup(response_clear) struct response response = { .status = 200 };
	FAULT_POINT("request", "route", "before");
	cleanup(cleanup_err) struct err *e = run_route(app, route, request, &response);
	FAULT_POINT("request", "route", "after");
	if (!e && *request->launched.id)
		launch_hand_over(app->queue, app->runner, &request->launched);
	if (e)
		response_send_error(request, app->conf, e);
	else
		response_send(request, app->conf, &response);
	FAULT_POINT("request", "answer", "after");
}

static void answer_wrong_method(struct app *app, struct request *request, const char *allow)
{
	cleanup(response_clear) struct response response = { 0 };
	response_wrong_method(&response, request, allow);
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
		answer_wrong_method(app, &request, allow);
		break;
	case ROUTE_UNKNOWN:
		answer_unknown(app, &request);
		break;
	}
	log_context(NULL);
}
