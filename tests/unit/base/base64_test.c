#include "jobs/base/base64.h"

#include "tests/unit/check.h"

/* The test vectors of RFC 4648, section 10. */
static const char *const vectors[][2] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void encodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		cleanup(cleanup_free) char *text =
			base64_encode(vectors[i][0], strlen(vectors[i][0]));
		assert_string_equal(text, vectors[i][1]);
	}
}

static void decodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		cleanup(cleanup_free) uint8_t *bytes = NULL;
		assert_int_equal(base64_decode(vectors[i][1], &bytes), strlen(vectors[i][0]));
		assert_string_equal((char *)bytes, vectors[i][0]);
	}
}

static void refuses_what_is_not_base64(void **state)
{
	(void)state;
	static const char *const texts[] = { "Z", "Zg", "Zg=", "Zm9v!", "Zm_v", "=" };
	for (size_t i = 0; i < COUNT(texts); i++) {
		uint8_t *bytes = NULL;
		assert_int_equal(base64_decode(texts[i], &bytes), -1);
		assert_null(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes),
		cmocka_unit_test(decodes),
		cmocka_unit_test(refuses_what_is_not_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
