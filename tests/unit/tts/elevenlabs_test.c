#include "jobs/tts/elevenlabs.h"

#include "tests/unit/tts/fixture.h"

static void test_body_without_settings(void **state)
{
	(void)state;
	cleanup(tts_result_clear) struct tts_result r = { 0 };
	const struct tts_request request = plain_request("v", "He said \"hi\"\x0b\n日本");
	cleanup(cleanup_free) char *body = elevenlabs_body(&request, &r);
	assert_string_equal(body, "{\"text\":\"He said \\\"hi\\\" \\n日本\","
				  "\"model_id\":\"eleven_multilingual_v2\"}");
	assert_int_equal(note_count(&r), 0);
}

static void test_settings(void **state)
{
	(void)state;
	static const struct {
		double stability, similarity, rate;
		double want_stability, want_similarity, want_speed; /* NAN: not sent */
		const char *note;
	} cases[] = {
		{ 0.3, 0.9, NAN, 0.3, 0.9, NAN, NULL },
		{ 0, 1, 1.2, 0, 1, 1.2, NULL },
		{ NAN, NAN, 1, NAN, NAN, 1, NULL },
		{ NAN, NAN, 2, NAN, NAN, 1.2,
		  "speakingRate 2 is more than ElevenLabs allows; used 1.2" },
		{ NAN, NAN, 0.5, NAN, NAN, 0.7,
		  "speakingRate 0.5 is less than ElevenLabs allows; used 0.7" },
		{ 1.5, 0.5, NAN, 1, 0.5, NAN,
		  "stability 1.5 is more than ElevenLabs allows; used 1" },
		{ 0.5, -1, NAN, 0.5, 0, NAN,
		  "similarityBoost -1 is less than ElevenLabs allows; used 0" },
		{ 0.2, NAN, NAN, 0.2, 0.75, NAN, "similarityBoost was not set" },
		{ NAN, 0.2, NAN, 0.5, 0.2, NAN, "stability was not set" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		struct tts_request request = plain_request("v", "Hi");
		request.stability = cases[i].stability;
		request.similarity_boost = cases[i].similarity;
		request.speaking_rate = cases[i].rate;
		cleanup(cleanup_free) char *text = elevenlabs_body(&request, &r);
		cleanup(cleanup_json) struct json_object *body = NULL;
		assert_null(js_parse(text, strlen(text), &body));
		struct json_object *settings = js_get(body, "voice_settings");
		const struct {
			const char *name;
			double want;
		} sent[] = {
			{ "stability", cases[i].want_stability },
			{ "similarity_boost", cases[i].want_similarity },
			{ "speed", cases[i].want_speed },
		};
		for (size_t k = 0; k < COUNT(sent); k++) {
			assert_int_equal(!js_get(settings, sent[k].name), isnan(sent[k].want) != 0);
			if (!isnan(sent[k].want))
				assert_float_equal(js_number(settings, sent[k].name, -9),
						   sent[k].want, 1e-9);
		}
		assert_int_equal(note_count(&r), cases[i].note ? 1 : 0);
		if (cases[i].note)
			assert_has(note(&r, 0), cases[i].note);
	}
}

static void test_voice_url(void **state)
{
	(void)state;
	const struct conf conf = { .elevenlabs_base_url = "http://host/prefix" };
	static const struct {
		const char *voice, *want;
	} cases[] = {
		{ "abc123", "http://host/prefix/v1/abc123" },
		{ " \u00a0 abc\u00a0\n", "http://host/prefix/v1/abc" },
		{ "a b/../c?d#e%", "http://host/prefix/v1/a%20b%2F%2E%2E%2Fc%3Fd%23e%25" },
		{ "ü", "http://host/prefix/v1/%C3%BC" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *url = NULL;
		assert_null(elevenlabs_voice_url(&conf, "/v1/", cases[i].voice, &url));
		assert_string_equal(url, cases[i].want);
	}
	static const char *const blank[] = { "", "  ", "\u00a0" };
	for (size_t i = 0; i < COUNT(blank); i++) {
		char *url = NULL;
		assert_error(elevenlabs_voice_url(&conf, "/v1/", blank[i], &url), ERR_REFUSED,
			     "no ElevenLabs voice");
		assert_null(url);
	}
}

static const struct {
	int status;
	enum refusal want;
	const char *body, *said;
} answers[] = {
	/* type, code, message, status, param */
	{ 401, REFUSAL_KEY,
	  "{\"detail\":{\"type\":\"authentication_error\",\"code\":\"invalid_api_key\","
	  "\"message\":\"Invalid API key\",\"status\":\"invalid_api_key\"}}",
	  "Invalid API key" },
	{ 400, REFUSAL_MODEL,
	  "{\"detail\":{\"type\":\"validation_error\",\"code\":\"unsupported_model\","
	  "\"message\":\"No such\",\"param\":\"model_id\"}}",
	  "model_id: No such" },
	{ 402, REFUSAL_PLAN,
	  "{\"detail\":{\"type\":\"payment_required\",\"code\":\"paid_plan_required\","
	  "\"message\":\"Pay\"}}",
	  "Pay" },
	/* status, message */
	{ 401, REFUSAL_CREDITS,
	  "{\"detail\":{\"status\":\"quota_exceeded\",\"message\":\"0 left\"}}", "0 left" },
	{ 401, REFUSAL_PERMISSION,
	  "{\"detail\":{\"status\":\"missing_permissions\",\"message\":\"m\"}}", "m" },
	{ 401, REFUSAL_ACTIVITY,
	  "{\"detail\":{\"status\":\"detected_unusual_activity\",\"message\":\"m\"}}", "m" },
	{ 400, REFUSAL_VOICE, "{\"detail\":{\"status\":\"voice_not_found\",\"message\":\"m\"}}",
	  "m" },
	{ 400, REFUSAL_TEXT_TOO_LONG,
	  "{\"detail\":{\"status\":\"max_character_limit_exceeded\",\"message\":\"m\"}}", "m" },
	{ 400, REFUSAL_VOICE_SLOTS,
	  "{\"detail\":{\"status\":\"voice_limit_reached\",\"message\":\"m\"}}", "m" },
	{ 400, REFUSAL_PLAN_CLONING,
	  "{\"detail\":{\"status\":\"can_not_use_instant_voice_cloning\","
	  "\"message\":\"m\"}}",
	  "m" },
	{ 403, REFUSAL_PLAN, "{\"detail\":{\"status\":\"only_for_creator+\",\"message\":\"m\"}}",
	  "m" },
	{ 429, REFUSAL_CONCURRENCY,
	  "{\"detail\":{\"status\":\"too_many_concurrent_requests\",\"message\":\"m\"}}", "m" },
	{ 429, REFUSAL_THROTTLED, "{\"detail\":{\"status\":\"system_busy\",\"message\":\"m\"}}",
	  "m" },
	/* the list of a validation */
	{ 422, REFUSAL_PARAMETER,
	  "{\"detail\":[{\"loc\":[\"body\",\"text\"],\"msg\":\"Field required\","
	  "\"type\":\"missing\"},{\"loc\":[\"body\",0],\"msg\":\"bad\"}]}",
	  "text: Field required; 0: bad" },
	{ 422, REFUSAL_PARAMETER, "{\"detail\":[{},{\"loc\":[]},7,null]}", "" },
	/* plain */
	{ 404, REFUSAL_ADDRESS, "{\"detail\":\"Not Found\"}", "Not Found" },
	/* a crash */
	{ 500, REFUSAL_DOWN, "{\"status\":\"internal_server_error\",\"message\":\"Oops\"}",
	  "Oops" },
	/* no JSON, or JSON of no known shape */
	{ 502, REFUSAL_DOWN, "<html>Bad Gateway</html>", "" },
	{ 503, REFUSAL_DOWN, "", "" },
	{ 401, REFUSAL_KEY, "", "" },
	{ 402, REFUSAL_PLAN, "null", "" },
	{ 403, REFUSAL_PLAN, "[]", "" },
	{ 404, REFUSAL_ADDRESS, "{\"detail\":null}", "" },
	{ 429, REFUSAL_THROTTLED, "{\"detail\":{\"status\":7,\"message\":[]}}", "" },
	{ 408, REFUSAL_DOWN, "", "" },
	{ 301, REFUSAL_ADDRESS, "", "" },
	{ 409, REFUSAL_THROTTLED, "", "" },
	{ 425, REFUSAL_THROTTLED, "", "" },
	{ 400, REFUSAL_SAMPLES,
	  "{\"detail\":{\"status\":\"duplicate_files\",\"message\":\"Twice\"}}", "Twice" },
	{ 400, REFUSAL_PARAMETER,
	  "{\"detail\":{\"status\":\"invalid_parameters\",\"message\":\"An invalid ID\"}}",
	  "An invalid ID" },
	{ 400, REFUSAL_VOICE,
	  "{\"detail\":{\"status\":\"voice_does_not_exist\",\"message\":\"Gone\"}}", "Gone" },
	{ 400, REFUSAL_MODEL, "{\"detail\":{\"status\":\"model_not_found\",\"message\":\"None\"}}",
	  "None" },
	{ 429, REFUSAL_THROTTLED,
	  "{\"detail\":{\"status\":\"rate_limit_exceeded\",\"message\":\"Slower\"}}", "Slower" },
	{ 504, REFUSAL_DOWN, "<html>", "" },
	{ 418, REFUSAL_REQUEST, "{\"detail\":{\"message\":\"tea\"}}", "tea" },
	{ 204, REFUSAL_REQUEST, "", "" },
};

static void test_classify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		cleanup(cleanup_free) char *said = NULL;
		enum refusal refusal = elevenlabs_classify(answers[i].status, answers[i].body,
							   strlen(answers[i].body), &said);
		if (refusal != answers[i].want)
			fail_msg("%d %s: refusal %d", answers[i].status, answers[i].body, refusal);
		assert_string_equal(said, answers[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_body_without_settings),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_voice_url),
		cmocka_unit_test(test_classify),
	};
	js_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
