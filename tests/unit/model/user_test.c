#include "jobs/model/user.h"

#include "tests/unit/model/fixture.h"

static void cleanup_user(struct user *u)
{
	user_clear(u);
}

static void a_user_is_made_and_signs_in(void **state)
{
	(void)state;
	cleanup(cleanup_user) struct user made = { 0 }, back = { 0 };
	assert_ok(user_create(db, "Anna@Example.com", "correct horse", "Anna", &made));
	assert_true(id_is_valid(made.id));
	assert_string_equal(made.email, "Anna@Example.com");
	assert_ok(user_sign_in(db, "anna@example.COM", "correct horse", &back));
	assert_string_equal(back.id, made.id);
	assert_string_equal(back.json, made.json);
}

static void the_wire_shows_no_password(void **state)
{
	(void)state;
	cleanup(cleanup_user) struct user made = { 0 };
	assert_ok(user_create(db, "wire@example.com", "correct horse", NULL, &made));
	cleanup(cleanup_json) struct json_object *o = parsed(mem_strdup(made.json));
	assert_member(o, "id", made.id);
	assert_member(o, "email", "wire@example.com");
	assert_member(o, "role", "USER");
	assert_int_equal(strlen(js_string(o, "createdAt")), strlen("2026-02-21T03:52:43.123Z"));
	assert_null(js_get(o, "name"));
	assert_int_equal(json_object_object_length(o), 5);
	char *json = NULL;
	assert_ok(user_get(db, made.id, &json));
	assert_string_equal(json, made.json);
	free(json);
	cleanup(cleanup_free) char *hash = postgres_server_ask(
		&server, "SELECT password_hash FROM users WHERE id = '%s'", made.id);
	assert_memory_equal(hash, "$y$", 3);
}

static void an_email_is_taken_in_any_case(void **state)
{
	(void)state;
	cleanup(cleanup_user) struct user made = { 0 }, none = { 0 };
	assert_ok(user_create(db, "taken@example.com", "correct horse", NULL, &made));
	assert_error(user_create(db, "TAKEN@example.com", "correct horse", NULL, &none),
		     ERR_CONFLICT, "A user with this email already exists");
	assert_null(none.id);
}

static void wrong_credentials_are_refused_alike(void **state)
{
	(void)state;
	cleanup(cleanup_user) struct user made = { 0 }, none = { 0 };
	assert_ok(user_create(db, "bea@example.com", "correct horse", NULL, &made));
	assert_error(user_sign_in(db, "bea@example.com", "wrong horse", &none), ERR_UNAUTHORIZED,
		     "Invalid email or password");
	assert_error(user_sign_in(db, "nobody@example.com", "correct horse", &none),
		     ERR_UNAUTHORIZED, "Invalid email or password");
	assert_null(none.id);
}

static void who_is_gone_is_not_signed_in(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	assert_error(user_get(db, id_new(id), &json), ERR_UNAUTHORIZED, "Invalid or expired token");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_made_and_signs_in),
		cmocka_unit_test(the_wire_shows_no_password),
		cmocka_unit_test(an_email_is_taken_in_any_case),
		cmocka_unit_test(wrong_credentials_are_refused_alike),
		cmocka_unit_test(who_is_gone_is_not_signed_in),
	};
	return cmocka_run_group_tests(tests, database_start, database_stop);
}
