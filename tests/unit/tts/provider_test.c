#include "tests/unit/tts/fixture.h"

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(provider_find("elevenlabs"), &elevenlabs_provider);
	assert_ptr_equal(provider_find("azure"), &azure_provider);
	assert_ptr_equal(provider_find("openai"), &openai_provider);
	assert_null(provider_find("Azure"));
	assert_null(provider_find(""));
	assert_null(azure_provider.clone);
	assert_non_null(azure_provider.delete_voice);
}

static void test_clamp(void **state)
{
	(void)state;
	static const struct tts_range range = { "speakingRate", 0.7, 1.2 };
	static const struct {
		double value, want;
		const char *note;
	} cases[] = {
		{ 0.7, 0.7, NULL },
		{ 1.2, 1.2, NULL },
		{ 1, 1, NULL },
		{ 2, 1.2, "speakingRate 2 is more than Someone allows; used 1.2" },
		{ 0.69, 0.7, "speakingRate 0.69 is less than Someone allows; used 0.7" },
		{ -3, 0.7, "speakingRate -3 is less than Someone allows; used 0.7" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		assert_float_equal(tts_clamp(&r, "Someone", &range, cases[i].value), cases[i].want,
				   0);
		assert_int_equal(note_count(&r), cases[i].note ? 1 : 0);
		if (cases[i].note)
			assert_string_equal(note(&r, 0), cases[i].note);
	}
	cleanup(tts_result_clear) struct tts_result unset = { 0 };
	assert_true(isnan(tts_clamp(&unset, "Someone", &range, NAN)));
	assert_int_equal(note_count(&unset), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_clamp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
