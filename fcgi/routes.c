#include "fcgi/routes.h"

#include <string.h>

/* clang-format off */
static const struct route routes[] = {
	{ "POST",   "/api/auth/register",                ROUTE_PUBLIC | ROUTE_JSON, auth_register },
	{ "POST",   "/api/auth/login",                   ROUTE_PUBLIC | ROUTE_JSON, auth_login },
	{ "GET",    "/api/auth/me",                      0,          auth_me },

	{ "GET",    "/api/settings/keys",                0,          api_keys_list },
	{ "POST",   "/api/settings/keys",                ROUTE_JSON, api_keys_save },
	{ "DELETE", "/api/settings/keys/:",              0,          api_keys_delete },
	{ "POST",   "/api/settings/keys/elevenlabs/test", ROUTE_JSON, api_keys_test },
	{ "POST",   "/api/settings/keys/azure/test",     ROUTE_JSON, api_keys_test },
	{ "POST",   "/api/settings/keys/openai/test",    ROUTE_JSON, api_keys_test },
	{ "POST",   "/api/settings/keys/anthropic/test", ROUTE_JSON, api_keys_test },
	{ "GET",    "/api/settings/services",            0,          services_list },
	{ "GET",    "/api/settings/pronunciations",      0,          pronunciations_get },
	{ "PUT",    "/api/settings/pronunciations",      0,          pronunciations_put },
	{ "GET",    "/api/settings/budget",              0,          budget_show },
	{ "PUT",    "/api/settings/budget",              ROUTE_JSON, budget_save },
	{ "GET",    "/api/settings/tokens",              0,          access_tokens_list },
	{ "POST",   "/api/settings/tokens",              ROUTE_JSON, access_tokens_create },
	{ "DELETE", "/api/settings/tokens/:",            0,          access_tokens_delete },
	{ "GET",    "/api/usage",                        0,          usage_get },
	{ "GET",    "/api/voices",                       0,          voices_list },

	{ "GET",    "/api/voice-profiles",               0,          voice_profiles_list },
	{ "POST",   "/api/voice-profiles",               ROUTE_JSON | ROUTE_IDEMPOTENT | ROUTE_ATOMIC, voice_profiles_create },
	{ "GET",    "/api/voice-profiles/:",             0,          voice_profiles_get },
	{ "PUT",    "/api/voice-profiles/:",             ROUTE_JSON, voice_profiles_update },
	{ "DELETE", "/api/voice-profiles/:",             0,          voice_profiles_delete },
	{ "POST",   "/api/voice-profiles/:/assets",      ROUTE_IDEMPOTENT, voice_assets_create },
	{ "DELETE", "/api/voice-profiles/:/assets/:",    0,          voice_assets_delete },
	{ "POST",   "/api/voice-profiles/:/train",       ROUTE_JSON, voice_profiles_train },

	{ "GET",    "/api/workflows",                    0,          workflows_list },
	{ "POST",   "/api/workflows",                    ROUTE_JSON | ROUTE_IDEMPOTENT | ROUTE_ATOMIC, workflows_create },
	{ "GET",    "/api/workflows/:",                  0,          workflows_get },
	{ "PUT",    "/api/workflows/:",                  ROUTE_JSON, workflows_update },
	{ "DELETE", "/api/workflows/:",                  0,          workflows_delete },
	{ "POST",   "/api/workflows/:/duplicate",        ROUTE_JSON | ROUTE_IDEMPOTENT | ROUTE_ATOMIC, workflows_duplicate },
	{ "POST",   "/api/workflows/:/execute",          ROUTE_JSON | ROUTE_IDEMPOTENT | ROUTE_ATOMIC, executions_execute },
	{ "POST",   "/api/workflows/:/rerun",            ROUTE_JSON | ROUTE_IDEMPOTENT | ROUTE_ATOMIC, executions_rerun },
	{ "POST",   "/api/workflows/:/execute-node",     ROUTE_JSON, executions_run_node },
	{ "GET",    "/api/workflows/:/executions",       0,          executions_list },
	{ "GET",    "/api/workflows/:/executions/:",     0,          executions_get },
	{ "POST",   "/api/workflows/:/executions/:/cancel", ROUTE_JSON, executions_cancel },

	{ "GET",    "/api/workflows/:/executions/:/segments", 0,     segments_list },
	{ "POST",   "/api/workflows/:/executions/:/segments/#/regenerate", ROUTE_JSON | ROUTE_IDEMPOTENT, segments_regenerate },
	{ "POST",   "/api/workflows/:/estimate",         ROUTE_JSON, workflows_estimate },

	{ "GET",    "/api/workflows/:/hooks",            0,            hooks_list },
	{ "POST",   "/api/hooks/:",                      ROUTE_PUBLIC, hooks_call },
	{ "GET",    "/api/hooks/:",                      ROUTE_PUBLIC, hooks_call },
	{ "PUT",    "/api/hooks/:",                      ROUTE_PUBLIC, hooks_call },

	{ "POST",   "/v1/audio/speech",                  ROUTE_JSON,   openai_speech },
	{ "GET",    "/v1/audio/voices",                  0,            openai_voices },
	{ "GET",    "/v1/models",                        0,            openai_models },

	{ "GET",    "/api/node-types",                   0,            node_types_list },
	{ "GET",    "/api/storage/play",                 0,            storage_play },
	{ "GET",    "/api/health",                       ROUTE_PUBLIC, health_live },
	{ "GET",    "/api/health/ready",                 ROUTE_PUBLIC, health_ready },
};
/* clang-format on */

