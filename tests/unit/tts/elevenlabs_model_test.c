#include "jobs/tts/elevenlabs_model.h"

#include "jobs/tts/elevenlabs.h"
#include "tests/unit/tts/fixture.h"

static struct tts_request request_of(const char *model)
{
	struct tts_request request = plain_request("v", "Hi");
	request.model = model;
	return request;
}

static void learn(const char *json)
{
	cleanup(cleanup_json) struct json_object *list = NULL;
	assert_null(js_parse(json, strlen(json), &list));
	elevenlabs_learn_models(list);
}

static void limits_are_as_documented_until_it_tells(void **state)
{
	(void)state;
	static const struct {
		const char *model;
		size_t documented, told;
	} cases[] = {
		{ NULL, 10000, 9000 },        { "eleven_multilingual_v2", 10000, 9000 },
		{ "eleven_v3", 5000, 3000 },  { "eleven_flash_v2_5", 40000, 40000 },
		{ "eleven_v9", 5000, 77000 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct tts_request request = request_of(cases[i].model);
		assert_int_equal(elevenlabs_max_characters(&request), cases[i].documented);
	}
	static const char list[] =
		"[{\"model_id\":\"eleven_multilingual_v2\","
		"\"maximum_text_length_per_request\":9000},"
		"{\"model_id\":\"eleven_v3\",\"maximum_text_length_per_request\":3000},"
		"{\"model_id\":\"eleven_v9\",\"maximum_text_length_per_request\":77000},"
		"{\"model_id\":\"eleven_flash_v2_5\",\"maximum_text_length_per_request\":0},"
		"{\"model_id\":\"eleven_flash_v2\"},{\"model_id\":7},null,3]";
	learn(list);
	/* Nonsense takes nothing of that back. */
	static const char *const nonsense[] = { "[]", "{}", "[3]", "\"x\"", "{\"detail\":\"no\"}" };
	for (size_t n = 0; n < COUNT(nonsense); n++) {
		learn(nonsense[n]);
		for (size_t i = 0; i < COUNT(cases); i++) {
			const struct tts_request request = request_of(cases[i].model);
			assert_int_equal(elevenlabs_max_characters(&request), cases[i].told);
		}
	}
	elevenlabs_learn_models(NULL);
}

static struct json_object *body_of(const struct tts_request *request, struct tts_result *ret)
{
	struct json_object *body = NULL;
	cleanup(cleanup_free) char *text = elevenlabs_body(request, ret);
	assert_null(js_parse(text, strlen(text), &body));
	return body;
}

static void context_goes_to_models_that_take_it(void **state)
{
	(void)state;
	static const struct {
		const char *model;
		bool wanted;
	} cases[] = {
		{ NULL, true },         { "eleven_flash_v2_5", true }, { "eleven_v3", false },
		{ "eleven_v4", false }, { "eleven_v9", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		struct tts_request request = request_of(cases[i].model);
		request.previous_text = "Before.";
		request.next_text = "After.";
		cleanup(cleanup_json) struct json_object *body = body_of(&request, &r);
		assert_int_equal(js_get(body, "previous_text") != NULL, cases[i].wanted);
		assert_int_equal(js_get(body, "next_text") != NULL, cases[i].wanted);
		assert_string_equal(js_string(body, "model_id"),
				    cases[i].model ? cases[i].model : ELEVENLABS_USUAL_MODEL);
	}
}

static void a_model_with_steps_gets_the_nearest(void **state)
{
	(void)state;
	static const struct {
		double stability, sent; /* NAN: not sent */
		size_t notes;
	} cases[] = {
		{ NAN, NAN, 0 }, { 0, 0, 0 },     { 0.5, 0.5, 0 }, { 1, 1, 0 },
		{ 0.2, 0, 1 },   { 0.3, 0.5, 1 }, { 0.9, 1, 1 },   { 4, 1, 1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		struct tts_request request = request_of("eleven_v3");
		request.stability = cases[i].stability;
		cleanup(cleanup_json) struct json_object *body = body_of(&request, &r);
		struct json_object *settings = js_get(body, "voice_settings");
		assert_int_equal(settings != NULL, !isnan(cases[i].sent));
		if (settings) {
			assert_float_equal(js_number(settings, "stability", -9), cases[i].sent,
					   1e-9);
			assert_int_equal(json_object_object_length(settings), 1);
		}
		assert_int_equal(note_count(&r), cases[i].notes);
	}
	cleanup(tts_result_clear) struct tts_result r = { 0 };
	struct tts_request request = request_of("eleven_v3");
	request.similarity_boost = 0.4;
	request.speaking_rate = 1.1;
	cleanup(cleanup_json) struct json_object *body = body_of(&request, &r);
	assert_null(js_get(body, "voice_settings"));
	assert_string_equal(note(&r, 0), "eleven_v3 has no similarityBoost; 0.4 was left out");
	assert_string_equal(note(&r, 1), "eleven_v3 has no speakingRate; 1.1 was left out");
}

static void directions_that_will_be_read_aloud_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *model;
		bool told;
	} cases[] = { { NULL, true }, { "eleven_flash_v2_5", true }, { "eleven_v3", false } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		struct tts_request request = request_of(cases[i].model);
		request.text = "[whispers] Come [1] in [softly].";
		cleanup(cleanup_json) struct json_object *body = body_of(&request, &r);
		assert_string_equal(js_string(body, "text"), request.text);
		assert_int_equal(note_count(&r), cases[i].told ? 1 : 0);
		if (cases[i].told)
			assert_has(note(&r, 0), "\"[whispers]\" is read aloud");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_as_documented_until_it_tells),
		cmocka_unit_test(context_goes_to_models_that_take_it),
		cmocka_unit_test(a_model_with_steps_gets_the_nearest),
		cmocka_unit_test(directions_that_will_be_read_aloud_are_told),
	};
	js_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
