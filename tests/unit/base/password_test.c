#include "jobs/base/password.h"

#include "jobs/base/mem.h"
#include "tests/unit/check.h"

static void its_own_hash_fits(void **state)
{
	(void)state;
	static const char password[] = "Gr\xc3\xbc\xc3\x9f Gott, 8+";
	cleanup(cleanup_free) char *hash = password_hash(password);
	assert_memory_equal(hash, "$y$", 3);
	assert_true(password_fits(password, hash));
	assert_false(password_fits("Gr\xc3\xbc\xc3\x9f Gott, 8", hash));
	assert_false(password_fits("gr\xc3\xbc\xc3\x9f Gott, 8+", hash));
	assert_false(password_fits("", hash));
}

static void equal_passwords_have_different_hashes(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *a = password_hash("same password");
	cleanup(cleanup_free) char *b = password_hash("same password");
	assert_string_not_equal(a, b);
}

static void long_passwords_count_to_their_end(void **state)
{
	(void)state;
	char password[512] = { 0 }, other[512] = { 0 };
	memset(password, 'x', 511);
	memset(other, 'x', 510);
	cleanup(cleanup_free) char *hash = password_hash(password);
	assert_true(password_fits(password, hash));
	assert_false(password_fits(other, hash));
}

static void a_password_that_is_too_long_fits_nothing(void **state)
{
	(void)state;
	char password[513] = { 0 };
	memset(password, 'x', 512);
	cleanup(cleanup_free) char *hash = password_hash("any password");
	assert_false(password_fits(password, hash));
	assert_false(password_fits(password, NULL));
}

/* The test vectors of bcrypt's reference implementation, under each of its prefixes. */
static void known_bcrypt_hashes_fit(void **state)
{
	(void)state;
	static const struct {
		const char *password, *rest;
	} vectors[] = {
		{ "U*U", "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" },
		{ "U*U*", "05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK" },
		{ "U*U*U", "05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a" },
	};
	static const char *const prefixes[] = { "$2a$", "$2b$", "$2y$" };
	for (size_t i = 0; i < COUNT(vectors) * COUNT(prefixes); i++) {
		const char *password = vectors[i / COUNT(prefixes)].password;
		cleanup(cleanup_free) char *hash = mem_printf("%s%s", prefixes[i % COUNT(prefixes)],
							      vectors[i / COUNT(prefixes)].rest);
		assert_true(password_fits(password, hash));
		assert_false(password_fits("U*V", hash));
	}
}

static const char sha512[] = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9Y"
			     "terLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";

/* Among them hashes that crypt(3) itself would take, with the password that they are of. */
static void anything_else_fits_nothing(void **state)
{
	(void)state;
	static const char *const hashes[] = {
		NULL,
		"",
		"*0",
		"x",
		"garbage",
		"password",
		"gaobrBilklkzU",                      /* DES */
		"$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", /* MD5 */
		sha512,
		"$y$",
		"$y$j9T$",
		"$y$j9T$saltsaltsalt",
		"$y$j9T$saltsaltsalt$",
		"$2b$",
		"$2b$05$",
		"$2b$05$CCCCCCCCCCCCCCCCCCCCC.",
		"$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW ",
	};
	for (size_t i = 0; i < COUNT(hashes); i++)
		if (password_fits("password", hashes[i]) || password_fits("", hashes[i]))
			fail_msg("%s", hashes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_own_hash_fits),
		cmocka_unit_test(equal_passwords_have_different_hashes),
		cmocka_unit_test(long_passwords_count_to_their_end),
		cmocka_unit_test(a_password_that_is_too_long_fits_nothing),
		cmocka_unit_test(known_bcrypt_hashes_fit),
		cmocka_unit_test(anything_else_fits_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
