#include "fcgi/token_cache.h"

#include "jobs/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { EXPIRES_S = 1000, BEFORE_MS = 999999, AFTER_MS = 1000000 };

static const char value[] = "Bearer aaaa.bbbbbbbb.cccccccccccccccccccccccc";
static const char user[] = "0190a6b2-0000-7000-8000-000000000001";

static void cleanup_cache(struct token_cache **cache)
{
	token_cache_free(*cache);
}

static void finds_the_user_of_a_known_token(void **state)
{
	(void)state;
	char id[ID_SIZE] = "";
	cleanup(cleanup_cache) struct token_cache *cache = token_cache_new();
	assert_false(token_cache_get(cache, value, BEFORE_MS, id));
	token_cache_put(cache, value, EXPIRES_S, user);
	assert_true(token_cache_get(cache, value, BEFORE_MS, id));
	assert_string_equal(id, user);
}

static void an_expired_token_is_unknown(void **state)
{
	(void)state;
	char id[ID_SIZE] = "";
	cleanup(cleanup_cache) struct token_cache *cache = token_cache_new();
	token_cache_put(cache, value, EXPIRES_S, user);
	assert_false(token_cache_get(cache, value, AFTER_MS, id));
	assert_string_equal(id, "");
}

static void one_other_byte_makes_another_token(void **state)
{
	(void)state;
	char other[sizeof(value)], id[ID_SIZE] = "";
	cleanup(cleanup_cache) struct token_cache *cache = token_cache_new();
	token_cache_put(cache, value, EXPIRES_S, user);
	for (size_t i = 0; i < strlen(value); i++) {
		memcpy(other, value, sizeof(value));
		other[i] ^= 1;
		assert_false(token_cache_get(cache, other, BEFORE_MS, id));
	}
	for (size_t len = 0; len < strlen(value); len++) {
		memcpy(other, value, len);
		other[len] = '\0';
		assert_false(token_cache_get(cache, other, BEFORE_MS, id));
	}
	assert_string_equal(id, "");
}

/* More tokens than there are places for: what is found is right, and the latest one always is. */
static void many_tokens_never_mix_up_their_users(void **state)
{
	(void)state;
	enum { TOKENS = 2000 };
	char token[64], owner[64], id[ID_SIZE];
	cleanup(cleanup_cache) struct token_cache *cache = token_cache_new();
	for (unsigned n = 0; n < TOKENS; n++) {
		snprintf(token, sizeof(token), "Bearer %08x", n * 2654435761U);
		snprintf(owner, sizeof(owner), "0190a6b2-0000-7000-8000-%012x", n);
		token_cache_put(cache, token, EXPIRES_S, owner);
		assert_true(token_cache_get(cache, token, BEFORE_MS, id));
	}
	int found = 0;
	for (unsigned n = 0; n < TOKENS; n++) {
		snprintf(token, sizeof(token), "Bearer %08x", n * 2654435761U);
		snprintf(owner, sizeof(owner), "0190a6b2-0000-7000-8000-%012x", n);
		if (!token_cache_get(cache, token, BEFORE_MS, id))
			continue;
		assert_string_equal(id, owner);
		found++;
	}
	assert_in_range(found, 1, TOKENS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_user_of_a_known_token),
		cmocka_unit_test(an_expired_token_is_unknown),
		cmocka_unit_test(one_other_byte_makes_another_token),
		cmocka_unit_test(many_tokens_never_mix_up_their_users),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
