#include "fcgi/validate.h"

#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "tests/unit/check.h"

static struct json_object *parsed(const char *json)
{
	struct json_object *o = NULL;
	assert_ok(js_parse(json, strlen(json), &o));
	return o;
}

/* The text of {"name":…} under a rule; *ret_fault is its fault, or NULL. The caller frees both. */
static char *text_of(const char *body, const struct text_rule *rule, char **ret_fault)
{
	cleanup(cleanup_json) struct json_object *o = parsed(body);
	cleanup(cleanup_validation) struct validation v = VALIDATION(o);
	char *text = validate_text(&v, rule);
	struct json_object *first =
		v.faults.list ? json_object_array_get_idx(v.faults.list, 0) : NULL;
	*ret_fault = mem_strdup(js_string(first, "message"));
	return text;
}

static void assert_same(const char *got, const char *want)
{
	if (got && want)
		assert_string_equal(got, want);
	else
		assert_ptr_equal(got, want);
}

static void texts(void **state)
{
	(void)state;
	static const struct text_rule needed = { "name", "Name", true, true, 2, 4 },
				      optional = { "name", "Name", false, false, 0, 4 };
	static const struct {
		const char *body;
		const struct text_rule *rule;
		const char *text, *fault;
	} cases[] = {
		{ "{\"name\":\"abc\"}", &needed, "abc", NULL },
		{ "{\"name\":\" \\t abc \\n\"}", &needed, "abc", NULL },
		{ "{\"name\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x99z\"}", &needed,
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x99z", NULL },
		{ "{}", &needed, NULL, "Name is required" },
		{ "{\"name\":null}", &needed, NULL, "Name is required" },
		{ "{\"name\":\"\"}", &needed, NULL, "Name is required" },
		{ "{\"name\":\"   \"}", &needed, NULL, "Name is required" },
		{ "{\"name\":\"a\"}", &needed, NULL, "Name must be at least 2 characters" },
		{ "{\"name\":\"\xf0\x9f\x8e\x99\"}", &needed, NULL,
		  "Name must be at least 2 characters" },
		{ "{\"name\":\"abcde\"}", &needed, NULL, "Name must be at most 4 characters" },
		{ "{\"name\":7}", &needed, NULL, "Name must be a string" },
		{ "{\"name\":[\"abc\"]}", &needed, NULL, "Name must be a string" },
		{ "{\"name\":\"a\\u0000b\"}", &needed, NULL,
		  "Name must not contain the NUL character" },
		{ "{}", &optional, NULL, NULL },
		{ "{\"name\":null}", &optional, NULL, NULL },
		{ "{\"name\":\"\"}", &optional, "", NULL },
		{ "{\"name\":\" a \"}", &optional, " a ", NULL },
		{ "{\"name\":false}", &optional, NULL, "Name must be a string" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *fault = NULL;
		cleanup(cleanup_free) char *text = text_of(cases[i].body, cases[i].rule, &fault);
		assert_same(text, cases[i].text);
		assert_same(fault, cases[i].fault);
	}
}

static void words(void **state)
{
	(void)state;
	static const char *const known[] = { "azure", "elevenlabs" };
	static const struct {
		const char *body;
		bool required;
		const char *word, *fault;
	} cases[] = {
		{ "{\"provider\":\"azure\"}", true, "azure", NULL },
		{ "{\"provider\":\"Azure\"}", true, NULL,
		  "Provider must be one of: azure, elevenlabs" },
		{ "{\"provider\":\"\"}", false, NULL,
		  "Provider must be one of: azure, elevenlabs" },
		{ "{\"provider\":7}", true, NULL, "Provider must be a string" },
		{ "{\"provider\":\"azure\\u0000\"}", true, NULL,
		  "Provider must not contain the NUL character" },
		{ "{}", true, NULL, "Provider is required" },
		{ "{}", false, NULL, NULL },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *o = parsed(cases[i].body);
		cleanup(cleanup_validation) struct validation v = VALIDATION(o);
		assert_same(validate_word(&v, "provider", "Provider", cases[i].required, known, 2),
			    cases[i].word);
		cleanup(cleanup_err) struct err *e = validate_result(&v);
		if (cases[i].fault)
			assert_has(e ? err_details(e) : NULL, cases[i].fault);
		else
			assert_null(e);
	}
}

static void arrays(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		bool valid;
	} cases[] = { { "{}", true },
		      { "{\"nodes\":[]}", true },
		      { "{\"nodes\":[1]}", true },
		      { "{\"nodes\":{}}", false },
		      { "{\"nodes\":null}", false },
		      { "{\"nodes\":\"[]\"}", false } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_json) struct json_object *o = parsed(cases[i].body);
		cleanup(cleanup_validation) struct validation v = VALIDATION(o);
		validate_array(&v, "nodes", "Nodes");
		if (cases[i].valid)
			assert_ok(validate_result(&v));
		else
			assert_error(validate_result(&v), ERR_INVALID, "Validation failed");
	}
}

static void every_fault_is_told_by_its_field(void **state)
{
	(void)state;
	cleanup(cleanup_json) struct json_object *o = parsed("{\"nodes\":1}");
	cleanup(cleanup_validation) struct validation v = VALIDATION(o);
	const struct text_rule rule = { "name", "Name", true, true, 1, 200 };
	assert_null(validate_text(&v, &rule));
	validate_array(&v, "nodes", "Nodes");
	validate_fault(&v, "key", "%s is %d too long", "Key", 3);
	cleanup(cleanup_err) struct err *e = validate_result(&v);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_INVALID);
	assert_string_equal(err_message(e), "Validation failed");
	assert_string_equal(err_details(e),
			    "[{\"path\":[\"name\"],\"message\":\"Name is required\"},"
			    "{\"path\":[\"nodes\"],\"message\":\"Nodes must be an array\"},"
			    "{\"path\":[\"key\"],\"message\":\"Key is 3 too long\"}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(words),
		cmocka_unit_test(arrays),
		cmocka_unit_test(every_fault_is_told_by_its_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
