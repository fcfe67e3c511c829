#include "jobs/tts/script.h"

#include "jobs/base/buf.h"
#include "tests/unit/tts/fixture.h"

static const struct conf conf = { .elevenlabs_base_url = "http://e", .azure_base_url = "http://a" };

static void ssml_is_one_piece_as_it_is(void **state)
{
	(void)state;
	static const char element[] = "<speak version=\"1.0\">\n\n<voice name=\"v\">A.</voice>\n\n"
				      "</speak>";
	cleanup(cleanup_free) char *padded = NULL;
	assert_true(asprintf(&padded, " \n%s\n", element) > 0);
	struct tts_request request = plain_request("v", padded);
	request.ssml = true;
	cleanup(script_clear) struct script script = { 0 };
	assert_ok(script_write(&azure_provider, &conf, &request, padded, 0.5, &script));
	assert_int_equal(script.count, 1);
	assert_string_equal(script.pieces[0].text, element);

	/* The same bytes as a text are another speech. */
	cleanup(script_clear) struct script spoken = { 0 };
	assert_ok(script_write(&azure_provider, &conf, &request, "<speak>A.</speak>", 0, &spoken));
	request.ssml = false;
	cleanup(script_clear) struct script read = { 0 };
	assert_ok(script_write(&azure_provider, &conf, &request, "<speak>A.</speak>", 0, &read));
	assert_string_equal(read.pieces[0].text, spoken.pieces[0].text);
	assert_string_not_equal(read.pieces[0].hash, spoken.pieces[0].hash);
}

static void what_is_no_ssml_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",        "Hello",          "<speak>Hello",      "Hello</speak>",
		"</speak", "</speak><speak", "<voice>A.</voice>", "Say <speak>A.</speak>",
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tts_request request = plain_request("v", cases[i]);
		request.ssml = true;
		struct script script = { 0 };
		assert_error(script_write(&azure_provider, &conf, &request, cases[i], 0, &script),
			     ERR_INVALID, "begin with <speak");
	}
	struct tts_request request = plain_request("v", "<speak>A.</speak>");
	request.ssml = true;
	struct script script = { 0 };
	assert_error(script_write(&elevenlabs_provider, &conf, &request, request.text, 0, &script),
		     ERR_INVALID, "ElevenLabs takes no SSML");
}

/* The hash of the only piece of "A." */
static char *hash_of(const struct provider *provider, const struct tts_request *request,
		     char hash[static DIGEST_HEX_SIZE])
{
	cleanup(script_clear) struct script script = { 0 };
	const char *text = request->ssml ? "<speak>A.</speak>" : "A.";
	assert_ok(script_write(provider, &conf, request, text, 0, &script));
	return memcpy(hash, script.pieces[0].hash, DIGEST_HEX_SIZE);
}

static void what_is_not_sent_is_not_hashed(void **state)
{
	(void)state;
	static const struct {
		const struct provider *provider;
		const char *model, *same_model;
		double stability, rate, same_stability, same_rate;
		bool ssml, same;
	} cases[] = {
		{ &azure_provider, "x", NULL, 0.1, NAN, 0.9, NAN, false, true },
		{ &azure_provider, NULL, NULL, NAN, 1.2, NAN, 1.3, false, false },
		{ &azure_provider, NULL, NULL, NAN, 1.2, NAN, 1.3, true, true },
		{ &elevenlabs_provider, "eleven_v3", "eleven_v3", 0.4, 1.1, 0.5, NAN, false, true },
		{ &elevenlabs_provider, "eleven_v3", "eleven_v3", 0.2, NAN, 0.5, NAN, false,
		  false },
		{ &elevenlabs_provider, NULL, NULL, 0.4, NAN, 0.5, NAN, false, false },
		{ &elevenlabs_provider, "eleven_multilingual_v2", NULL, NAN, NAN, NAN, NAN, false,
		  true },
		{ &elevenlabs_provider, NULL, NULL, 7, 9, 1, 1.2, false, true },
		{ &elevenlabs_provider, NULL, NULL, NAN, 1.1, 0.5, 1.1, false, false },
		{ &azure_provider, NULL, NULL, NAN, 1, NAN, NAN, false, true },
		{ &openai_provider, NULL, NULL, 0.1, 1, 0.2, 1, false, true },
		{ &openai_provider, "tts-1-hd", "tts-1", NAN, 1, NAN, 1, false, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char one[DIGEST_HEX_SIZE], other[DIGEST_HEX_SIZE];
		struct tts_request request = plain_request("v", "");
		request.ssml = cases[i].ssml;
		request.model = cases[i].model;
		request.stability = cases[i].stability;
		request.speaking_rate = cases[i].rate;
		hash_of(cases[i].provider, &request, one);
		request.model = cases[i].same_model;
		request.stability = cases[i].same_stability;
		request.speaking_rate = cases[i].same_rate;
		hash_of(cases[i].provider, &request, other);
		if (!strcmp(one, other) != cases[i].same)
			fail_msg("case %zu", i);
	}
}

static void ssml_is_held_to_what_one_request_may_say(void **state)
{
	(void)state;
	struct buf long_one = BUF(1 << 16);
	buf_adds(&long_one, "<speak>");
	for (int i = 0; i < 900; i++)
		buf_adds(&long_one, "<s>word.</s>");
	buf_adds(&long_one, "</speak>");
	cleanup(cleanup_free) char *text = buf_take(&long_one);
	struct tts_request request = plain_request("en-US-AvaNeural", text);
	request.ssml = true;
	struct script script = { 0 };
	assert_error(script_write(&azure_provider, &conf, &request, text, 0, &script), ERR_INVALID,
		     "The SSML says 4500 characters; Azure takes at most 4000");
	static const char silent[] = "<speak><voice name=\"v\"/> … </speak>";
	request.text = silent;
	assert_error(script_write(&azure_provider, &conf, &request, silent, 0, &script),
		     ERR_INVALID, "nothing to speak");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssml_is_one_piece_as_it_is),
		cmocka_unit_test(what_is_no_ssml_is_refused),
		cmocka_unit_test(what_is_not_sent_is_not_hashed),
		cmocka_unit_test(ssml_is_held_to_what_one_request_may_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
