/* /api/settings/keys and services: the users' provider keys, and what they are for. */
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/model/api_key.h"
#include "jobs/model/service_key.h"
#include "jobs/tts/key_check.h"

#include <ctype.h>
#include <string.h>

struct err *api_keys_list(struct app *app, struct request *request, struct response *response)
{
	return api_key_list(app->db, request->user_id, &response->body);
}

/* A region becomes part of a host's name. */
static void check_region(struct validation *v, const char *region)
{
	for (const char *p = region; p && *p; p++) {
		if (isalnum((unsigned char)*p) || *p == '-')
			continue;
		validate_fault(v, "region", "Region must be a name like westeurope");
		return;
	}
}

struct err *api_keys_save(struct app *app, struct request *request, struct response *response)
{
	static const char *const services[] = { "elevenlabs", "azure", "openai", "anthropic" };
	static const struct text_rule key_rule = { .field = "key",
						   .label = "Key",
						   .required = true,
						   .trim = true,
						   .min = API_KEY_MIN_LENGTH,
						   .max = 1000 };
	static const struct text_rule label_rule = { .field = "label",
						     .label = "Label",
						     .max = 100 };
	static const struct text_rule region_rule = {
		.field = "region", .label = "Region", .trim = true, .max = 100
	};
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	const char *service = validate_word(&v, "service", "Service", true, services,
					    sizeof(services) / sizeof(services[0]));
	cleanup(cleanup_secret) char *key = validate_text(&v, &key_rule);
	cleanup(cleanup_free) char *label = validate_text(&v, &label_rule);
	cleanup(cleanup_free) char *region = validate_text(&v, &region_rule);
	check_region(&v, region);
	for (const char *p = key; p && *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~') {
			validate_fault(&v, "key",
				       "Key must not contain blanks or special characters");
			break;
		}
	TRY(validate_result(&v));
	const struct api_key entry = { service, key, label, region };
	TRY(api_key_save(app->db, app->services.crypt, request->user_id, &entry, request->id,
			 &response->body));
	response->status = 201;
	return NULL;
}

struct err *api_keys_delete(struct app *app, struct request *request, struct response *response)
{
	TRY(api_key_delete(app->db, request->user_id, request->ids[0], request->id));
	response_message(response, "API key deleted");
	return NULL;
}

struct err *services_list(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(api_key_services(app->db, request->user_id, &rows));
	cleanup(cleanup_json) struct json_object *list = json_object_new_array();
	const struct service *service;
	for (size_t i = 0; (service = service_at(i)); i++) {
		struct json_object *o = json_object_new_object();
		bool has_key = false;
		for (int row = 0; row < rows_count(rows); row++)
			has_key |= !strcmp(rows_get(rows, row, 0), service->name);
		js_set_string(o, "service", service->name);
		js_set_string(o, "title", service->title);
		js_set_bool(o, "hasKey", has_key);
		js_set_bool(o, "serverKey", *service_fallback_key(service, app->conf));
		json_object_array_add(list, o);
	}
	response_json(response, 200, js_text(list));
	return NULL;
}

/* The service that the path names: /api/settings/keys/SERVICE/test. */
static const struct service *service_of(const struct request *request)
{
	static const char before[] = "/api/settings/keys/";
	const char *name = request->path + sizeof(before) - 1;
	size_t len = strcspn(name, "/");
	const struct service *service;
	for (size_t i = 0; (service = service_at(i)); i++)
		if (strlen(service->name) == len && !strncmp(service->name, name, len))
			return service;
	return NULL;
}

static struct err *check_key(struct app *app, const char *user_id, const struct service *service,
			     const char **ret_message)
{
	struct service_key key;
	TRY(service_key_resolve(&app->services, app->db, service, user_id, &key));
	struct err *e = key_check(app->http, app->conf, service, &key, ret_message);
	service_key_release(&key);
	return e;
}

/* What is wrong with a key is the answer, not an error of the request. */
struct err *api_keys_test(struct app *app, struct request *request, struct response *response)
{
	const struct service *service = service_of(request);
	if (!service)
		return err_new(ERR_NOT_FOUND, "Not found");
	const char *message = NULL;
	struct err *e = check_key(app, request->user_id, service, &message);
	if (e && (err_kind(e) == ERR_UNAVAILABLE || err_kind(e) == ERR_INTERNAL))
		return e;
	cleanup(cleanup_err) struct err *wrong = e;
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_bool(o, "ok", !wrong);
	js_set_string(o, "message", wrong ? err_message(wrong) : message);
	response_json(response, 200, js_text(o));
	return NULL;
}
