/* /api/settings/tokens: personal access tokens, for programs. */
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/model/access_token.h"

struct err *access_tokens_list(struct app *app, struct request *request, struct response *response)
{
	return access_token_list(app->db, request->user_id, &response->body);
}

struct err *access_tokens_create(struct app *app, struct request *request,
				 struct response *response)
{
	static const struct text_rule rule = { .field = "name",
					       .label = "Name",
					       .required = true,
					       .trim = true,
					       .min = 1,
					       .max = 100 };
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(cleanup_free) char *name = validate_text(&v, &rule);
	TRY(validate_result(&v));
	TRY(access_token_create(app->db, request->user_id, name, request->id, &response->body));
	response->status = 201;
	return NULL;
}

struct err *access_tokens_delete(struct app *app, struct request *request,
				 struct response *response)
{
	TRY(access_token_delete(app->db, request->user_id, request->ids[0], request->id));
	response_message(response, "Access token deleted");
	return NULL;
}
