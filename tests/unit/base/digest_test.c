#include "jobs/base/digest.h"

#include "jobs/base/mem.h"
#include "tests/unit/check.h"

/* Repeats byte `c`. */
struct run {
	char c;
	size_t n;
};

static void assert_digest(const uint8_t digest[static DIGEST_SIZE], const char *want)
{
	char hex[DIGEST_HEX_SIZE];
	assert_string_equal(digest_hex(digest, hex), want);
}

/* FIPS 180-2, appendix B, and the empty message. */
static const struct {
	const char *message, *digest;
} sha256[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void sha256_of_the_standard(void **state)
{
	(void)state;
	uint8_t digest[DIGEST_SIZE];
	for (size_t i = 0; i < COUNT(sha256); i++) {
		digest_sha256(sha256[i].message, strlen(sha256[i].message), digest);
		assert_digest(digest, sha256[i].digest);
	}
}

static void pieces_make_the_same_digest(void **state)
{
	(void)state;
	uint8_t digest[DIGEST_SIZE];
	for (size_t i = 0; i < COUNT(sha256); i++) {
		struct digest *d = digest_new();
		for (const char *p = sha256[i].message; *p; p++)
			digest_add(d, p, 1);
		digest_finish(d, digest);
		assert_digest(digest, sha256[i].digest);
	}
}

/* FIPS 180-2, appendix B.3: a million times "a". */
static void long_message(void **state)
{
	(void)state;
	uint8_t digest[DIGEST_SIZE];
	char thousand[1000];
	memset(thousand, 'a', sizeof(thousand));
	struct digest *d = digest_new();
	for (int i = 0; i < 1000; i++)
		digest_add(d, thousand, sizeof(thousand));
	digest_finish(d, digest);
	assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static char *repeated(struct run run)
{
	char *text = mem_alloc(run.n + 1);
	memset(text, run.c, run.n);
	return text;
}

/* RFC 4231, test cases 1, 2, 3, 6 and 7. */
static void hmac_of_the_standard(void **state)
{
	(void)state;
	static const struct {
		struct run key_run;
		const char *key;
		struct run data_run;
		const char *data, *digest;
	} cases[] = {
		{ { 0x0b, 20 },
		  NULL,
		  { 0 },
		  "Hi There",
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ { 0 },
		  "Jefe",
		  { 0 },
		  "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ { (char)0xaa, 20 },
		  NULL,
		  { (char)0xdd, 50 },
		  NULL,
		  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ { (char)0xaa, 131 },
		  NULL,
		  { 0 },
		  "Test Using Larger Than Block-Size Key - Hash Key First",
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ { (char)0xaa, 131 },
		  NULL,
		  { 0 },
		  "This is a test using a larger than block-size key and a larger than "
		  "block-size data. The key needs to be hashed before being used by the HMAC "
		  "algorithm.",
		  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t digest[DIGEST_SIZE];
		cleanup(cleanup_free) char *key =
			cases[i].key ? mem_strdup(cases[i].key) : repeated(cases[i].key_run);
		cleanup(cleanup_free) char *data =
			cases[i].data ? mem_strdup(cases[i].data) : repeated(cases[i].data_run);
		digest_hmac(key, strlen(key), data, strlen(data), digest);
		assert_digest(digest, cases[i].digest);
	}
}

/* The signing of requests derives key from key in one buffer. */
static void hmac_may_overwrite_its_key(void **state)
{
	(void)state;
	uint8_t apart[DIGEST_SIZE], key[DIGEST_SIZE];
	memset(key, 7, sizeof(key));
	digest_hmac(key, sizeof(key), "x", 1, apart);
	digest_hmac(key, sizeof(key), "x", 1, key);
	assert_memory_equal(apart, key, sizeof(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_the_standard),
		cmocka_unit_test(pieces_make_the_same_digest),
		cmocka_unit_test(long_message),
		cmocka_unit_test(hmac_of_the_standard),
		cmocka_unit_test(hmac_may_overwrite_its_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