/* Copies the part of a path that stands for an id; false where it cannot be one. */
static bool take_id(struct request *request, int *n, const char *part, size_t len)
{
	if (len != ID_SIZE - 1 || *n == REQUEST_MAX_IDS)
		return false;
	char *id = request->ids[*n];
	memcpy(id, part, len);
	id[len] = '\0';
	++*n;
	return id_is_valid(id);
}

/* Copies the part of a path that stands for a number from 1 on; false where it cannot be one. */
static bool take_number(struct request *request, const char *part, size_t len)
{
	if (len >= REQUEST_NUMBER_SIZE || *part == '0' || strspn(part, "0123456789") < len)
		return false;
	memcpy(request->number, part, len);
	request->number[len] = '\0';
	return len > 0;
}

static bool fits(const char *pattern, struct request *request)
{
	const char *path = request->path;
	int ids = 0;
	while (*pattern && *path) {
		if (*pattern != ':' && *pattern != '#') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");
		if (!(*pattern == '#' ? take_number(request, path, len)
				      : take_id(request, &ids, path, len)))
			return false;
		path += len;
		pattern++;
	}
	return *pattern == *path;
}

static bool takes_method(const struct route *route, const char *method)
{
	return !strcmp(route->method, method) ||
	       (!strcmp(method, "HEAD") && !strcmp(route->method, "GET"));
}

/* Appends a route's method to the list of a 405. */
static void add_allowed(char allow[static ROUTE_ALLOW_SIZE], const char *method)
{
	size_t len = strlen(allow);
	snprintf(allow + len, ROUTE_ALLOW_SIZE - len, "%s%s%s", len ? ", " : "", method,
		 !strcmp(method, "GET") ? ", HEAD" : "");
}

enum route_match route_find(struct request *request, const struct route **ret,
			    char ret_allow[static ROUTE_ALLOW_SIZE])
{
	ret_allow[0] = '\0';
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!fits(routes[i].pattern, request))
			continue;
		if (takes_method(&routes[i], request->method)) {
			*ret = &routes[i];
			return ROUTE_FOUND;
		}
		add_allowed(ret_allow, routes[i].method);
	}
	return *ret_allow ? ROUTE_WRONG_METHOD : ROUTE_UNKNOWN;
}
