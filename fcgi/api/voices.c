/* /api/voices: what a provider has to choose from. */
#include "fcgi/query.h"
#include "fcgi/routes.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/tts/provider.h"

struct err *voices_list(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *name = query_get(request->query, "provider");
	const struct provider *provider = name ? provider_find(name) : NULL;
	if (!provider)
		return err_new(ERR_INVALID,
			       "Say whose voices: ?provider=elevenlabs, azure or openai");
	struct service_key key;
	cleanup(cleanup_json) struct json_object *list = NULL;
	TRY(service_key_resolve(&app->services, app->db, provider->service, request->user_id,
				&key));
	struct err *e = provider->list_voices(app->http, app->conf, &key, &list);
	service_key_release(&key);
	TRY(response_blame_provider(e));
	response_json(response, 200, js_text(list));
	return NULL;
}
