#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/tts/call.h"
#include "jobs/tts/elevenlabs.h"

#include <string.h>

enum { MAX_WORDS = 4096 };

/* Codes before bare statuses: a 401 can be a used-up quota as well as a wrong key. */
static const struct refusal_rule rules[] = {
	{ 0, "quota_exceeded", REFUSAL_CREDITS },
	{ 0, "invalid_api_key", REFUSAL_KEY },
	{ 0, "missing_permission", REFUSAL_PERMISSION },
	{ 0, "unusual_activity", REFUSAL_ACTIVITY },
	{ 0, "can_not_use_instant_voice_cloning", REFUSAL_PLAN_CLONING },
	{ 0, "voice_limit_reached", REFUSAL_VOICE_SLOTS },
	{ 0, "max_voice_add_edits", REFUSAL_VOICE_SLOTS },
	{ 0, "duplicate_files", REFUSAL_SAMPLES },
	{ 0, "upload_file_size_exceeded", REFUSAL_SAMPLES },
	{ 0, "invalid_audio_file", REFUSAL_SAMPLES },
	{ 0, "output_format_not_allowed", REFUSAL_PLAN_FORMAT },
	{ 0, "subscription_required", REFUSAL_PLAN },
	{ 0, "paid_plan_required", REFUSAL_PLAN },
	{ 0, "only_for_creator", REFUSAL_PLAN },
	{ 0, "payment_required", REFUSAL_PLAN },
	{ 0, "voice_not_verified", REFUSAL_UNVERIFIED },
	{ 0, "voice_not_found", REFUSAL_VOICE },
	{ 0, "voice_does_not_exist", REFUSAL_VOICE },
	{ 0, "max_character_limit_exceeded", REFUSAL_TEXT_TOO_LONG },
	{ 0, "text_too_long", REFUSAL_TEXT_TOO_LONG },
	{ 0, "input_text_empty", REFUSAL_TEXT_SILENT },
	{ 0, "concurrent", REFUSAL_CONCURRENCY },
	{ 0, "unsupported_model", REFUSAL_MODEL },
	{ 0, "model_not_found", REFUSAL_MODEL },
	{ 401, NULL, REFUSAL_KEY },
	{ 402, NULL, REFUSAL_PLAN },
	{ 403, NULL, REFUSAL_PLAN },
	{ 404, NULL, REFUSAL_ADDRESS },
	{ 405, NULL, REFUSAL_ADDRESS },
	{ 408, NULL, REFUSAL_DOWN },
	{ 409, NULL, REFUSAL_THROTTLED },
	{ 413, NULL, REFUSAL_TEXT_TOO_LONG },
	{ 425, NULL, REFUSAL_THROTTLED },
	{ 429, NULL, REFUSAL_THROTTLED },
	{ 400, NULL, REFUSAL_PARAMETER },
	{ 422, NULL, REFUSAL_PARAMETER },
	{ 3, NULL, REFUSAL_ADDRESS },
	{ 5, NULL, REFUSAL_DOWN },
};

/* What an error body holds: the words that rules look at, and what is shown. */
struct fault {
	struct buf words, said;
};

static void add(struct buf *b, const char *separator, const char *text)
{
	if (!text)
		return;
	if (b->len > 0)
		buf_adds(b, separator);
	buf_adds(b, text);
}

static void read_object(struct json_object *o, struct fault *fault)
{
	static const char *const codes[] = { "code", "status", "type" };
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		add(&fault->words, " ", js_string(o, codes[i]));
	add(&fault->said, "", js_string(o, "param"));
	add(&fault->said, ": ", js_string(o, "message"));
}

/* The faults of a validation: which field, and what of it. */
static void read_list(struct json_object *list, struct fault *fault)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct json_object *loc = js_get(item, "loc");
		size_t depth = json_object_is_type(loc, json_type_array)
				       ? json_object_array_length(loc)
				       : 0;
		struct json_object *field =
			depth > 0 ? json_object_array_get_idx(loc, depth - 1) : NULL;
		add(&fault->said, "; ", field ? json_object_get_string(field) : NULL);
		add(&fault->said, ": ", js_string(item, "msg"));
	}
}

static void read_body(const char *body, size_t len, struct fault *fault)
{
	cleanup(cleanup_json) struct json_object *root = NULL;
	cleanup(cleanup_err) struct err *e = js_parse(body, len, &root);
	struct json_object *detail = js_get(root, "detail");
	if (e)
		return; /* no JSON: a proxy's page, which says nothing to a user */
	if (json_object_is_type(detail, json_type_array))
		read_list(detail, fault);
	else if (json_object_is_type(detail, json_type_string))
		add(&fault->said, "", json_object_get_string(detail));
	else
		read_object(detail ? detail : root, fault);
}

enum refusal elevenlabs_classify(int status, const char *body, size_t len, char **ret_said)
{
	struct fault fault = { .words = BUF(MAX_WORDS), .said = BUF(MAX_WORDS) };
	read_body(body, len, &fault);
	cleanup(cleanup_free) char *words = buf_take(&fault.words);
	*ret_said = buf_take(&fault.said);
	return refusal_match(rules, sizeof(rules) / sizeof(rules[0]), status, words,
			     REFUSAL_REQUEST);
}

struct err *elevenlabs_error(struct http *http, const struct http_response *response,
			     const struct service_key *key, enum audio_format format)
{
	cleanup(cleanup_free) char *said = NULL;
	enum refusal refusal =
		elevenlabs_classify(response->status, response->body, response->body_len, &said);
	if (refusal == REFUSAL_PLAN && response->status == 403 && format == AUDIO_WAV)
		refusal = REFUSAL_PLAN_FORMAT;
	return call_refused(http, refusal, service_elevenlabs.title, said, key);
}
