#include "fcgi/token.h"

#include "jobs/base/buf.h"
#include "jobs/base/digest.h"
#include "jobs/base/mem.h"
#include "tests/unit/check.h"

#include <openssl/evp.h>

#define SECRET      "0123456789abcdef0123456789abcdef"
#define USER        "0190d3a1-7e4c-7abc-9def-0123456789ab"
#define HEADER      "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS(exp) "{\"userId\":\"" USER "\",\"email\":\"a@b.c\",\"exp\":" exp "}"

/* The time of all tests; tokens of theirs expire after it or before. */
static const int64_t now_ms = 2000000000 * (int64_t)1000;

static void add_base64url(struct buf *out, const void *bytes, size_t len)
{
	cleanup(cleanup_free) char *text = mem_alloc(4 * (len / 3 + 1) + 1);
	EVP_EncodeBlock((uint8_t *)text, bytes, (int)len);
	for (const char *p = text; *p && *p != '='; p++)
		buf_add(out, *p == '+' ? "-" : *p == '/' ? "_" : p, 1);
}

/* "Bearer " and a token of these texts, signed with HS256 whatever the header says. */
static char *bearer(const char *header, const char *claims, const char *secret)
{
	struct buf token = BUF(32 << 20);
	uint8_t signature[DIGEST_SIZE];
	buf_adds(&token, "Bearer ");
	add_base64url(&token, header, strlen(header));
	buf_adds(&token, ".");
	add_base64url(&token, claims, strlen(claims));
	digest_hmac(secret, strlen(secret), token.data + 7, token.len - 7, signature);
	buf_adds(&token, ".");
	add_base64url(&token, signature, sizeof(signature));
	return buf_take(&token);
}

static void assert_refused(const char *authorization)
{
	char id[ID_SIZE] = "untouched";
	int64_t expires_s = 7;
	assert_error(token_verify(SECRET, authorization, now_ms, id, &expires_s), ERR_UNAUTHORIZED,
		     "Invalid or expired token");
	assert_string_equal(id, "untouched");
	assert_int_equal(expires_s, 7);
}

static void assert_taken_until(const char *authorization, int64_t want_s)
{
	char id[ID_SIZE] = "";
	int64_t expires_s = 0;
	assert_ok(token_verify(SECRET, authorization, now_ms, id, &expires_s));
	assert_string_equal(id, USER);
	assert_int_equal(expires_s, want_s);
}

static void assert_taken(const char *authorization)
{
	assert_taken_until(authorization, 2000000001);
}

static void its_own_token_is_taken_for_seven_days(void **state)
{
	(void)state;
	const int64_t week_s = INT64_C(7) * 24 * 3600;
	char id[ID_SIZE];
	int64_t expires_s;
	cleanup(cleanup_free) char *token = token_new(SECRET, USER, "a@b.c", now_ms);
	cleanup(cleanup_free) char *value = mem_printf("Bearer %s", token);
	assert_taken_until(value, now_ms / 1000 + week_s);
	assert_ok(token_verify(SECRET, value, now_ms + (week_s - 1) * 1000, id, &expires_s));
	assert_error(token_verify(SECRET, value, now_ms + week_s * 1000, id, &expires_s),
		     ERR_UNAUTHORIZED, "Invalid or expired token");
	assert_error(token_verify(SECRET "x", value, now_ms, id, &expires_s), ERR_UNAUTHORIZED,
		     "Invalid or expired token");
}

static void no_bearer_token_asks_for_one(void **state)
{
	(void)state;
	static const char *const values[] = { "",           "Bearer",    "Bearer ", "Bearer    ",
					      "Basic YTpi", "Bearerabc", "Token x", " Bearer x" };
	char id[ID_SIZE];
	int64_t expires_s;
	for (size_t i = 0; i < COUNT(values); i++)
		assert_error(token_verify(SECRET, values[i], now_ms, id, &expires_s),
			     ERR_UNAUTHORIZED, "Authentication required");
}

static void the_scheme_is_read_in_any_case(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *value = bearer(HEADER, CLAIMS("2000000001"), SECRET);
	assert_taken(value);
	cleanup(cleanup_free) char *other_case = mem_printf("bEARER %s", value + 7);
	cleanup(cleanup_free) char *spaced = mem_printf("Bearer    %s", value + 7);
	assert_taken(other_case);
	assert_taken(spaced);
}

static void only_our_header_is_taken(void **state)
{
	(void)state;
	static const char *const headers[] = {
		"{\"alg\":\"none\",\"typ\":\"JWT\"}",
		"{\"alg\":\"nOnE\",\"typ\":\"JWT\"}",
		"{\"alg\":\"hs256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"HS384\",\"typ\":\"JWT\"}",
		"{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
		"{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"\",\"typ\":\"JWT\"}",
		"{\"alg\":null,\"typ\":\"JWT\"}",
		"{\"alg\":[\"HS256\"],\"typ\":\"JWT\"}",
		"{\"typ\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"crit\":null}",
		"{\"alg\":\"none\",\"typ\":\"JWT\",\"alg\":\"hs256\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\"",
		"{'alg':'HS256','typ':'JWT'}",
		"[\"HS256\"]",
		"null",
		"x",
	};
	for (size_t i = 0; i < COUNT(headers); i++) {
		cleanup(cleanup_free) char *value =
			bearer(headers[i], CLAIMS("2000000001"), SECRET);
		assert_refused(value);
	}
}

