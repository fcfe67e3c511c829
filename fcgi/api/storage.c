/* /api/storage: URLs under which a user's own files can be played. */
#include "fcgi/query.h"
#include "fcgi/routes.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <string.h>

enum { PLAY_SECONDS = 15 * 60 };

/* True for a key below one of the user's own folders, without a way out of it. */
static bool is_own(const char *key, const char *user_id)
{
	static const char *const folders[] = { "voice-output", "voice-assets" };
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		cleanup(cleanup_free) char *prefix = mem_printf("%s/%s/", folders[i], user_id);
		size_t len = strlen(prefix);
		if (!strncmp(key, prefix, len) && key[len] && !strstr(key, "..") &&
		    !strstr(key, "//"))
			return true;
	}
	return false;
}

struct err *storage_play(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *key = query_get(request->query, "key");
	if (!key || !*key)
		return err_new(ERR_INVALID, "Name the file: ?key=voice-output/…");
	if (!is_own(key, request->user_id))
		return err_new(ERR_FORBIDDEN, "Access denied to this resource");
	cleanup(cleanup_free) char *url = NULL;
	TRY(s3_presign(app->services.s3, key, PLAY_SECONDS, &url));
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_string(o, "url", url);
	response_json(response, 200, js_text(o));
	return NULL;
}
