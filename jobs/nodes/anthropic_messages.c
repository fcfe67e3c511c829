/* Anthropic's messages (platform.claude.com, API reference, "Create a Message"). */
#include "jobs/base/buf.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/llm.h"

#include <string.h>

enum { MAX_TEXT = 16 * 1024 * 1024 };

/*
 * From Claude Opus 4.7 and the fifth generation on models have no temperature. Haiku thinks before
 * it answers unless told not to, and its thoughts count towards the limit.
 */
static const struct llm_quirk models[] = {
	{ "claude-haiku-5", LLM_NO_TEMPERATURE | LLM_NO_THINKING },
	{ "claude-sonnet-5", LLM_NO_TEMPERATURE },
	{ "claude-opus-5", LLM_NO_TEMPERATURE },
	{ "claude-opus-4-7", LLM_NO_TEMPERATURE },
	{ "claude-opus-4-8", LLM_NO_TEMPERATURE },
	{ "claude-fable", LLM_NO_TEMPERATURE },
	{ 0 },
};

static const struct llm_quirk parameters[] = {
	{ "temperature", LLM_NO_TEMPERATURE },
	{ "thinking", LLM_NO_THINKING },
	{ 0 },
};

/* platform.claude.com, "Errors". A 400 can also be an account without credit. */
static const struct refusal_rule rules[] = {
	{ 0, "credit balance", REFUSAL_CREDITS },
	{ 0, "billing_error", REFUSAL_CREDITS },
	{ 0, "spend limit", REFUSAL_CREDITS },
	{ 0, "usage limits", REFUSAL_CREDITS },
	{ 0, "authentication_error", REFUSAL_KEY },
	{ 0, "overloaded_error", REFUSAL_THROTTLED },
	{ 0, "prompt is too long", REFUSAL_CONTEXT },
	{ 0, "exceed context limit", REFUSAL_CONTEXT },
	{ 0, "request_too_large", REFUSAL_CONTEXT },
	{ 400, "content filtering", REFUSAL_CONTENT },
	{ 404, "model", REFUSAL_MODEL },
	{ 400, NULL, REFUSAL_PARAMETER },
	{ 401, NULL, REFUSAL_KEY },
	{ 402, NULL, REFUSAL_CREDITS },
	{ 403, NULL, REFUSAL_PERMISSION },
	{ 404, NULL, REFUSAL_ADDRESS },
	{ 405, NULL, REFUSAL_ADDRESS },
	{ 408, NULL, REFUSAL_DOWN },
	{ 409, NULL, REFUSAL_THROTTLED },
	{ 413, NULL, REFUSAL_CONTEXT },
	{ 422, NULL, REFUSAL_PARAMETER },
	{ 429, NULL, REFUSAL_THROTTLED },
	{ 529, NULL, REFUSAL_THROTTLED },
	{ 3, NULL, REFUSAL_ADDRESS },
	{ 5, NULL, REFUSAL_DOWN },
};

/* Its reasons by the words that our users know. */
static const struct {
	const char *theirs, *ours;
} reasons[] = {
	{ "end_turn", "stop" },
	{ "stop_sequence", "stop" },
	{ "max_tokens", "length" },
	{ "model_context_window_exceeded", "length" },
};

static char *url(const struct conf *conf)
{
	return mem_printf("%s/v1/messages", conf->anthropic_base_url);
}

static struct json_object *body(const struct llm_request *request, unsigned quirks)
{
	struct json_object *o = json_object_new_object(), *messages = json_object_new_array();
	struct json_object *message = json_object_new_object();
	js_set_string(message, "role", "user");
	js_set_string(message, "content", request->prompt);
	json_object_array_add(messages, message);
	js_set_string(o, "model", request->model);
	js_set_int(o, "max_tokens", request->max_tokens);
	if (request->instructions)
		js_set_string(o, "system", request->instructions);
	js_set(o, "messages", messages);
	if (!(quirks & LLM_NO_TEMPERATURE))
		js_set_double(o, "temperature", request->temperature);
	if (quirks & LLM_NO_THINKING) {
		struct json_object *thinking = json_object_new_object();
		js_set_string(thinking, "type", "disabled");
		js_set(o, "thinking", thinking);
	}
	return o;
}

/* The text blocks in a row; others, such as a model's thoughts, are not for the user. */
static char *join_texts(struct json_object *content)
{
	struct buf text = BUF(MAX_TEXT);
	size_t count = json_object_is_type(content, json_type_array)
			       ? json_object_array_length(content)
			       : 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *block = json_object_array_get_idx(content, i);
		const char *type = js_string(block, "type"), *piece = js_string(block, "text");
		if (type && piece && !strcmp(type, "text"))
			buf_adds(&text, piece);
	}
	return buf_take(&text);
}

static char *our_reason(const char *theirs)
{
	for (size_t i = 0; theirs && i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(theirs, reasons[i].theirs))
			return mem_strdup(reasons[i].ours);
	return mem_strdup(theirs);
}

static bool read_answer(struct json_object *answer, struct llm_answer *ret, const char **ret_said)
{
	struct json_object *usage = js_get(answer, "usage");
	const char *reason = js_string(answer, "stop_reason");
	*ret_said = js_string(js_get(answer, "stop_details"), "explanation");
	if (reason && !strcmp(reason, "refusal"))
		return false;
	ret->text = join_texts(js_get(answer, "content"));
	ret->model = mem_strdup(js_string(answer, "model"));
	ret->finish_reason = our_reason(reason);
	ret->prompt_tokens = (int64_t)js_number(usage, "input_tokens", 0);
	ret->completion_tokens = (int64_t)js_number(usage, "output_tokens", 0);
	return true;
}

static enum refusal classify(int status, const char *words)
{
	return refusal_match(rules, sizeof(rules) / sizeof(rules[0]), status, words,
			     REFUSAL_REQUEST);
}

const struct llm_provider llm_anthropic = {
	.service = &service_anthropic,
	.usual_model = "claude-haiku-5-5",
	.max_temperature = 1,
	.key_before = "x-api-key: ",
	.version_header = "anthropic-version: 2023-06-01",
	.models = models,
	.parameters = parameters,
	.url = url,
	.body = body,
	.read = read_answer,
	.classify = classify,
};