static void only_whole_claims_are_taken(void **state)
{
	(void)state;
	static const char *const claims[] = {
		CLAIMS("2000000000"),
		CLAIMS("1999999999"),
		CLAIMS("0"),
		CLAIMS("-1"),
		CLAIMS("null"),
		CLAIMS("true"),
		CLAIMS("\"2000000001\""),
		CLAIMS("2000000001.5"),
		CLAIMS("99999999999999999999"),
		CLAIMS("[2000000001]"),
		"{\"userId\":\"" USER "\"}",
		"{\"exp\":2000000001}",
		"{\"userId\":7,\"exp\":2000000001}",
		"{\"userId\":\"\",\"exp\":2000000001}",
		"{\"userId\":\"1 OR 1=1\",\"exp\":2000000001}",
		"{\"userId\":\"" USER "x\",\"exp\":2000000001}",
		"{\"userId\":\"" USER "\\u0000\",\"exp\":2000000001}",
		"[1,2]",
		"7",
		"null",
		"x",
		CLAIMS("2000000001") "x",
	};
	for (size_t i = 0; i < COUNT(claims); i++) {
		cleanup(cleanup_free) char *value = bearer(HEADER, claims[i], SECRET);
		assert_refused(value);
	}
}

static void deep_claims_are_refused(void **state)
{
	(void)state;
	char claims[2001] = { 0 };
	memset(claims, '[', 1000);
	memset(claims + 1000, ']', 1000);
	cleanup(cleanup_free) char *value = bearer(HEADER, claims, SECRET);
	assert_refused(value);
}

static void every_changed_character_is_refused(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *value = bearer(HEADER, CLAIMS("2000000001"), SECRET);
	size_t last = strlen(value) - 1; /* it has bits that are not used */
	for (size_t i = 7; i < last; i++) {
		char before = value[i];
		value[i] = before == 'A' ? 'B' : 'A';
		assert_refused(value);
		value[i] = before;
	}
	assert_taken(value);
}

static void another_secrets_signature_is_refused(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *other = bearer(HEADER, CLAIMS("2000000001"), SECRET "x");
	cleanup(cleanup_free) char *empty = bearer(HEADER, CLAIMS("2000000001"), "");
	assert_refused(other);
	assert_refused(empty);
}

static void broken_shapes_are_refused(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *good = bearer(HEADER, CLAIMS("2000000001"), SECRET);
	const char *token = good + 7, *dot = strrchr(good, '.');
	char *const shapes[] = {
		mem_strdup("Bearer ."),
		mem_strdup("Bearer .."),
		mem_strdup("Bearer ..."),
		mem_strdup("Bearer a.b"),
		mem_strdup("Bearer a.b.c"),
		mem_strdup("Bearer \xff.\xff.\xff"),
		mem_printf("%.*s", (int)(dot - good), good),
		mem_printf("%.*s.", (int)(dot - good), good),
		mem_printf("%s.", good),
		mem_printf("%s.x", good),
		mem_printf("%s=", good),
		mem_printf("%s ", good),
		mem_printf("%s x", good),
		mem_printf("Bearer .%s", strchr(token, '.') + 1),
		mem_printf("Bearer %.*s..%s", (int)strcspn(token, "."), token, dot + 1),
		mem_printf("Bearer Bearer %s", token),
	};
	for (size_t i = 0; i < COUNT(shapes); i++) {
		assert_refused(shapes[i]);
		free(shapes[i]);
	}
}

static void long_tokens_are_refused(void **state)
{
	(void)state;
	static const size_t lengths[] = { TOKEN_MAX_LENGTH, 20 << 20 };
	for (size_t i = 0; i < COUNT(lengths); i++) {
		cleanup(cleanup_free) char *name = mem_alloc(lengths[i] + 1);
		memset(name, 'x', lengths[i]);
		cleanup(cleanup_free) char *claims = mem_printf(
			"{\"userId\":\"" USER "\",\"exp\":2000000001,\"email\":\"%s\"}", name);
		cleanup(cleanup_free) char *long_claims = bearer(HEADER, claims, SECRET);
		cleanup(cleanup_free) char *long_header =
			bearer(claims, CLAIMS("2000000001"), SECRET);
		assert_refused(long_claims);
		assert_refused(long_header);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_own_token_is_taken_for_seven_days),
		cmocka_unit_test(no_bearer_token_asks_for_one),
		cmocka_unit_test(the_scheme_is_read_in_any_case),
		cmocka_unit_test(only_our_header_is_taken),
		cmocka_unit_test(only_whole_claims_are_taken),
		cmocka_unit_test(deep_claims_are_refused),
		cmocka_unit_test(every_changed_character_is_refused),
		cmocka_unit_test(another_secrets_signature_is_refused),
		cmocka_unit_test(broken_shapes_are_refused),
		cmocka_unit_test(long_tokens_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
