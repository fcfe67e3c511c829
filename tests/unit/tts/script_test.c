#include "jobs/tts/script.h"

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
	request.ssml = false;
	cleanup(script_clear) struct script text = { 0 };
	assert_ok(script_write(&azure_provider, &conf, &request, "Say A.", 0, &text));
	request.ssml = true;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssml_is_one_piece_as_it_is),
		cmocka_unit_test(what_is_no_ssml_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
