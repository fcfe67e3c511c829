/* /api/auth: register, sign in, who am I. */
#include "fcgi/routes.h"
#include "fcgi/token.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/crypt.h"
#include "jobs/base/mem.h"
#include "jobs/model/user.h"

#include <ctype.h>
#include <string.h>

static const struct text_rule email_rule = {
	.field = "email", .label = "Email", .required = true, .trim = true, .min = 1, .max = 254
};

/* One @ with something on both sides, a dot in the domain, no blanks: the rest is for the mail. */
static bool is_email(const char *text)
{
	const char *at = strchr(text, '@'), *dot = at ? strrchr(at, '.') : NULL;
	for (const char *p = text; *p; p++)
		if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p))
			return false;
	return at && at != text && !strchr(at + 1, '@') && dot && dot > at + 1 && dot[1];
}

static char *read_email(struct validation *v)
{
	char *email = validate_text(v, &email_rule);
	if (email && !is_email(email))
		validate_fault(v, "email", "Email must be a valid email address");
	return email;
}

/* {"user":…,"token":…} */
static void answer(struct app *app, const struct user *user, int status, struct response *response)
{
	cleanup(cleanup_free) char *token =
		token_new(app->conf->jwt_secret, user->id, user->email, clock_ms());
	response_json(response, status,
		      mem_printf("{\"user\":%s,\"token\":\"%s\"}", user->json, token));
}

struct err *auth_register(struct app *app, struct request *request, struct response *response)
{
	static const struct text_rule password_rule = {
		.field = "password", .label = "Password", .required = true, .min = 8, .max = 128
	};
	static const struct text_rule name_rule = {
		.field = "name", .label = "Name", .trim = true, .min = 1, .max = 100
	};
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(cleanup_free) char *email = read_email(&v);
	cleanup(cleanup_secret) char *password = validate_text(&v, &password_rule);
	cleanup(cleanup_free) char *name = validate_text(&v, &name_rule);
	if (password && strlen(password) > 511) /* crypt(3)'s limit, in bytes */
		validate_fault(&v, "password", "Password must be at most 511 bytes");
	TRY(validate_result(&v));
	cleanup(user_clear) struct user user = { 0 };
	TRY(user_create(app->db, email, password, name, &user));
	answer(app, &user, 201, response);
	return NULL;
}

struct err *auth_login(struct app *app, struct request *request, struct response *response)
{
	static const struct text_rule password_rule = {
		.field = "password", .label = "Password", .required = true, .min = 1, .max = 511
	};
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(cleanup_free) char *email = read_email(&v);
	cleanup(cleanup_secret) char *password = validate_text(&v, &password_rule);
	TRY(validate_result(&v));
	cleanup(user_clear) struct user user = { 0 };
	TRY(user_sign_in(app->db, email, password, &user));
	answer(app, &user, 200, response);
	return NULL;
}

struct err *auth_me(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *user = NULL;
	TRY(user_get(app->db, request->user_id, &user));
	response_json(response, 200, mem_printf("{\"user\":%s}", user));
	return NULL;
}
