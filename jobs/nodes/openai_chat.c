/* OpenAI's chat completions (platform.openai.com, API reference, "Create chat completion"). */
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/llm.h"
#include "jobs/tts/openai.h"

#include <string.h>

/* Models that reason take neither a temperature nor max_tokens. */
enum { REASONING = LLM_NO_TEMPERATURE | LLM_COMPLETION_TOKENS };

static const struct llm_quirk models[] = {
	{ "o1", REASONING },    { "o3", REASONING },    { "o4", REASONING },
	{ "gpt-5", REASONING }, { "gpt-6", REASONING }, { 0 },
};

static const struct llm_quirk parameters[] = {
	{ "temperature", LLM_NO_TEMPERATURE },
	{ "max_tokens", LLM_COMPLETION_TOKENS },
	{ "max_completion_tokens", LLM_COMPLETION_TOKENS },
	{ 0 },
};

static char *url(const struct conf *conf)
{
	return mem_printf("%s/v1/chat/completions", conf->openai_base_url);
}

static void add_message(struct json_object *messages, const char *role, const char *content)
{
	struct json_object *message = json_object_new_object();
	js_set_string(message, "role", role);
	js_set_string(message, "content", content);
	json_object_array_add(messages, message);
}

static struct json_object *body(const struct llm_request *request, unsigned quirks)
{
	struct json_object *o = json_object_new_object(), *messages = json_object_new_array();
	if (request->instructions)
		add_message(messages, "system", request->instructions);
	add_message(messages, "user", request->prompt);
	js_set_string(o, "model", request->model);
	js_set(o, "messages", messages);
	js_set_int(o, quirks & LLM_COMPLETION_TOKENS ? "max_completion_tokens" : "max_tokens",
		   request->max_tokens);
	if (!(quirks & LLM_NO_TEMPERATURE))
		js_set_double(o, "temperature", request->temperature);
	return o;
}

static bool read_answer(struct json_object *answer, struct llm_answer *ret, const char **ret_said)
{
	struct json_object *choices = js_get(answer, "choices");
	struct json_object *choice = json_object_is_type(choices, json_type_array)
					     ? json_object_array_get_idx(choices, 0)
					     : NULL;
	struct json_object *message = js_get(choice, "message"), *usage = js_get(answer, "usage");
	const char *reason = js_string(choice, "finish_reason");
	*ret_said = js_string(message, "refusal");
	if (*ret_said || (reason && !strcmp(reason, "content_filter")))
		return false;
	ret->text = mem_strdup(js_string(message, "content"));
	ret->model = mem_strdup(js_string(answer, "model"));
	ret->finish_reason = mem_strdup(reason);
	ret->prompt_tokens = (int64_t)js_number(usage, "prompt_tokens", 0);
	ret->completion_tokens = (int64_t)js_number(usage, "completion_tokens", 0);
	return true;
}

const struct llm_provider llm_openai = {
	.service = &service_openai,
	.usual_model = "gpt-4o-mini",
	.max_temperature = 2,
	.key_before = "Authorization: Bearer ",
	.models = models,
	.parameters = parameters,
	.url = url,
	.body = body,
	.read = read_answer,
	.classify = openai_classify,
};
