#include "jobs/nodes/llm.h"

#include "jobs/base/js.h"
#include "tests/unit/check.h"

#include <math.h>

static const struct llm_request request = {
	.model = "some-model",
	.instructions = "Be brief.",
	.prompt = "He said \"hi\"",
	.temperature = 0.5,
	.max_tokens = 100,
};

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(llm_find("openai"), &llm_openai);
	assert_ptr_equal(llm_find("Anthropic"), &llm_anthropic);
	assert_null(llm_find("azure"));
	assert_null(llm_find(""));
}

static void test_urls(void **state)
{
	(void)state;
	const struct conf conf = { .openai_base_url = "http://host/prefix",
				   .anthropic_base_url = "https://other" };
	cleanup(cleanup_free) char *openai = llm_openai.url(&conf);
	cleanup(cleanup_free) char *anthropic = llm_anthropic.url(&conf);
	assert_string_equal(openai, "http://host/prefix/v1/chat/completions");
	assert_string_equal(anthropic, "https://other/v1/messages");
}

#define CHAT_START                                                                                 \
	"{\"model\":\"some-model\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," \
	"{\"role\":\"user\",\"content\":\"He said \\\"hi\\\"\"}],"
#define MESSAGES_START                                                                             \
	"{\"model\":\"some-model\",\"max_tokens\":100,\"system\":\"Be brief.\","                   \
	"\"messages\":[{\"role\":\"user\",\"content\":\"He said \\\"hi\\\"\"}]"

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		const struct llm_provider *provider;
		unsigned quirks;
		const char *want;
	} cases[] = {
		{ &llm_openai, 0, CHAT_START "\"max_tokens\":100,\"temperature\":0.5}" },
		{ &llm_openai, LLM_NO_TEMPERATURE, CHAT_START "\"max_tokens\":100}" },
		{ &llm_openai, LLM_NO_TEMPERATURE | LLM_COMPLETION_TOKENS,
		  CHAT_START "\"max_completion_tokens\":100}" },
		{ &llm_anthropic, 0, MESSAGES_START ",\"temperature\":0.5}" },
		{ &llm_anthropic, LLM_NO_TEMPERATURE, MESSAGES_START "}" },
		{ &llm_anthropic, LLM_NO_TEMPERATURE | LLM_NO_THINKING,
		  MESSAGES_START ",\"thinking\":{\"type\":\"disabled\"}}" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *body =
			cases[i].provider->body(&request, cases[i].quirks);
		cleanup(cleanup_free) char *text = js_text(body);
		assert_string_equal(text, cases[i].want);
	}
}

static void test_bodies_without_instructions(void **state)
{
	(void)state;
	struct llm_request bare = request;
	bare.instructions = NULL;
	cleanup(cleanup_json) struct json_object *chat = llm_openai.body(&bare, 0);
	cleanup(cleanup_json) struct json_object *messages = llm_anthropic.body(&bare, 0);
	assert_int_equal(json_object_array_length(js_get(chat, "messages")), 1);
	assert_null(js_get(messages, "system"));
}

