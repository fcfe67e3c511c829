#include "jobs/model/access_token.h"

#include "tests/unit/model/fixture.h"

static char user[ID_SIZE], other[ID_SIZE];

static struct json_object *created(const char *owner)
{
	char *json = NULL;
	assert_ok(access_token_create(db, owner, "A program", "request-1", &json));
	return parsed(json);
}

static void assert_unknown(const char *token)
{
	char id[ID_SIZE] = "untouched";
	assert_error(access_token_user(db, token, id), ERR_UNAUTHORIZED,
		     "Invalid or expired token");
	assert_string_equal(id, "untouched");
}

static void a_token_names_its_user_and_is_not_stored(void **state)
{
	(void)state;
	char id[ID_SIZE] = "";
	cleanup(cleanup_json) struct json_object *a = created(user), *b = created(other);
	const char *token = js_string(a, "token");
	assert_true(access_token_is_one(token));
	assert_ok(access_token_user(db, token, id));
	assert_string_equal(id, user);
	assert_ok(access_token_user(db, js_string(b, "token"), id));
	assert_string_equal(id, other);
	cleanup(cleanup_free) char *rows = postgres_server_ask(
		&server, "SELECT json_agg(t) FROM access_tokens t WHERE user_id = '%s'", user);
	assert_hasnt(rows, token);
	assert_hasnt(rows, token + 3);
}

static void the_list_shows_no_token(void **state)
{
	(void)state;
	char *json = NULL;
	cleanup(cleanup_json) struct json_object *made = created(user);
	assert_ok(access_token_list(db, user, &json));
	assert_hasnt(json, js_string(made, "token") + 3);
	cleanup(cleanup_json) struct json_object *list = parsed(json);
	assert_member(json_object_array_get_idx(list, 0), "id", js_string(made, "id"));
}

static void a_use_is_noted_once_a_minute(void **state)
{
	(void)state;
	char id[ID_SIZE];
	cleanup(cleanup_json) struct json_object *made = created(user);
	const char *row = js_string(made, "id");
	assert_ok(access_token_user(db, js_string(made, "token"), id));
	free(postgres_server_ask(&server,
				 "UPDATE access_tokens SET last_used_at = now() - interval '50 s' "
				 "WHERE id = '%s'",
				 row));
	static const char is_old[] = "SELECT last_used_at < now() - interval '40 s' "
				     "FROM access_tokens WHERE id = '%s'";
	assert_ok(access_token_user(db, js_string(made, "token"), id));
	cleanup(cleanup_free) char *early = postgres_server_ask(&server, is_old, row);
	assert_string_equal(early, "t");
	free(postgres_server_ask(&server,
				 "UPDATE access_tokens SET last_used_at = now() - interval '61 s' "
				 "WHERE id = '%s'",
				 row));
	assert_ok(access_token_user(db, js_string(made, "token"), id));
	cleanup(cleanup_free) char *late = postgres_server_ask(&server, is_old, row);
	assert_string_equal(late, "f");
}

static void a_deleted_token_is_unknown_at_once(void **state)
{
	(void)state;
	char id[ID_SIZE];
	cleanup(cleanup_json) struct json_object *made = created(user);
	const char *token = js_string(made, "token"), *row = js_string(made, "id");
	assert_error(access_token_delete(db, other, row, "r"), ERR_NOT_FOUND,
		     "Access token not found");
	assert_ok(access_token_user(db, token, id));
	assert_ok(access_token_delete(db, user, row, "r"));
	assert_unknown(token);
	assert_error(access_token_delete(db, user, row, "r"), ERR_NOT_FOUND,
		     "Access token not found");
}

static void a_user_has_so_many_at_most(void **state)
{
	(void)state;
	char many[ID_SIZE], *json = NULL;
	new_user(many);
	for (int i = 0; i < ACCESS_TOKEN_MAX; i++)
		json_object_put(created(many));
	struct err *e = access_token_create(db, many, "One more", "r", &json);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_CONFLICT);
	err_free(e);
	assert_null(json);
}

static void only_its_form_is_a_token(void **state)
{
	(void)state;
	char right[] = "vo_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	assert_true(access_token_is_one(right));
	assert_unknown(right);
	right[66] = 'F';
	assert_false(access_token_is_one(right));
	right[66] = '\0';
	assert_false(access_token_is_one(right));
	assert_false(access_token_is_one(""));
	assert_false(access_token_is_one("vo_"));
	assert_false(access_token_is_one(
		"vo_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"));
}

static int start(void **state)
{
	database_start(state);
	new_user(user);
	new_user(other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_names_its_user_and_is_not_stored),
		cmocka_unit_test(the_list_shows_no_token),
		cmocka_unit_test(a_use_is_noted_once_a_minute),
		cmocka_unit_test(a_deleted_token_is_unknown_at_once),
		cmocka_unit_test(a_user_has_so_many_at_most),
		cmocka_unit_test(only_its_form_is_a_token),
	};
	return cmocka_run_group_tests(tests, start, database_stop);
}
