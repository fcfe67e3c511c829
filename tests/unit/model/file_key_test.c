#include "jobs/model/file_key.h"

#include "tests/unit/check.h"

static void test_own_keys(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		bool own;
	} cases[] = {
		{ "voice-output/me/a.mp3", true },
		{ "voice-assets/me/a_training.wav", true },
		{ "voice-output/me/", false },
		{ "voice-output/me", false },
		{ "voice-output/you/a.mp3", false },
		{ "voice-output/mean/a.mp3", false },
		{ "voice-output/me/../you/a.mp3", false },
		{ "voice-output/me//a.mp3", false },
		{ "/voice-output/me/a.mp3", false },
		{ "other/me/a.mp3", false },
		{ "", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (file_key_is_own(cases[i].key, "me") != cases[i].own)
			fail_msg("%s", cases[i].key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
