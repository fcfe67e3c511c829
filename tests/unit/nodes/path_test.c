#include "jobs/nodes/path.h"

#include "tests/unit/nodes/fixture.h"

static const char document[] =
	"{\"a\":{\"b\":[10,{\"c\":\"deep\"}],\"0\":\"zero\",\"none\":null},\"text\":\"x\"}";

static void follows_members_and_items(void **state)
{
	(void)state;
	static const struct {
		const char *path, *value;
	} cases[] = {
		{ "", document },
		{ ".text", "\"x\"" },
		{ "text", "\"x\"" },
		{ ".a.b.0", "10" },
		{ ".a.b[0]", "10" },
		{ "a.b[1].c", "\"deep\"" },
		{ "a[b][1][c]", "\"deep\"" },
		{ "a.0", "\"zero\"" },
		{ "a[0]", "\"zero\"" },
		{ "a.none", "null" },
	};
	cleanup(cleanup_json) struct json_object *root = parsed(document);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_object *value = root;
		assert_string_equal(path_follow(cases[i].path, &value), "");
		assert_json(value, cases[i].value);
	}
}

static void stops_at_what_does_not_exist(void **state)
{
	(void)state;
	static const struct {
		const char *path, *rest, *reached;
	} cases[] = {
		{ "b", "b", document },
		{ ".a.c.d", ".c.d", "{\"b\":[10,{\"c\":\"deep\"}],\"0\":\"zero\",\"none\":null}" },
		{ "a.b.2", ".2", "[10,{\"c\":\"deep\"}]" },
		{ "a.b[-1]", "[-1]", "[10,{\"c\":\"deep\"}]" },
		{ "a.b.+0", ".+0", "[10,{\"c\":\"deep\"}]" },
		{ "a.b. 0", ". 0", "[10,{\"c\":\"deep\"}]" },
		{ "a.b[]", "[]", "[10,{\"c\":\"deep\"}]" },
		{ "a.b.99999999999999999999999", ".99999999999999999999999",
		  "[10,{\"c\":\"deep\"}]" },
		{ "a.none.x", ".x", "null" },
		{ "text.length", ".length", "\"x\"" },
		{ "text.", ".", "\"x\"" },
		{ "a..b", "..b", "{\"b\":[10,{\"c\":\"deep\"}],\"0\":\"zero\",\"none\":null}" },
		{ "a.b[0", "", "10" },
		{ "text[", "[", "\"x\"" },
	};
	cleanup(cleanup_json) struct json_object *root = parsed(document);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_object *value = root;
		assert_string_equal(path_follow(cases[i].path, &value), cases[i].rest);
		assert_json(value, cases[i].reached);
	}
}

static void names_the_first_part(void **state)
{
	(void)state;
	static const struct {
		const char *path, *name;
		size_t len;
	} cases[] = {
		{ ".ab.c", "ab", 3 }, { "ab[0]", "ab", 2 }, { "[12].x", "12", 4 },
		{ "[12", "12", 3 },   { "", "", 0 },        { ".", "", 1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name;
		size_t name_len;
		assert_int_equal(path_part(cases[i].path, &name, &name_len), cases[i].len);
		assert_int_equal(name_len, strlen(cases[i].name));
		assert_memory_equal(name, cases[i].name, name_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_members_and_items),
		cmocka_unit_test(stops_at_what_does_not_exist),
		cmocka_unit_test(names_the_first_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