static void test_quirks(void **state)
{
	(void)state;
	enum { REASONING = LLM_NO_TEMPERATURE | LLM_COMPLETION_TOKENS };
	static const struct {
		const struct llm_provider *provider;
		const char *model;
		unsigned want;
	} cases[] = {
		{ &llm_openai, "gpt-4o-mini", 0 },
		{ &llm_openai, "gpt-4.1", 0 },
		{ &llm_openai, "gpt-3.5-turbo", 0 },
		{ &llm_openai, "llama3:8b", 0 },
		{ &llm_openai, "o1-preview", REASONING },
		{ &llm_openai, "o3-mini", REASONING },
		{ &llm_openai, "o4-mini", REASONING },
		{ &llm_openai, "gpt-5-nano", REASONING },
		{ &llm_openai, "gpt-5.1", REASONING },
		{ &llm_anthropic, "claude-3-5-sonnet-20241022", 0 },
		{ &llm_anthropic, "claude-haiku-4-5", 0 },
		{ &llm_anthropic, "claude-opus-4-7", LLM_NO_TEMPERATURE },
		{ &llm_anthropic, "claude-sonnet-5-5", LLM_NO_TEMPERATURE },
		{ &llm_anthropic, "claude-haiku-5-5", LLM_NO_TEMPERATURE | LLM_NO_THINKING },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(llm_quirks(cases[i].provider, cases[i].model), cases[i].want);
}

static void test_complaints(void **state)
{
	(void)state;
	static const struct {
		const struct llm_provider *provider;
		const char *words;
		unsigned want;
	} cases[] = {
		{ &llm_openai,
		  "unsupported_parameter max_tokens Unsupported parameter: 'max_tokens' is not "
		  "supported with this model. Use 'max_completion_tokens' instead.",
		  LLM_COMPLETION_TOKENS },
		{ &llm_openai, "Unrecognized request argument supplied: max_completion_tokens",
		  LLM_COMPLETION_TOKENS },
		{ &llm_openai,
		  "unsupported_value temperature Unsupported value: 'temperature' does not support "
		  "0.7 with this model.",
		  LLM_NO_TEMPERATURE },
		{ &llm_openai,
		  "invalid_value max_tokens max_tokens is too large: 99999. This model supports at "
		  "most 16384 completion tokens",
		  0 },
		{ &llm_openai, "Unsupported parameter: 'messages'", 0 },
		{ &llm_openai, "", 0 },
		{ &llm_anthropic,
		  "invalid_request_error `temperature` is deprecated for this model.",
		  LLM_NO_TEMPERATURE },
		{ &llm_anthropic,
		  "invalid_request_error thinking.type: \"disabled\" is not supported",
		  LLM_NO_THINKING },
		{ &llm_anthropic, "max_tokens: 99999 > 64000, which is the maximum", 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (llm_complaint(cases[i].provider, cases[i].words) != cases[i].want)
			fail_msg("%s", cases[i].words);
}

static struct err *read_text(const struct llm_provider *provider, const char *body,
			     struct llm_answer *ret)
{
	return llm_read(provider, body, strlen(body), ret);
}

static void test_openai_answer(void **state)
{
	(void)state;
	cleanup(llm_answer_clear) struct llm_answer a = { 0 };
	assert_ok(read_text(&llm_openai,
			    "{\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"message\":"
			    "{\"role\":\"assistant\",\"content\":\"Hello.\",\"refusal\":null},"
			    "\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":12,"
			    "\"completion_tokens\":34,\"total_tokens\":46}}",
			    &a));
	assert_string_equal(a.text, "Hello.");
	assert_string_equal(a.model, "gpt-4o-mini-2024-07-18");
	assert_string_equal(a.finish_reason, "length");
	assert_int_equal(a.prompt_tokens, 12);
	assert_int_equal(a.completion_tokens, 34);
}

static void test_anthropic_answers(void **state)
{
	(void)state;
	static const struct {
		const char *theirs, *ours;
	} cases[] = {
		{ "end_turn", "stop" },         { "stop_sequence", "stop" },
		{ "max_tokens", "length" },     { "model_context_window_exceeded", "length" },
		{ "pause_turn", "pause_turn" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[512];
		cleanup(llm_answer_clear) struct llm_answer a = { 0 };
		snprintf(body, sizeof(body),
			 "{\"model\":\"m\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"x\"},"
			 "{\"type\":\"text\",\"text\":\"One. \"},{\"type\":\"text\",\"text\":"
			 "\"Two.\"}],\"stop_reason\":\"%s\",\"usage\":{\"input_tokens\":5,"
			 "\"output_tokens\":7}}",
			 cases[i].theirs);
		assert_ok(read_text(&llm_anthropic, body, &a));
		assert_string_equal(a.text, "One. Two.");
		assert_string_equal(a.finish_reason, cases[i].ours);
		assert_int_equal(a.prompt_tokens, 5);
		assert_int_equal(a.completion_tokens, 7);
	}
}

static void test_useless_answers(void **state)
{
	(void)state;
	static const struct {
		const struct llm_provider *provider;
		const char *body;
		enum err_kind kind;
		const char *part;
	} cases[] = {
		{ &llm_openai, "", ERR_UPSTREAM, "cannot be read" },
		{ &llm_openai, "<html>", ERR_UPSTREAM, "cannot be read" },
		{ &llm_openai, "{}", ERR_UPSTREAM, "without text" },
		{ &llm_openai, "{\"choices\":[]}", ERR_UPSTREAM, "without text" },
		{ &llm_openai, "{\"choices\":[{\"message\":{\"content\":[]}}]}", ERR_UPSTREAM,
		  "without text" },
		{ &llm_openai,
		  "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"length\"}]}",
		  ERR_REFUSED, "used up the tokens" },
		{ &llm_openai, "{\"choices\":[{\"message\":{\"refusal\":\"I can't.\"}}]}",
		  ERR_REFUSED,
		  "declines this content. Word the prompt differently. It says: "
		  "“I can't.”" },
		{ &llm_openai, "{\"choices\":[{\"finish_reason\":\"content_filter\"}]}",
		  ERR_REFUSED, "OpenAI declines" },
		{ &llm_anthropic, "null", ERR_UPSTREAM, "without text" },
		{ &llm_anthropic, "{\"content\":[7,{\"type\":\"text\"}]}", ERR_UPSTREAM,
		  "without text" },
		{ &llm_anthropic, "{\"content\":[],\"stop_reason\":\"refusal\"}", ERR_REFUSED,
		  "Anthropic declines" },
		{ &llm_anthropic, "{\"content\":[],\"stop_reason\":\"max_tokens\"}", ERR_REFUSED,
		  "Anthropic used up the tokens" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(llm_answer_clear) struct llm_answer a = { 0 };
		assert_error(read_text(cases[i].provider, cases[i].body, &a), cases[i].kind,
			     cases[i].part);
	}
}

static void test_anthropic_refusals(void **state)
{
	(void)state;
	static const struct {
		int status;
		enum refusal want;
		const char *words;
	} cases[] = {
		{ 400, REFUSAL_CREDITS,
		  "invalid_request_error Your credit balance is too low to access the Anthropic "
		  "API" },
		{ 400, REFUSAL_CREDITS,
		  "invalid_request_error You have reached your specified API usage limits." },
		{ 402, REFUSAL_CREDITS, "billing_error There is an issue with your payment" },
		{ 401, REFUSAL_KEY, "authentication_error invalid x-api-key" },
		{ 403, REFUSAL_PERMISSION, "permission_error not allowed" },
		{ 404, REFUSAL_MODEL, "not_found_error model: claude-2" },
		{ 404, REFUSAL_ADDRESS, "" },
		{ 400, REFUSAL_CONTEXT, "prompt is too long: 200251 tokens > 200000 maximum" },
		{ 413, REFUSAL_CONTEXT, "" },
		{ 400, REFUSAL_CONTENT, "Output blocked by content filtering policy" },
		{ 400, REFUSAL_PARAMETER, "max_tokens: Field required" },
		{ 429, REFUSAL_THROTTLED, "rate_limit_error" },
		{ 529, REFUSAL_THROTTLED, "overloaded_error Overloaded" },
		{ 529, REFUSAL_THROTTLED, "" },
		{ 500, REFUSAL_DOWN, "api_error" },
		{ 302, REFUSAL_ADDRESS, "" },
		{ 418, REFUSAL_REQUEST, "tea" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (llm_anthropic.classify(cases[i].status, cases[i].words) != cases[i].want)
			fail_msg("%d %s", cases[i].status, cases[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_bodies_without_instructions),
		cmocka_unit_test(test_quirks),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_openai_answer),
		cmocka_unit_test(test_anthropic_answers),
		cmocka_unit_test(test_useless_answers),
		cmocka_unit_test(test_anthropic_refusals),
	};
	js_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
