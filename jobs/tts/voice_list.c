#include "jobs/tts/voice_list.h"

#include "jobs/base/js.h"

enum { TIMEOUT_S = 30, MAX_LIST = 8 * 1024 * 1024 };

struct err *voice_list_get(struct http *http, const char *title, const char *url,
			   const char *key_header, struct http_response *ret_answer,
			   struct json_object **ret)
{
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = (const char *[]){ key_header, NULL },
		.max_response = MAX_LIST,
		.timeout_s = TIMEOUT_S,
		.http_1_1 = true, /* Azure's reasons stand in the reason phrase */
	};
	TRY(http_perform(http, &request, ret_answer, NULL)); /* nothing is billed */
	if (ret_answer->status != 200)
		return NULL;
	struct err *e = js_parse(ret_answer->body, ret_answer->body_len, ret);
	if (!e)
		return NULL;
	err_free(e);
	return err_new(ERR_UPSTREAM,
		       "%s sent something that is no list of voices. Try again later.", title);
}
