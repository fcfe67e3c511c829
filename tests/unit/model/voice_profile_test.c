#include "jobs/model/voice_profile.h"

#include "tests/unit/model/fixture.h"

static char user[ID_SIZE], other[ID_SIZE];

static struct json_object *created(const struct voice_profile_fields *fields,
				   char id[static ID_SIZE])
{
	char *json = NULL;
	assert_ok(voice_profile_create(db, user, fields, &json));
	struct json_object *o = parsed(json);
	memcpy(id, js_string(o, "id"), ID_SIZE);
	return o;
}

static char *new_profile(char id[static ID_SIZE])
{
	json_object_put(created(
		&(struct voice_profile_fields){ "My voice", "elevenlabs", "v-1", "en" }, id));
	return id;
}

static struct json_object *updated(const char *id, const struct voice_profile_fields *fields)
{
	char *json = NULL;
	assert_ok(voice_profile_update(db, user, id, fields, &json));
	return parsed(json);
}

static struct json_object *got(const char *id)
{
	char *json = NULL;
	assert_ok(voice_profile_get(db, user, id, &json));
	return parsed(json);
}

static void a_new_profile_is_pending(void **state)
{
	(void)state;
	char id[ID_SIZE];
	cleanup(cleanup_json) struct json_object *o =
		created(&(struct voice_profile_fields){ "Gr\xc3\xbc\xc3\x9f \"x\"", "azure",
							"de-DE-X", "de" },
			id);
	assert_member(o, "userId", user);
	assert_member(o, "provider", "azure");
	assert_member(o, "providerVoiceId", "de-DE-X");
	assert_member(o, "name", "Gr\xc3\xbc\xc3\x9f \"x\"");
	assert_member(o, "language", "de");
	assert_member(o, "trainingStatus", "pending");
	cleanup(cleanup_json) struct json_object *again = got(id);
	assert_member(again, "name", "Gr\xc3\xbc\xc3\x9f \"x\"");
	assert_int_equal(json_object_array_length(js_get(again, "assets")), 0);
}

static void an_update_leaves_what_it_does_not_name(void **state)
{
	(void)state;
	char id[ID_SIZE];
	new_profile(id);
	cleanup(cleanup_json) struct json_object *o =
		updated(id, &(struct voice_profile_fields){ .name = "Renamed" });
	assert_member(o, "name", "Renamed");
	assert_member(o, "language", "en");
	assert_member(o, "providerVoiceId", "v-1");
}

static void only_another_voice_asks_for_training(void **state)
{
	(void)state;
	char id[ID_SIZE];
	new_profile(id);
	assert_ok(voice_profile_set_training(db, user, id,
					     &(struct voice_training_end){ .status = "ready" }));
	cleanup(cleanup_json) struct json_object *renamed =
		updated(id, &(struct voice_profile_fields){ .name = "Renamed", .voice = "v-1" });
	assert_member(renamed, "trainingStatus", "ready");
	cleanup(cleanup_json) struct json_object *changed =
		updated(id, &(struct voice_profile_fields){ .voice = "v-2" });
	assert_member(changed, "trainingStatus", "pending");
	assert_member(changed, "providerVoiceId", "v-2");
}

static void training_sets_the_voice(void **state)
{
	(void)state;
	char id[ID_SIZE];
	new_profile(id);
	assert_ok(voice_profile_set_training(
		db, user, id, &(struct voice_training_end){ "ready", "cloned", NULL, "cloned" }));
	struct voice_profile p = { 0 };
	assert_ok(voice_profile_load(db, user, id, &p));
	assert_string_equal(p.provider, "elevenlabs");
	assert_string_equal(p.voice, "cloned");
	assert_string_equal(p.training_status, "ready");
	assert_string_equal(p.resource, "cloned");
	voice_profile_clear(&p);
	assert_error(voice_profile_set_training(db, user, id,
						&(struct voice_training_end){ .status = "cooked" }),
		     ERR_INVALID, "not allowed");
}

