#include "jobs/model/api_key.h"

#include "tests/unit/model/fixture.h"

static struct crypt_key *crypt_key;
static char user[ID_SIZE], other[ID_SIZE];

static struct json_object *saved(const struct api_key *key)
{
	char *json = NULL;
	assert_ok(api_key_save(db, crypt_key, user, key, "request-1", &json));
	return parsed(json);
}

static void assert_key(const char *service, const char *key, const char *region)
{
	cleanup(cleanup_secret) char *got = NULL;
	cleanup(cleanup_free) char *got_region = NULL;
	assert_ok(api_key_open(db, crypt_key, user, service, &got, &got_region));
	assert_string_equal(got, key);
	assert_string_equal(got_region, region);
}

static void a_key_is_stored_sealed_and_opens(void **state)
{
	(void)state;
	const struct api_key key = { "azure", "abcd-0123456789-wxyz", "Mine", "westeurope" };
	cleanup(cleanup_json) struct json_object *o = saved(&key);
	assert_member(o, "service", "azure");
	assert_member(o, "label", "Mine");
	assert_member(o, "region", "westeurope");
	assert_member(o, "maskedKey", "abcd\xe2\x80\xa6wxyz");
	assert_hasnt(json_object_to_json_string(o), "0123456789");
	assert_key("azure", "abcd-0123456789-wxyz", "westeurope");
	cleanup(cleanup_free) char *row = postgres_server_ask(
		&server, "SELECT row_to_json(k) FROM api_keys k WHERE user_id = '%s'", user);
	assert_hasnt(row, "0123456789");
}

static void a_second_key_replaces_the_first(void **state)
{
	(void)state;
	const struct api_key first = { "openai", "sk-first-0123", "Old", NULL },
			     second = { "openai", "sk-second-0123", NULL, NULL };
	cleanup(cleanup_json) struct json_object *a = saved(&first), *b = saved(&second);
	assert_member(b, "id", js_string(a, "id"));
	assert_null(js_get(b, "label"));
	assert_key("openai", "sk-second-0123", "");
}

static void a_short_key_is_masked_whole(void **state)
{
	(void)state;
	const struct api_key key = { "anthropic", "12345678", NULL, NULL };
	cleanup(cleanup_json) struct json_object *o = saved(&key);
	assert_member(o, "maskedKey", "****");
}

static void a_key_is_bound_to_its_user(void **state)
{
	(void)state;
	const struct api_key key = { "elevenlabs", "sk_0123456789", NULL, NULL };
	cleanup(cleanup_json) struct json_object *o = saved(&key);
	cleanup(cleanup_secret) char *got = NULL;
	cleanup(cleanup_free) char *region = NULL;
	assert_ok(api_key_open(db, crypt_key, other, "elevenlabs", &got, &region));
	assert_null(got);
	assert_null(region);
	free(postgres_server_ask(&server, "UPDATE api_keys SET user_id = '%s' WHERE id = '%s'",
				 other, js_string(o, "id")));
	assert_error(api_key_open(db, crypt_key, other, "elevenlabs", &got, &region), ERR_INTERNAL,
		     "cannot be decrypted");
	assert_null(got);
}

static void another_encryption_secret_is_told(void **state)
{
	(void)state;
	const struct api_key key = { "elevenlabs", "sk_0123456789", NULL, NULL };
	cleanup(cleanup_json) struct json_object *o = saved(&key);
	struct crypt_key *new_key = crypt_key_new("another secret of 32 characters or so");
	cleanup(cleanup_secret) char *got = NULL;
	cleanup(cleanup_free) char *region = NULL;
	struct err *e = api_key_open(db, new_key, user, "elevenlabs", &got, &region);
	crypt_key_free(new_key);
	assert_error(e, ERR_INVALID, "enter it again in Settings");
	assert_null(got);
}

static void lists_and_deletes_the_users_own(void **state)
{
	(void)state;
	const struct api_key key = { "openai", "sk-0123456789", NULL, NULL };
	cleanup(cleanup_json) struct json_object *o = saved(&key);
	const char *id = js_string(o, "id");
	char *json = NULL;
	assert_ok(api_key_list(db, other, &json));
	assert_hasnt(json, id);
	free(json);
	assert_error(api_key_delete(db, other, id, NULL), ERR_NOT_FOUND, "API key not found");
	assert_ok(api_key_list(db, user, &json));
	assert_has(json, id);
	free(json);
	assert_ok(api_key_delete(db, user, id, "request-2"));
	assert_error(api_key_delete(db, user, id, NULL), ERR_NOT_FOUND, "API key not found");
	cleanup(cleanup_free) char *audit =
		postgres_server_ask(&server,
				    "SELECT string_agg(action || ' ' || subject || ' ' || "
				    "request_id, ', ' ORDER BY id) "
				    "FROM audit_log WHERE user_id = '%s' AND subject = 'openai' "
				    "AND action LIKE '%%delete'",
				    user);
	assert_string_equal(audit, "api_key.delete openai request-2");
}

static int start(void **state)
{
	database_start(state);
	crypt_key = crypt_key_new("correct horse battery staple, 32+");
	new_user(user);
	new_user(other);
	return 0;
}

static int stop(void **state)
{
	crypt_key_free(crypt_key);
	return database_stop(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {

		cmocka_unit_test(a_key_is_stored_sealed_and_opens),
		cmocka_unit_test(a_second_key_replaces_the_first),
		cmocka_unit_test(a_short_key_is_masked_whole),
		cmocka_unit_test(a_key_is_bound_to_its_user),
		cmocka_unit_test(another_encryption_secret_is_told),
		cmocka_unit_test(lists_and_deletes_the_users_own),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
