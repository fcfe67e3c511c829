#include "tests/unit/nodes/fixture.h"

static const char inputs[] = "{\"b\":{\"text\":\"B\"},\"a\":[1,2],\"c\":{\"items\":[3],\"n\":1}}";

static void gives_all_inputs_by_their_sources(void **state)
{
	(void)state;
	static const char *const configs[] = { "{}", "{\"strategy\":\"\"}",
					       "{\"strategy\":\"Wait All\"}" };
	for (size_t i = 0; i < COUNT(configs); i++)
		assert_output("merge", configs[i], inputs,
			      "{\"merged\":true,\"b\":{\"text\":\"B\"},\"a\":[1,2],"
			      "\"c\":{\"items\":[3],\"n\":1}}");
	assert_output("merge", "{}", "{}", "{\"merged\":true}");
}

static void gives_the_first_input_alone(void **state)
{
	(void)state;
	assert_output("merge", "{\"strategy\":\"First Wins\"}", inputs,
		      "{\"merged\":true,\"b\":{\"text\":\"B\"}}");
	assert_output("merge", "{\"strategy\":\"First Wins\"}", "{}", "{\"merged\":true}");
}

static void appends_items_in_the_order_of_the_inputs(void **state)
{
	(void)state;
	assert_output("merge", "{\"strategy\":\"Append\"}", inputs,
		      "{\"merged\":true,\"b\":{\"text\":\"B\"},\"a\":[1,2],"
		      "\"c\":{\"items\":[3],\"n\":1},\"items\":[{\"text\":\"B\"},1,2,3]}");
	assert_output("merge", "{\"strategy\":\"Append\"}", "{\"a\":\"x\",\"b\":null}",
		      "{\"merged\":true,\"a\":\"x\",\"b\":null,\"items\":[\"x\",null]}");
	assert_output("merge", "{\"strategy\":\"Append\"}", "{}", "{\"merged\":true,\"items\":[]}");
}

static void is_merged_whatever_its_sources_are_called(void **state)
{
	(void)state;
	assert_output("merge", "{}", "{\"merged\":{\"a\":1}}", "{\"merged\":true}");
	assert_output("merge", "{\"strategy\":\"Append\"}", "{\"items\":1}",
		      "{\"merged\":true,\"items\":[1]}");
}

static void refuses_an_unknown_strategy(void **state)
{
	(void)state;
	assert_refused("merge", "{\"strategy\":\"Last Wins\"}", inputs, "not \"Last Wins\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_all_inputs_by_their_sources),
		cmocka_unit_test(gives_the_first_input_alone),
		cmocka_unit_test(appends_items_in_the_order_of_the_inputs),
		cmocka_unit_test(is_merged_whatever_its_sources_are_called),
		cmocka_unit_test(refuses_an_unknown_strategy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