static void somebody_elses_is_not_found(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	struct voice_profile p = { 0 };
	struct rows *rows = NULL;
	const struct voice_profile_fields fields = { .name = "Mine now" };
	new_profile(id);
	const char *message = "Voice profile not found";
	assert_error(voice_profile_get(db, other, id, &json), ERR_NOT_FOUND, message);
	assert_error(voice_profile_load(db, other, id, &p), ERR_NOT_FOUND, message);
	assert_error(voice_profile_update(db, other, id, &fields, &json), ERR_NOT_FOUND, message);
	assert_error(voice_profile_delete(db, other, id, &rows), ERR_NOT_FOUND, message);
	assert_error(voice_profile_set_training(db, other, id,
						&(struct voice_training_end){ .status = "ready" }),
		     ERR_NOT_FOUND, message);
	assert_error(voice_asset_create(db, other, id,
					&(struct voice_asset){ "k", "u", 1, "sample", NULL },
					&json),
		     ERR_NOT_FOUND, message);
	assert_ok(voice_asset_list(db, other, id, &rows));
	assert_int_equal(rows_count(rows), 0);
	rows_free(rows);
	assert_ok(voice_profile_list(db, other, &json));
	assert_string_equal(json, "[]");
	free(json);
	cleanup(cleanup_json) struct json_object *mine = got(id);
	assert_member(mine, "name", "My voice");
}

static struct json_object *new_asset(const char *profile_id, const char *key)
{
	char *json = NULL;
	const struct voice_asset asset = { key, "s3://b/k", 2.5, "sample", NULL };
	assert_ok(voice_asset_create(db, user, profile_id, &asset, &json));
	return parsed(json);
}

static void samples_come_in_their_order_and_go(void **state)
{
	(void)state;
	char id[ID_SIZE];
	new_profile(id);
	cleanup(cleanup_json) struct json_object *first = new_asset(id, "key-1");
	json_object_put(new_asset(id, "key-2"));
	assert_member(first, "voiceProfileId", id);
	assert_member(first, "fileUrl", "s3://b/k");
	assert_true(js_number(first, "durationSec", 0) == 2.5);
	cleanup(cleanup_rows) struct rows *rows = NULL;
	assert_ok(voice_asset_list(db, user, id, &rows));
	assert_int_equal(rows_count(rows), 2);
	assert_string_equal(rows_get(rows, 0, 1), "key-1");
	assert_string_equal(rows_get(rows, 1, 1), "key-2");

	const char *gone = js_string(first, "id");
	cleanup(cleanup_free) char *key = NULL, *none = NULL;
	assert_error(voice_asset_delete(db, other, id, gone, &none), ERR_NOT_FOUND,
		     "Asset not found");
	assert_ok(voice_asset_delete(db, user, id, gone, &key));
	assert_string_equal(key, "key-1");
	assert_error(voice_asset_delete(db, user, id, gone, &none), ERR_NOT_FOUND,
		     "Asset not found");
	cleanup(cleanup_json) struct json_object *o = got(id);
	assert_int_equal(json_object_array_length(js_get(o, "assets")), 1);
}

static void a_list_counts_the_samples(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	new_profile(id);
	json_object_put(new_asset(id, "key-1"));
	assert_ok(voice_profile_list(db, user, &json));
	cleanup(cleanup_json) struct json_object *all = parsed(json);
	struct json_object *newest = json_object_array_get_idx(all, 0);
	assert_member(newest, "id", id);
	assert_true(js_number(newest, "assetCount", 0) == 1);
	assert_int_equal(json_object_array_length(js_get(newest, "assets")), 1);
}

static void a_deleted_profile_takes_its_samples_along(void **state)
{
	(void)state;
	char id[ID_SIZE];
	new_profile(id);
	json_object_put(new_asset(id, "key-1"));
	cleanup(cleanup_rows) struct rows *files = NULL;
	assert_ok(voice_profile_delete(db, user, id, &files));
	assert_int_equal(rows_count(files), 1);
	assert_string_equal(rows_get(files, 0, 0), "key-1");
	cleanup(cleanup_free) char *left = postgres_server_ask(
		&server, "SELECT count(*) FROM voice_training_assets WHERE voice_profile_id = '%s'",
		id);
	assert_string_equal(left, "0");
}

