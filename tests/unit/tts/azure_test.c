#include "jobs/tts/azure.h"

#include "tests/unit/tts/fixture.h"

static void test_url(void **state)
{
	(void)state;
	static const struct {
		const char *base, *region, *configured, *want;
	} cases[] = {
		{ "", NULL, "eastus",
		  "https://eastus.tts.speech.microsoft.com/cognitiveservices/v1" },
		{ "", "", "eastus",
		  "https://eastus.tts.speech.microsoft.com/cognitiveservices/v1" },
		{ "", "west-europe2", "eastus",
		  "https://west-europe2.tts.speech.microsoft.com/cognitiveservices/v1" },
		{ "http://own/tts", "x", "eastus", "http://own/tts/cognitiveservices/v1" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct conf conf = { .azure_base_url = cases[i].base,
					   .azure_region = cases[i].configured };
		const struct service_key key = { .secret = "k", .region = cases[i].region };
		cleanup(cleanup_free) char *url = NULL;
		assert_null(azure_url(&conf, &key, "/cognitiveservices/v1", &url));
		assert_string_equal(url, cases[i].want);
	}
	static const char *const bad[] = { "evil.example/", "East US", "a@b", "x#", "ü" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct conf conf = { .azure_base_url = "", .azure_region = "eastus" };
		const struct service_key key = { .secret = "k", .region = bad[i] };
		char *url = NULL;
		assert_error(azure_url(&conf, &key, "/cognitiveservices/v1", &url), ERR_REFUSED,
			     "region");
		assert_null(url);
	}
}

static void test_voices(void **state)
{
	(void)state;
	static const struct {
		const char *voice, *language, *want;
	} cases[] = {
		{ "en-US-JennyNeural", "de",
		  "xml:lang=\"en-US\"><voice name=\"en-US-JennyNeural\">" },
		{ "zh-CN-shaanxi-XiaoniNeural", "en", "xml:lang=\"zh-CN-shaanxi\">" },
		{ "en-US-Ava:DragonHDLatest-2Neural", "de",
		  "xml:lang=\"en-US\"><voice name=\"en-US-Ava:DragonHDLatest-2Neural\">" },
		{ "DragonLatestNeural#0-1-2", "de-DE",
		  "xml:lang=\"de-DE\"><voice name=\"DragonLatestNeural\">"
		  "<mstts:ttsembedding speakerProfileId=\"0-1-2\">" },
		{ "DragonLatestNeural#g", NULL, "xml:lang=\"en-US\">" },
		{ "DragonLatestNeural#g", "", "xml:lang=\"en-US\">" },
		{ "strange-name", "fr", "xml:lang=\"fr\">" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		struct tts_request request = plain_request(cases[i].voice, "Hi");
		request.language = cases[i].language;
		cleanup(cleanup_free) char *ssml = azure_ssml(&request, &r);
		assert_has(ssml, cases[i].want);
		assert_null(strstr(ssml, "prosody"));
		assert_int_equal(note_count(&r), 0);
	}
}

static void test_settings(void **state)
{
	(void)state;
	static const struct {
		const char *voice;
		double rate;
		const char *want, *note;
	} cases[] = {
		{ "en-US-JennyNeural", 1, ">Hi</voice>", NULL },
		{ "en-US-JennyNeural", 1.5, "<prosody rate=\"+50%\">Hi</prosody>", NULL },
		{ "en-US-JennyNeural", 3, "<prosody rate=\"+100%\">",
		  "speakingRate 3 is more than Azure allows; used 2" },
		{ "en-US-JennyNeural", 0.1, "<prosody rate=\"-50%\">",
		  "speakingRate 0.1 is less than Azure allows; used 0.5" },
		{ "en-US-Ava:DragonHDLatestNeural", 1.5, ">Hi</voice>", "HD voices" },
		{ "DragonLatestNeural#g", 1.5, "speakerProfileId=\"g\"><prosody rate=\"+50%\">",
		  NULL },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		struct tts_request request = plain_request(cases[i].voice, "Hi");
		request.speaking_rate = cases[i].rate;
		cleanup(cleanup_free) char *ssml = azure_ssml(&request, &r);
		assert_has(ssml, cases[i].want);
		assert_int_equal(note_count(&r), cases[i].note ? 1 : 0);
		if (cases[i].note)
			assert_has(note(&r, 0), cases[i].note);
	}
	cleanup(tts_result_clear) struct tts_result r = { 0 };
	struct tts_request request = plain_request("en-US-JennyNeural", "Hi");
	request.stability = 0.5;
	request.similarity_boost = 0.75;
	cleanup(cleanup_free) char *ssml = azure_ssml(&request, &r);
	assert_int_equal(note_count(&r), 2);
	assert_string_equal(note(&r, 0), "Azure has no stability; 0.5 was left out");
	assert_string_equal(note(&r, 1), "Azure has no similarityBoost; 0.75 was left out");
}

static void test_max_characters(void **state)
{
	(void)state;
	static const struct {
		const char *voice, *language;
		double rate;
		size_t want;
	} cases[] = {
		{ "en-US-JennyNeural", "en", NAN, 4000 },
		{ "en-US-JennyNeural", NULL, 2, 4000 },
		{ "en-US-JennyNeural", "en", 0.5, 2000 },
		{ "en-US-JennyNeural", "en", 0.1, 2000 },
		{ "en-US-JennyNeural", "en", 0.8, 3200 },
		{ "zh-CN-XiaoxiaoNeural", "en", NAN, 1500 },
		{ "zh-CN-XiaoxiaoNeural", "en", 0.5, 750 },
		{ "DragonLatestNeural#g", "ja", NAN, 1500 },
		{ "DragonLatestNeural#g", "ko-KR", NAN, 1500 },
		{ "DragonLatestNeural#g", "kok", NAN, 4000 },
		{ "yue-CN-XiaoMinNeural", "en", NAN, 1500 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tts_request request = plain_request(cases[i].voice, "Hi");
		request.language = cases[i].language;
		request.speaking_rate = cases[i].rate;
		assert_int_equal(azure_max_characters(&request), cases[i].want);
	}
}

static void test_classify(void **state)
{
	(void)state;
	static const char plain[] = "en-US-JennyNeural", hd[] = "en-US-Ava:DragonHDLatestNeural";
	static const struct {
		int status;
		enum refusal want;
		const char *voice, *reason, *body, *said;
	} cases[] = {
		{ 400, REFUSAL_VOICE_REGION, plain, "Unsupported voice x.", "",
		  "400 Unsupported voice x." },
		{ 400, REFUSAL_UNEXPLAINED, plain, "Bad Request", "", "400 Bad Request" },
		{ 400, REFUSAL_UNEXPLAINED, plain, "", "", "400" },
		{ 400, REFUSAL_UNEXPLAINED, plain, "", "Data at the root level is invalid.",
		  "400: Data at the root level is invalid." },
		{ 401, REFUSAL_KEY_OR_REGION, plain, "PermissionDenied",
		  "{\"error\":{\"code\":\"401\",\"message\":\"Access denied\"}}",
		  "401 PermissionDenied: Access denied" },
		{ 401, REFUSAL_KEY_OR_REGION, plain, "PermissionDenied",
		  "{\"statusCode\":401,\"message\":\"Denied\"}", "401 PermissionDenied: Denied" },
		{ 403, REFUSAL_CREDITS, plain, "",
		  "{\"error\":{\"message\":\"Out of call volume quota.\"}}",
		  "403: Out of call volume quota." },
		{ 403, REFUSAL_NETWORK, plain, "Forbidden", "", "403 Forbidden" },
		{ 404, REFUSAL_ADDRESS, plain, "", "{\"error\":null}", "404" },
		{ 408, REFUSAL_DOWN, plain, "", "", "408" },
		{ 415, REFUSAL_REQUEST, plain, "Unsupported Media Type", "",
		  "415 Unsupported Media Type" },
		{ 429, REFUSAL_THROTTLED, plain, "Too Many Requests", "", "429 Too Many Requests" },
		{ 500, REFUSAL_DOWN, plain, "", "", "500" },
		{ 500, REFUSAL_HD_REGION, hd, "", "", "500" },
		{ 502, REFUSAL_DOWN, plain, "Bad Gateway", "<html>x</html>", "502 Bad Gateway" },
		{ 503, REFUSAL_DOWN, plain, "Service Unavailable", "", "503 Service Unavailable" },
		{ 301, REFUSAL_ADDRESS, plain, "", "", "301" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_response response = { .status = cases[i].status };
		snprintf(response.reason, sizeof(response.reason), "%s", cases[i].reason);
		cleanup(cleanup_free) char *body = strdup(cases[i].body);
		response.body = body;
		response.body_len = strlen(body);
		cleanup(cleanup_free) char *said = NULL;
		enum refusal refusal = azure_classify(&response, cases[i].voice, &said);
		if (refusal != cases[i].want)
			fail_msg("%d %s: refusal %d", cases[i].status, cases[i].body, refusal);
		assert_string_equal(said, cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),      cmocka_unit_test(test_voices),
		cmocka_unit_test(test_settings), cmocka_unit_test(test_max_characters),
		cmocka_unit_test(test_classify),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
