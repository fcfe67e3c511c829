/* /api/storage: URLs under which a user's own files can be played. */
#include "fcgi/query.h"
#include "fcgi/routes.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/model/file_key.h"

enum { PLAY_SECONDS = 15 * 60 };

struct err *storage_play(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *key = query_get(request->query, "key");
	if (!key || !*key)
		return err_new(ERR_INVALID, "Name the file: ?key=voice-output/…");
	if (!file_key_is_own(key, request->user_id))
		return err_new(ERR_FORBIDDEN, "Access denied to this resource");
	cleanup(cleanup_free) char *url = NULL;
	TRY(s3_presign(app->services.s3, key, PLAY_SECONDS, &url));
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_string(o, "url", url);
	response_json(response, 200, js_text(o));
	return NULL;
}
