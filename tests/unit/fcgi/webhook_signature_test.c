#include "fcgi/webhook_signature.h"

#include "tests/unit/check.h"

/*
 * Signatures made by openssl(1):
 * printf 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -hmac topsecret -binary | base64
 */
#define BODY     "{\"a\":1}"
#define SECRET   "topsecret"
#define ENCODED  "whsec_dG9wc2VjcmV0" /* the same in base64 */
#define STANDARD "6wW4SqbhVQWEKgMRB9De27CnObbDoduoe7FCeyn5/bo="
#define HUB      "sha256=bf1e6501b7fa928ec2391fea9dd90af3c9ad1b7b1ef6ff319c25940cec746bf8"
enum { NOW = 1700000000 };

static struct webhook_call call(const char *signature, const char *hub_signature)
{
	return (struct webhook_call){ "msg_1",       "1700000000", signature,
				      hub_signature, BODY,         sizeof(BODY) - 1 };
}

static void takes_both_conventions(void **state)
{
	(void)state;
	static const struct {
		const char *signature, *hub, *secret;
		bool good;
	} cases[] = {
		{ "v1," STANDARD, "", SECRET, true },
		{ "v1," STANDARD, "", ENCODED, true },
		{ "v1,AAAA v1a,BBBB v1," STANDARD, "", SECRET, true },
		{ "", HUB, SECRET, true },
		{ "v1," STANDARD, "sha256=00", SECRET, true },

		{ "", "", SECRET, false },
		{ STANDARD, "", SECRET, false },
		{ "v2," STANDARD, "", SECRET, false },
		{ "v1,", "", SECRET, false },
		{ "v1," STANDARD "=", "", SECRET, false },
		{ "v1," STANDARD, "", "topsecreT", false },
		{ "v1,AAAA", HUB, SECRET, false },
		{ "", HUB "0", SECRET, false },
		{ "", HUB, "topsecret ", false },
		{ "", "sha1=bf1e6501b7fa928ec2391fea9dd90af3c9ad1b7b1ef6ff319c25940cec746bf8",
		  SECRET, false },
		{ " ", "", SECRET, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct webhook_call c = call(cases[i].signature, cases[i].hub);
		if (webhook_is_signed(&c, cases[i].secret, NOW) != cases[i].good)
			fail_msg("case %zu", i);
	}
}

static void covers_id_time_and_body(void **state)
{
	(void)state;
	struct webhook_call c = call("v1," STANDARD, "");
	c.id = "msg_2";
	assert_false(webhook_is_signed(&c, SECRET, NOW));
	c.id = "";
	assert_false(webhook_is_signed(&c, SECRET, NOW));
	c = call("v1," STANDARD, "");
	c.timestamp = "1700000001";
	assert_false(webhook_is_signed(&c, SECRET, NOW));
	c = call("v1," STANDARD, HUB);
	c.body = "{\"a\":2}";
	assert_false(webhook_is_signed(&c, SECRET, NOW));
	c.signature = "";
	assert_false(webhook_is_signed(&c, SECRET, NOW));
}

static void holds_for_five_minutes(void **state)
{
	(void)state;
	struct webhook_call c = call("v1," STANDARD, "");
	assert_true(webhook_is_signed(&c, SECRET, NOW + 300));
	assert_true(webhook_is_signed(&c, SECRET, NOW - 300));
	assert_false(webhook_is_signed(&c, SECRET, NOW + 301));
	assert_false(webhook_is_signed(&c, SECRET, NOW - 301));
	static const char *const wrong[] = {
		"", "now", "1700000000x", " 1700000000", "+1700000000", "17000000000000000000000000"
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		c.timestamp = wrong[i];
		assert_false(webhook_is_signed(&c, SECRET, NOW));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_both_conventions),
		cmocka_unit_test(covers_id_time_and_body),
		cmocka_unit_test(holds_for_five_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
