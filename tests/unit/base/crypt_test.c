#include "jobs/base/crypt.h"

#include "jobs/base/mem.h"
#include "tests/unit/check.h"

#include <openssl/evp.h>

#define CONTEXT "api_keys/u/elevenlabs"
#define PLAIN   "sk_1234567890"

enum { NONCE = 12, TAG = 16 };

static struct crypt_key *key, *other_key;

static void assert_refused(const struct crypt_key *k, const char *context, const char *sealed)
{
	char *plain = NULL;
	assert_error(crypt_open(k, context, sealed, &plain), ERR_INTERNAL, "a stored secret");
	assert_null(plain);
}

static void assert_opens(const char *sealed, const char *want)
{
	cleanup(cleanup_secret) char *plain = NULL;
	assert_ok(crypt_open(key, CONTEXT, sealed, &plain));
	assert_string_equal(plain, want);
}

static void opens_what_it_sealed(void **state)
{
	(void)state;
	static const char *const plains[] = { "", "x", PLAIN, "Gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x99",
					      "line\nline" };
	for (size_t i = 0; i < COUNT(plains); i++) {
		cleanup(cleanup_free) char *sealed = crypt_seal(key, CONTEXT, plains[i]);
		assert_opens(sealed, plains[i]);
		assert_int_equal(strlen(sealed), (NONCE + strlen(plains[i]) + TAG + 2) / 3 * 4);
	}
	cleanup(cleanup_free) char *large = mem_alloc(100001);
	memset(large, 'x', 100000);
	cleanup(cleanup_free) char *sealed = crypt_seal(key, CONTEXT, large);
	assert_opens(sealed, large);
}

static void never_seals_twice_alike(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *a = crypt_seal(key, CONTEXT, PLAIN);
	cleanup(cleanup_free) char *b = crypt_seal(key, CONTEXT, PLAIN);
	assert_string_not_equal(a, b);
	assert_memory_not_equal(a, b, (size_t)NONCE / 3 * 4);
}

/* Made with Node's crypto module: what has been stored has to open for ever. */
static void opens_what_others_sealed(void **state)
{
	(void)state;
	assert_string_equal(crypt_key_id(key), "441d05fc60ffe411");
	assert_opens("AAECAwQFBgcICQoLiEuz2ZMYK7zvx2XVcaSWMsgDB40OAUu9DfJMao0=", PLAIN);
}

static void keys_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(strlen(crypt_key_id(key)), 16);
	assert_string_not_equal(crypt_key_id(key), crypt_key_id(other_key));
}

static void another_context_or_key_is_refused(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *sealed = crypt_seal(key, CONTEXT, PLAIN);
	assert_refused(key, "api_keys/v/elevenlabs", sealed);
	assert_refused(key, "api_keys/u/azure", sealed);
	assert_refused(key, "", sealed);
	assert_refused(other_key, CONTEXT, sealed);
}

/* The bytes behind a sealed text, and back; the caller frees both. */
static uint8_t *bytes_of(const char *sealed, int *ret_len)
{
	uint8_t *bytes = mem_alloc(strlen(sealed) + 1);
	*ret_len = EVP_DecodeBlock(bytes, (const uint8_t *)sealed, (int)strlen(sealed));
	for (const char *p = sealed + strlen(sealed); p[-1] == '='; p--)
		--*ret_len;
	return bytes;
}

static char *sealed_of(const uint8_t *bytes, int len)
{
	char *sealed = mem_alloc(4 * ((size_t)len / 3 + 1) + 1);
	EVP_EncodeBlock((uint8_t *)sealed, bytes, len);
	return sealed;
}

static void a_changed_bit_anywhere_is_refused(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *sealed = crypt_seal(key, CONTEXT, PLAIN);
	int len = 0;
	cleanup(cleanup_free) uint8_t *bytes = bytes_of(sealed, &len);
	assert_int_equal(len, NONCE + strlen(PLAIN) + TAG);
	for (int bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cleanup(cleanup_free) char *changed = sealed_of(bytes, len);
		assert_refused(key, CONTEXT, changed);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void anything_cut_off_is_refused(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *sealed = crypt_seal(key, CONTEXT, PLAIN);
	int len = 0;
	cleanup(cleanup_free) uint8_t *bytes = bytes_of(sealed, &len);
	for (int n = 0; n < len; n++) {
		cleanup(cleanup_free) char *begin = sealed_of(bytes, n);
		cleanup(cleanup_free) char *end = sealed_of(bytes + len - n, n);
		assert_refused(key, CONTEXT, begin);
		assert_refused(key, CONTEXT, end);
	}
	for (size_t n = 0; n < strlen(sealed); n++) {
		cleanup(cleanup_free) char *begin = mem_strndup(sealed, n);
		assert_refused(key, CONTEXT, begin);
	}
}

static void what_is_no_base64_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"=",
		"====",
		"?",
		"plain text",
		"\xff\xff\xff\xff",
		"AAECAwQFBgcICQoLiEuz2ZMYK7zvx2XVcaSWMsgDB40OAUu9DfJMao0"
	};
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_refused(key, CONTEXT, texts[i]);
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	crypt_wipe(NULL);
	crypt_key_free(NULL);
}

static int make_keys(void **state)
{
	(void)state;
	key = crypt_key_new("correct horse battery staple, 32+");
	other_key = crypt_key_new("correct horse battery staple, 33+");
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	crypt_key_free(key);
	crypt_key_free(other_key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_it_sealed),
		cmocka_unit_test(never_seals_twice_alike),
		cmocka_unit_test(opens_what_others_sealed),
		cmocka_unit_test(keys_are_told_apart),
		cmocka_unit_test(another_context_or_key_is_refused),
		cmocka_unit_test(a_changed_bit_anywhere_is_refused),
		cmocka_unit_test(anything_cut_off_is_refused),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(freeing_nothing_is_fine),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
