#include "jobs/tts/openai.h"

#include "tests/unit/tts/fixture.h"

static void test_speech_body(void **state)
{
	(void)state;
	static const struct {
		double rate;
		const char *model, *want, *note;
	} cases[] = {
		{ NAN, NULL,
		  "{\"model\":\"tts-1\",\"voice\":\"nova\",\"input\":\"He said \\\"hi\\\"\","
		  "\"response_format\":\"mp3\"}",
		  NULL },
		{ 2, "tts-1-hd", "\"model\":\"tts-1-hd\"", NULL },
		{ 4, NULL, "\"speed\":4", NULL },
		{ 9, NULL, "\"speed\":4", "speed 9 is more than OpenAI allows; used 4" },
		{ 0.1, NULL, "\"speed\":0.25", "speed 0.1 is less than OpenAI allows; used 0.25" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		struct tts_request request = plain_request("nova", "He said \"hi\"");
		request.speaking_rate = cases[i].rate;
		request.model = cases[i].model;
		cleanup(cleanup_free) char *body = openai_speech_body(&request, &r);
		assert_has(body, cases[i].want);
		assert_int_equal(note_count(&r), cases[i].note ? 1 : 0);
		if (cases[i].note)
			assert_string_equal(note(&r, 0), cases[i].note);
	}
}

static void test_what_it_has_not(void **state)
{
	(void)state;
	cleanup(tts_result_clear) struct tts_result r = { 0 };
	struct tts_request request = plain_request("nova", "Hi");
	request.format = AUDIO_WAV;
	request.stability = 0.5;
	request.similarity_boost = 0.7;
	cleanup(cleanup_free) char *body = openai_speech_body(&request, &r);
	assert_has(body, "\"response_format\":\"wav\"");
	assert_int_equal(note_count(&r), 2);
	assert_string_equal(note(&r, 0), "OpenAI has no stability; 0.5 was left out");
	assert_int_equal(openai_provider.max_characters(&request), 4096);
}

static const struct {
	int status;
	enum refusal want;
	const char *body, *said;
} answers[] = {
	{ 401, REFUSAL_KEY,
	  "{\"error\":{\"message\":\"Incorrect API key provided\",\"type\":"
	  "\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}",
	  "Incorrect API key provided" },
	{ 429, REFUSAL_CREDITS,
	  "{\"error\":{\"message\":\"You exceeded your current quota\",\"type\":"
	  "\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}",
	  "You exceeded your current quota" },
	{ 429, REFUSAL_THROTTLED,
	  "{\"error\":{\"message\":\"Rate limit reached; add a payment method at "
	  "https://platform.openai.com/account/billing\",\"code\":\"rate_limit_exceeded\"}}",
	  "Rate limit reached; add a payment method at "
	  "https://platform.openai.com/account/billing" },
	{ 404, REFUSAL_MODEL, "{\"error\":{\"message\":\"m\",\"code\":\"model_not_found\"}}", "m" },
	{ 404, REFUSAL_MODEL, "{\"error\":\"model 'x' not found\"}", "model 'x' not found" },
	{ 404, REFUSAL_ADDRESS, "{\"detail\":\"Not Found\"}", "Not Found" },
	{ 403, REFUSAL_MODEL,
	  "{\"error\":{\"message\":\"Project p does not have access to model m\"}}",
	  "Project p does not have access to model m" },
	{ 403, REFUSAL_PERMISSION,
	  "{\"error\":{\"message\":\"m\",\"code\":\"unsupported_country_region_territory\"}}",
	  "m" },
	{ 400, REFUSAL_CONTEXT,
	  "{\"error\":{\"message\":\"m\",\"code\":\"context_length_exceeded\"}}", "m" },
	{ 400, REFUSAL_CONTENT, "{\"error\":{\"message\":\"m\",\"code\":\"invalid_prompt\"}}",
	  "m" },
	{ 400, REFUSAL_TEXT_TOO_LONG,
	  "{\"error\":{\"message\":\"m\",\"param\":\"input\",\"code\":\"string_above_max_length\"}"
	  "}",
	  "m" },
	{ 400, REFUSAL_VOICE_NAME,
	  "{\"error\":{\"message\":\"m\",\"param\":\"voice\",\"code\":\"invalid_value\"}}", "m" },
	{ 400, REFUSAL_PARAMETER,
	  "{\"error\":{\"message\":\"m\",\"param\":\"speed\",\"code\":\"invalid_value\"}}", "m" },
	{ 400, REFUSAL_PARAMETER, "{\"message\":\"plain\"}", "plain" },
	{ 503, REFUSAL_DOWN, "<html>", "" },
	{ 500, REFUSAL_DOWN, "", "" },
	{ 301, REFUSAL_ADDRESS, "", "" },
	{ 418, REFUSAL_REQUEST, "[]", "" },
};

static void test_classify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		cleanup(cleanup_free) char *words = NULL, *said = NULL;
		refusal_read(answers[i].body, strlen(answers[i].body), &words, &said);
		enum refusal refusal = openai_classify(answers[i].status, words);
		if (refusal != answers[i].want)
			fail_msg("%d %s: refusal %d", answers[i].status, answers[i].body, refusal);
		assert_string_equal(said, answers[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_speech_body),
		cmocka_unit_test(test_what_it_has_not),
		cmocka_unit_test(test_classify),
	};
	js_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
