#include "jobs/model/service.h"

#include "tests/unit/check.h"

static void test_fallback_keys(void **state)
{
	(void)state;
	const struct conf conf = { .elevenlabs_api_key = "one",
				   .azure_key = "two",
				   .openai_api_key = "three",
				   .anthropic_api_key = "" };
	assert_string_equal(service_fallback_key(&service_elevenlabs, &conf), "one");
	assert_string_equal(service_fallback_key(&service_azure, &conf), "two");
	assert_string_equal(service_fallback_key(&service_openai, &conf), "three");
	assert_string_equal(service_fallback_key(&service_anthropic, &conf), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fallback_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