/* Only what its own steps wrote below the user's own folder; a ledger's entry only with its voice.
 */
static void a_deleted_profile_names_what_was_spoken_in_it(void **state)
{
	(void)state;
	char id[ID_SIZE], workflow[ID_SIZE], execution[ID_SIZE], segment[ID_SIZE], shared[ID_SIZE];
	json_object_put(
		created(&(struct voice_profile_fields){ "Mine", "elevenlabs", "v-own", "en" }, id));
	json_object_put(created(
		&(struct voice_profile_fields){ "Twin", "elevenlabs", "v-shared", "en" }, shared));
	new_workflow(user, workflow);
	id_new(execution);
	free(postgres_server_ask(&server,
				 "INSERT INTO executions (id, workflow_id, user_id, nodes, edges) "
				 "VALUES ('%s', '%s', '%s', '[]', '[]')",
				 execution, workflow, user));
	static const char *const types[] = { "voice.tts", "voice.tts", "set-variable" };
	const char *const folders[] = { user, other, user };
	for (int i = 0; i < 3; i++)
		free(postgres_server_ask(
			&server,
			"INSERT INTO execution_steps (execution_id, position, node_id, node_type, "
			"node_title, output) VALUES ('%s', %d, 'n%d', '%s', 't', "
			"'{\"voiceProfileId\":\"%s\",\"audioKey\":\"voice-output/%s/%d.mp3\"}')",
			execution, i, i, types[i], id, folders[i], i));
	free(postgres_server_ask(
		&server,
		"INSERT INTO segments (id, user_id, content_hash, provider, voice, format, "
		"characters, status, audio_key) VALUES ('%s', '%s', 'a', 'elevenlabs', 'v-own', "
		"'mp3', 1, 'stored', 'a-segment')",
		id_new(segment), user));
	cleanup(cleanup_rows) struct rows *files = NULL;
	assert_ok(voice_profile_delete(db, user, id, &files));
	assert_int_equal(rows_count(files), 2);
	assert_string_equal(rows_get(files, 0, 0), "a-segment");
	assert_has(rows_get(files, 1, 0), "/0.mp3");
	assert_has(rows_get(files, 1, 0), user);
}

static void who_attests_what_is_written_down(void **state)
{
	(void)state;
	char id[ID_SIZE];
	new_profile(id);
	assert_ok(voice_profile_attest(db, user, id, &(struct attestation){ .by = "Ada" }));
	assert_ok(voice_profile_attest(db, user, id, &(struct attestation){ .by_terms = true }));
	cleanup(cleanup_free) char *log =
		postgres_server_ask(&server,
				    "SELECT string_agg(subject, '; ' ORDER BY id) FROM audit_log "
				    "WHERE action = 'voice_profile.consent' AND user_id = '%s'",
				    user);
	assert_has(log, ": Ada attests that the speaker agrees");
	assert_has(log, "@x.y (by the terms of use) attests");
	assert_error(voice_profile_attest(db, other, id, &(struct attestation){ 0 }), ERR_NOT_FOUND,
		     "not found");
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
		cmocka_unit_test(a_new_profile_is_pending),
		cmocka_unit_test(an_update_leaves_what_it_does_not_name),
		cmocka_unit_test(only_another_voice_asks_for_training),
		cmocka_unit_test(training_sets_the_voice),
		cmocka_unit_test(somebody_elses_is_not_found),
		cmocka_unit_test(samples_come_in_their_order_and_go),
		cmocka_unit_test(a_list_counts_the_samples),
		cmocka_unit_test(a_deleted_profile_takes_its_samples_along),
		cmocka_unit_test(a_deleted_profile_names_what_was_spoken_in_it),
		cmocka_unit_test(who_attests_what_is_written_down),
	};
	return cmocka_run_group_tests(tests, start, database_stop);
}
