/* /api/settings/keys: the users' provider keys. */
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/model/api_key.h"

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
