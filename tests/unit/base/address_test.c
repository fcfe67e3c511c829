#include "jobs/base/address.h"

#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static struct address address(const char *text)
{
	struct address_block block;
	if (!address_block_parse(text, &block))
		fail_msg("%s is not an address", text);
	return block.first;
}

static bool is_special(const char *text)
{
	const struct address a = address(text);
	struct address carried;
	return address_is_special(&a, &carried);
}

/* The first and last address of each block that is not public. */
static void every_block_is_special_to_its_ends(void **state)
{
	(void)state;
	static const char *const ends[][2] = {
		{ "0.0.0.0", "0.255.255.255" },
		{ "10.0.0.0", "10.255.255.255" },
		{ "100.64.0.0", "100.127.255.255" },
		{ "127.0.0.0", "127.255.255.255" },
		{ "168.63.129.16", "168.63.129.16" },
		{ "169.254.0.0", "169.254.255.255" },
		{ "172.16.0.0", "172.31.255.255" },
		{ "192.0.0.0", "192.0.0.255" },
		{ "192.0.2.0", "192.0.2.255" },
		{ "192.31.196.0", "192.31.196.255" },
		{ "192.52.193.0", "192.52.193.255" },
		{ "192.88.99.0", "192.88.99.255" },
		{ "192.168.0.0", "192.168.255.255" },
		{ "192.175.48.0", "192.175.48.255" },
		{ "198.18.0.0", "198.19.255.255" },
		{ "198.51.100.0", "198.51.100.255" },
		{ "203.0.113.0", "203.0.113.255" },
		{ "224.0.0.0", "239.255.255.255" },
		{ "240.0.0.0", "255.255.255.255" },
		{ "::", "::1" },
		{ "::2", "::ffff:ffff" },
		{ "::ffff:0:0", "::ffff:ffff:ffff" },
		{ "::ffff:0:0:0", "::ffff:0:ffff:ffff" },
		{ "64:ff9b::", "64:ff9b::ffff:ffff" },
		{ "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff" },
		{ "100::", "100::ffff:ffff:ffff:ffff" },
		{ "100:0:0:1::", "100::1:ffff:ffff:ffff:ffff" },
		{ "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:10::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:1ff::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff" },
		{ "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "4000::", "4fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "8000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "fd00:ec2::254", "fd00:ec2::254" },
		{ "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	for (size_t i = 0; i < COUNT(ends); i++)
		for (size_t side = 0; side < 2; side++)
			if (!is_special(ends[i][side]))
				fail_msg("%s is taken for public", ends[i][side]);
}

/* Just outside of the blocks, and some well-known ones. */
static void others_are_public(void **state)
{
	(void)state;
	static const char *const addresses[] = {
		"1.0.0.0",        "9.255.255.255",
		"11.0.0.0",       "100.63.255.255",
		"100.128.0.0",    "126.255.255.255",
		"128.0.0.0",      "168.63.129.15",
		"168.63.129.17",  "169.253.255.255",
		"169.255.0.0",    "172.15.255.255",
		"172.32.0.0",     "191.255.255.255",
		"192.0.1.0",      "192.0.1.255",
		"192.0.3.0",      "192.31.195.255",
		"192.31.197.0",   "192.52.192.255",
		"192.52.194.0",   "192.88.98.255",
		"192.88.100.0",   "192.167.255.255",
		"192.169.0.0",    "192.175.47.255",
		"192.175.49.0",   "198.17.255.255",
		"198.20.0.0",     "198.51.99.255",
		"198.51.101.0",   "203.0.112.255",
		"203.0.114.0",    "223.255.255.255",
		"8.8.8.8",        "2000::",
		"2001:200::",     "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db9::",     "2001:4860:4860::8888",
		"2003::",         "2620:4f:7fff::1",
		"2620:4f:8001::", "2606:4700::1111",
		"3ffe:ffff::",    "3fff:1000::",
	};
	for (size_t i = 0; i < COUNT(addresses); i++)
		if (is_special(addresses[i]))
			fail_msg("%s is not taken for public", addresses[i]);
}

static void what_they_carry_is_found(void **state)
{
	(void)state;
	static const struct {
		const char *address, *carried;
	} cases[] = {
		{ "::ffff:10.1.2.3", "10.1.2.3" },
		{ "::10.1.2.3", "10.1.2.3" },
		{ "::ffff:0:10.1.2.3", "10.1.2.3" },
		{ "64:ff9b::10.1.2.3", "10.1.2.3" },
		{ "64:ff9b:1::10.1.2.3", "10.1.2.3" },
		{ "2002:a01:203::1", "10.1.2.3" },
		{ "2001:0:5db8:d822::f5fe:fdfc", "10.1.2.3" },
		{ "::", NULL },
		{ "::1", NULL },
		{ "fc00::10.1.2.3", NULL },
		{ "2001:db8::10.1.2.3", NULL },
		{ "2600::10.1.2.3", NULL },
		{ "10.1.2.3", NULL },
		{ "8.8.8.8", NULL },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct address a = address(cases[i].address);
		struct address carried;
		address_is_special(&a, &carried);
		assert_int_equal(carried.family, cases[i].carried ? AF_INET : 0);
		if (!cases[i].carried)
			continue;
		const struct address expected = address(cases[i].carried);
		assert_memory_equal(carried.bytes, expected.bytes, 4);
	}
}

static void blocks_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *inside, *outside;
	} cases[] = {
		{ "10.1.0.0/16", "10.1.255.255", "10.2.0.0" },
		{ "10.1.2.3", "10.1.2.3", "10.1.2.2" },
		{ "10.1.2.3/32", "10.1.2.3", "10.1.2.4" },
		{ "0.0.0.0/0", "255.255.255.255", "::" },
		{ "128.0.0.0/1", "255.255.255.255", "127.255.255.255" },
		{ "10.0.0.0/9", "10.127.255.255", "10.128.0.0" },
		{ "::/0", "ffff::", "0.0.0.0" },
		{ "fd00::/8", "fdff::1", "fc00::" },
		{ "fe80::/10", "febf::1", "fec0::" },
		{ "::1", "::1", "::2" },
		{ "2001:db8::/127", "2001:db8::1", "2001:db8::2" },
		{ "::ffff:10.0.0.0/104", "::ffff:10.255.0.1", "::ffff:11.0.0.0" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address_block block;
		const struct address inside = address(cases[i].inside);
		const struct address outside = address(cases[i].outside);
		assert_true(address_block_parse(cases[i].text, &block));
		assert_true(address_block_has(&block, &inside));
		assert_false(address_block_has(&block, &outside));
	}
}

static void what_is_no_block_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"/",
		"/8",
		"10",
		"10.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/8 ",
		"10.0.0.0/8/8",
		"10.0.0.0/ 8",
		"10.0.0.0/0x8",
		"10.0.0.1/8",
		"10.0.0.0/1",
		"010.0.0.0",
		"0x0a.0.0.0",
		"10.0.0.256",
		" 10.0.0.0",
		"10.0.0.0.0",
		":",
		"fd00::/129",
		"fd00::1/8",
		"fd00",
		"[fd00::]",
		"fe80::1%lo",
		"fd00:::/8",
		"10.0.0.0/99999999999999999999",
		"::ffff:255.255.255.255.255.255.255.255.255.255.255.255.255.255",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address_block block;
		if (address_block_parse(texts[i], &block))
			fail_msg("\"%s\" is taken for a block", texts[i]);
	}
}

static void sockets_addresses_are_read(void **state)
{
	(void)state;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const struct sockaddr other = { .sa_family = AF_UNIX };
	struct address a;
	inet_pton(AF_INET, "10.1.2.3", &v4.sin_addr);
	assert_true(address_of((const struct sockaddr *)&v4, &a));
	assert_int_equal(a.family, AF_INET);
	assert_memory_equal(a.bytes, "\x0a\x01\x02\x03", 4);
	inet_pton(AF_INET6, "fd00::1", &v6.sin6_addr);
	assert_true(address_of((const struct sockaddr *)&v6, &a));
	assert_int_equal(a.family, AF_INET6);
	assert_memory_equal(a.bytes, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	assert_false(address_of(&other, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_is_special_to_its_ends),
		cmocka_unit_test(others_are_public),
		cmocka_unit_test(what_they_carry_is_found),
		cmocka_unit_test(blocks_are_read),
		cmocka_unit_test(what_is_no_block_is_refused),
		cmocka_unit_test(sockets_addresses_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
