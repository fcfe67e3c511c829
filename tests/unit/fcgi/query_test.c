#include "fcgi/query.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_value(const char *query, const char *name, const char *want)
{
	cleanup(cleanup_free) char *got = query_get(query, name);
	if (want && got)
		assert_string_equal(got, want);
	else if (want || got)
		fail_msg("%s: %s is \"%s\"", query, name, got ? got : "(absent)");
}

static void finds_and_decodes_values(void **state)
{
	(void)state;
	static const struct {
		const char *query, *want;
	} cases[] = {
		{ "key=value", "value" },
		{ "a=1&key=value&b=2", "value" },
		{ "key=first&key=second", "first" },
		{ "key=", "" },
		{ "key", "" },
		{ "key&a=1", "" },
		{ "&&key=1&&", "1" },
		{ "key=a=b", "a=b" },
		{ "key=a;b", "a;b" },
		{ "key=a+b%2Bc%20d", "a b+c d" },
		{ "key=%26%3d%25", "&=%" },
		{ "key=%C3%BC", "\xc3\xbc" },
		{ "key=\xc3\xbc", "\xc3\xbc" },
		{ "k%65y=1", "1" },
		{ "bad%=1&key=2", "2" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_value(cases[i].query, "key", cases[i].want);
	assert_value("a+b=1", "a b", "1");
}

static void treats_what_it_cannot_decode_as_absent(void **state)
{
	(void)state;
	static const char *const queries[] = {
		NULL,
		"",
		"&",
		"=value",
		"keys=1",
		"ke=1",
		"KEY=1",
		"a=key",
		"key=%",
		"key=%4",
		"key=%4&a=1",
		"key=%4g",
		"key=%g4",
		"key=% 1",
		"key=%+1",
		"key=%-1",
		"key=%0x41",
		"key=a%00b",
		"key=%FF",
		"key=\xff",
		"key=%C3",
		"key=%C3&a=%BC",
		"key=%ED%A0%80",
		"key=%C0%80",
		"key=%&key=1",
	};
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		assert_value(queries[i], "key", NULL);
}

static void percent_decode_leaves_the_plus_alone(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *text = mem_strdup("a+b%2f%2F");
	assert_true(percent_decode(text));
	assert_string_equal(text, "a+b//");
}

static void makes_an_object_of_all(void **state)
{
	(void)state;
	static const struct {
		const char *query, *object;
	} cases[] = {
		{ "", "{}" },
		{ "&&=&=1", "{}" },
		{ "a=1&b=x+y%21&c&d=", "{\"a\":\"1\",\"b\":\"x y!\",\"c\":\"\",\"d\":\"\"}" },
		{ "a=1&a=2", "{\"a\":\"2\"}" },
		{ "a=%&b=%00&%ff=1&c=3", "{\"c\":\"3\"}" },
		{ "a=b=c", "{\"a\":\"b=c\"}" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(cleanup_json) struct json_object *o = query_object(cases[i].query);
		cleanup(cleanup_free) char *text = js_text(o);
		assert_string_equal(text, cases[i].object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_and_decodes_values),
		cmocka_unit_test(treats_what_it_cannot_decode_as_absent),
		cmocka_unit_test(makes_an_object_of_all),
		cmocka_unit_test(percent_decode_leaves_the_plus_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
