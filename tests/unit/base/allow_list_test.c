#include "jobs/base/allow_list.h"

#include "tests/unit/check.h"

static void takes_hosts_and_blocks(void **state)
{
	(void)state;
	static const char *const lists[] = {
		"",
		" , ,",
		"localhost",
		"nas.lan,.corp.example , 10.0.0.0/8\tfd00::/8",
		"::1",
		"127.0.0.1",
		"xn--bcher-kva.example",
		"my_host-1",
	};
	for (size_t i = 0; i < COUNT(lists); i++)
		assert_ok(allow_list_check(lists[i]));
}

static void names_the_entry_that_is_neither(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "nas.lan, 10.0.0.0/33", "\"10.0.0.0/33\" is not an address or block" },
		{ "10.0.0", "\"10.0.0\" is not an address" },
		{ "10.1.2.3/8", "\"10.1.2.3/8\" is not an address" },
		{ "nas.lan:8080", "\"nas.lan:8080\" is not an address" },
		{ "http://nas.lan/", "\"http://nas.lan/\" is not an address" },
		{ "2130706433", "\"2130706433\" is not an address" },
		{ "*.corp.example", "\"*.corp.example\" is not a host" },
		{ "*", "\"*\" is not a host" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "is not a host" },
		{ "nas..lan", "\"nas..lan\" is not a host" },
		{ "[::1]", "\"[::1]\" is not an address" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error(allow_list_check(cases[i][0]), ERR_INVALID, cases[i][1]);
}

static void refuses_a_name_that_is_too_long(void **state)
{
	(void)state;
	char name[400];
	memset(name, 'a', sizeof(name));
	name[253] = '\0';
	assert_ok(allow_list_check(name));
	name[253] = 'a';
	name[399] = '\0';
	assert_error(allow_list_check(name), ERR_INVALID, "is not a host");
}

static void finds_hosts(void **state)
{
	(void)state;
	static const char list[] = "Nas.lan,.corp.example , 10.0.0.0/8, 127.0.0.1";
	static const struct {
		const char *host;
		bool found;
	} cases[] = {
		{ "nas.lan", true },
		{ "NAS.LAN", true },
		{ "nas.lan.", true },
		{ "nas.lan..", false },
		{ "xnas.lan", false },
		{ "nas.lan.example", false },
		{ "a.corp.example", true },
		{ "a.b.Corp.Example.", true },
		{ "corp.example", false },
		{ ".corp.example", true },
		{ "xcorp.example", false },
		{ "corp.example.net", false },
		{ "10.0.0.0/8", false },
		{ "127.0.0.1", false }, /* these are found as addresses */
		{ "", false },
		{ ".", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (allow_list_has_host(list, cases[i].host) != cases[i].found)
			fail_msg("\"%s\"", cases[i].host);
	assert_false(allow_list_has_host("", "nas.lan"));
}

static void finds_addresses(void **state)
{
	(void)state;
	static const char list[] = "nas.lan, 10.0.0.0/8,127.0.0.1 ,fd00::/8";
	static const struct {
		const char *address;
		bool found;
	} cases[] = {
		{ "10.255.0.1", true }, { "11.0.0.0", false },        { "127.0.0.1", true },
		{ "127.0.0.2", false }, { "fdff::1", true },          { "fe80::1", false },
		{ "::1", false },       { "::ffff:10.0.0.1", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address_block block;
		assert_true(address_block_parse(cases[i].address, &block));
		if (allow_list_has_address(list, &block.first) != cases[i].found)
			fail_msg("%s", cases[i].address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_hosts_and_blocks),
		cmocka_unit_test(names_the_entry_that_is_neither),
		cmocka_unit_test(refuses_a_name_that_is_too_long),
		cmocka_unit_test(finds_hosts),
		cmocka_unit_test(finds_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
