#include "tests/unit/nodes/fixture.h"

static void names_a_value(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{\"variableName\":\"x\",\"value\":\"<{{a.text}}>\"}", "{\"x\":\"<Hello>\"}" },
		{ "{\"variableName\":\"x\",\"value\":12}", "{\"x\":12}" },
		{ "{\"variableName\":\"x\",\"value\":false}", "{\"x\":false}" },
		{ "{\"variableName\":\"x\",\"value\":{\"y\":[\"{{input}}\"]}}",
		  "{\"x\":{\"y\":[\"Hello\"]}}" },
		{ "{\"variableName\":\"x\",\"value\":\" \\n\"}", "{\"x\":{\"text\":\"Hello\"}}" },
		{ "{\"variableName\":\"x\",\"value\":null}", "{\"x\":{\"text\":\"Hello\"}}" },
		{ "{\"variableName\":\"x\"}", "{\"x\":{\"text\":\"Hello\"}}" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_output("set-variable", cases[i][0], "{\"a\":{\"text\":\"Hello\"}}",
			      cases[i][1]);
}

static void refuses_what_has_no_name_or_no_value(void **state)
{
	(void)state;
	assert_refused("set-variable", "{}", "{}", "Give the variable a name");
	assert_refused("set-variable", "{\"variableName\":\"\"}", "{}", "Give the variable a name");
	assert_refused("set-variable", "{\"variableName\":\"x\",\"value\":\"{{a.txt}}\"}",
		       "{\"a\":{\"text\":\"Hello\"}}", "the node \"a\" gave no \"txt\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_a_value),
		cmocka_unit_test(refuses_what_has_no_name_or_no_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
