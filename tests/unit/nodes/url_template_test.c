#include "jobs/nodes/url_template.h"

#include "jobs/base/js.h"
#include "tests/unit/check.h"

/* Fills `text`, where {{source.v}} is `value`. */
static struct err *fill(const char *text, const char *value, char **ret)
{
	cleanup(cleanup_json) struct json_object *inputs = json_object_new_object();
	struct json_object *output = json_object_new_object();
	js_set_string(output, "v", value);
	js_set(inputs, "source", output);
	return url_template_fill(text, inputs, ret);
}

static void fills(void **state)
{
	(void)state;
	static const struct {
		const char *text, *value, *result;
	} cases[] = {
		{ " https://a.example/b \n", "", "https://a.example/b" },
		{ "{{source.v}}", "https://a.example/?b#c@d", "https://a.example/?b#c@d" },
		{ "{{source.v}}/b", "https://a.example", "https://a.example/b" },
		{ "https://{{source.v}}/b", "a.example:8443", "https://a.example:8443/b" },
		{ "https://{{source.v}}.example", "a", "https://a.example" },
		{ "https://a.example/{{source.v}}", "b/c?d#e@f\\",
		  "https://a.example/b/c?d#e@f\\" },
		{ "https://a.example?b={{source.v}}", "//c@d", "https://a.example?b=//c@d" },
		{ "{{source.v}}://a.example/", "https", "https://a.example/" },
		{ "https://user@a.example/", "", "https://user@a.example/" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *result = NULL;
		assert_ok(fill(cases[i].text, cases[i].value, &result));
		assert_string_equal(result, cases[i].result);
	}
}

static void keeps_the_host(void **state)
{
	(void)state;
	static const char *const templates[] = {
		"https://a.example{{source.v}}",    "https://a.example{{source.v}}/b",
		"https://{{source.v}}.example/",    "https://{{ source.v }}",
		"https://a.example:{{source.v}}?b", "{{source.v}}//a.example{{source.v}}",
	};
	static const char *const values[] = {
		"/b", "?b", "#b", "@b.example", "\\b", ":80@b.example"
	};
	for (size_t i = 0; i < COUNT(templates); i++)
		for (size_t j = 0; j < COUNT(values); j++) {
			char *result = NULL;
			assert_error(fill(templates[i], values[j], &result), ERR_INVALID,
				     "has to be a host");
			assert_null(result);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills),
		cmocka_unit_test(keeps_the_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
