#include "jobs/model/workflow.h"

#include "jobs/base/buf.h"
#include "tests/unit/model/fixture.h"

static char user[ID_SIZE], other[ID_SIZE];

static struct json_object *changed(const char *id, const struct workflow_change *change)
{
	cleanup(cleanup_free) char *version = NULL;
	char *json = NULL;
	assert_ok(workflow_update(db, user, id, change, &json, &version));
	return parsed(json);
}

static void a_new_workflow_is_an_empty_draft(void **state)
{
	(void)state;
	char *json = NULL;
	assert_ok(workflow_create(db, user, "Intro", "For \"us\"", &json));
	cleanup(cleanup_json) struct json_object *o = parsed(json);
	assert_member(o, "name", "Intro");
	assert_member(o, "description", "For \"us\"");
	assert_member(o, "status", "DRAFT");
	assert_member(o, "userId", user);
	assert_int_equal(json_object_array_length(js_get(o, "nodes")), 0);
	assert_int_equal(json_object_array_length(js_get(o, "edges")), 0);
	assert_true(json_object_object_get_ex(o, "lastRunLog", NULL));
	assert_null(js_get(o, "lastRunLog"));
	assert_null(js_get(o, "lastCompletedRunLog"));
}

/* Spaces, order of keys, numbers and escapes: what the editor wrote comes back to the byte. */
static void the_graph_is_kept_as_it_was_written(void **state)
{
	(void)state;
	static const char nodes[] =
		"[ {\"id\": \"b\", \"a\":1.0, \"a\":1.50e+2,\n\t\"big\":12345678901234567890123,"
		" \"esc\":\"\\u00e4\\/\"} ]",
			  edges[] = "[ ]";
	char id[ID_SIZE];
	new_workflow(user, id);
	cleanup(cleanup_free) char *body =
		mem_printf("{\"edges\":%s,  \"nodes\":%s}", edges, nodes);
	json_object_put(changed(id, &(struct workflow_change){ .body = body }));
	cleanup(cleanup_free) char *got_nodes = NULL, *got_edges = NULL, *json = NULL;
	assert_ok(workflow_graph(db, user, id, &got_nodes, &got_edges));
	assert_string_equal(got_nodes, nodes);
	assert_string_equal(got_edges, edges);
	assert_ok(workflow_get(db, user, id, &json));
	assert_has(json, nodes);
}

static void an_update_leaves_what_it_does_not_name(void **state)
{
	(void)state;
	char id[ID_SIZE];
	new_workflow(user, id);
	json_object_put(
		changed(id, &(struct workflow_change){ .name = "Second",
						       .has_description = true,
						       .description = "Text",
						       .body = "{\"nodes\":[1],\"edges\":[2]}" }));
	cleanup(cleanup_json) struct json_object *activated =
		changed(id, &(struct workflow_change){ .status = "ACTIVE", .body = "{}" });
	assert_member(activated, "name", "Second");
	assert_member(activated, "description", "Text");
	assert_member(activated, "status", "ACTIVE");
	assert_int_equal(json_object_array_length(js_get(activated, "nodes")), 1);
	assert_int_equal(json_object_array_length(js_get(activated, "edges")), 1);
	cleanup(cleanup_json) struct json_object *cleared =
		changed(id, &(struct workflow_change){ .has_description = true, .body = "{}" });
	assert_null(js_get(cleared, "description"));
}

static void a_change_of_another_version_is_refused(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	new_workflow(user, id);
	cleanup(cleanup_free) char *first = NULL, *second = NULL, *none = NULL;
	assert_ok(workflow_get_version(db, user, id, &json, &first));
	free(json);
	struct workflow_change change = { .name = "Second", .body = "{}", .versions = first };
	assert_ok(workflow_update(db, user, id, &change, &json, &second));
	free(json);
	assert_string_not_equal(first, second);
	assert_error(workflow_update(db, user, id, &change, &json, &none), ERR_OUTDATED,
		     "This workflow was changed elsewhere");
	cleanup(cleanup_free) char *either = mem_printf("%s,%s", first, second);
	change.versions = either;
	assert_ok(workflow_update(db, user, id, &change, &json, &none));
	free(json);
	change.versions = "";
	assert_error(workflow_update(db, user, id, &change, &json, &none), ERR_OUTDATED, "");
	assert_error(workflow_update(db, other, id, &change, &json, &none), ERR_NOT_FOUND, "");
}

/* Also while the clock stands still, or goes back. */
static void no_two_versions_are_the_same(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	new_workflow(user, id);
	free(postgres_server_ask(&server,
				 "UPDATE workflows SET updated_at = now() + interval '1 day' "
				 "WHERE id = '%s'",
				 id));
	const struct workflow_change change = { .body = "{}" };
	cleanup(cleanup_free) char *first = NULL, *second = NULL;
	assert_ok(workflow_update(db, user, id, &change, &json, &first));
	free(json);
	assert_ok(workflow_update(db, user, id, &change, &json, &second));
	free(json);
	assert_int_equal(strtoll(second, NULL, 10), strtoll(first, NULL, 10) + 1);
}

static void a_copy_is_a_draft_of_its_own(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	new_workflow(user, id);
	json_object_put(changed(id, &(struct workflow_change){ .name = "Intro",
							       .status = "ACTIVE",
							       .body = "{\"nodes\":[ 7 ]}" }));
	assert_ok(workflow_duplicate(db, user, id, &json));
	cleanup(cleanup_json) struct json_object *copy = parsed(json);
	assert_member(copy, "name", "Intro (Copy)");
	assert_member(copy, "status", "DRAFT");
	assert_string_not_equal(js_string(copy, "id"), id);
	cleanup(cleanup_free) char *nodes = NULL, *edges = NULL;
	assert_ok(workflow_graph(db, user, js_string(copy, "id"), &nodes, &edges));
	assert_string_equal(nodes, "[ 7 ]");
}

static void a_copys_name_stays_within_the_limit(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	cleanup(buf_clear) struct buf name = BUF(1000);
	for (int i = 0; i < 200; i++)
		buf_adds(&name, "\xc3\xa4");
	new_workflow(user, id);
	json_object_put(changed(id, &(struct workflow_change){ .name = name.data, .body = "{}" }));
	assert_ok(workflow_duplicate(db, user, id, &json));
	cleanup(cleanup_json) struct json_object *copy = parsed(json);
	const char *got = js_string(copy, "name");
	assert_int_equal(strlen(got), (size_t)2 * 193 + strlen(" (Copy)"));
	assert_has(got, "\xc3\xa4 (Copy)");
}

static void the_last_changed_is_listed_first(void **state)
{
	(void)state;
	char owner[ID_SIZE], a[ID_SIZE], b[ID_SIZE], *json = NULL;
	new_user(owner);
	new_workflow(owner, a);
	new_workflow(owner, b);
	free(postgres_server_ask(&server,
				 "UPDATE workflows SET updated_at = now() + interval '1 hour' "
				 "WHERE id = '%s'",
				 a));
	assert_ok(workflow_list(db, owner, &json));
	cleanup(cleanup_json) struct json_object *all = parsed(json);
	assert_int_equal(json_object_array_length(all), 2);
	assert_member(json_object_array_get_idx(all, 0), "id", a);
	assert_member(json_object_array_get_idx(all, 1), "id", b);
}

static void somebody_elses_is_not_found(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL, *nodes = NULL, *edges = NULL;
	const struct workflow_change change = { .name = "Mine now", .body = "{}" };
	const char *message = "Workflow not found";
	new_workflow(user, id);
	assert_error(workflow_get(db, other, id, &json), ERR_NOT_FOUND, message);
	assert_error(workflow_update(db, other, id, &change, &json, &json), ERR_NOT_FOUND, message);
	assert_error(workflow_delete(db, other, id), ERR_NOT_FOUND, message);
	assert_error(workflow_duplicate(db, other, id, &json), ERR_NOT_FOUND, message);
	assert_error(workflow_graph(db, other, id, &nodes, &edges), ERR_NOT_FOUND, message);
	assert_ok(workflow_list(db, other, &json));
	assert_string_equal(json, "[]");
	free(json);
	assert_ok(workflow_delete(db, user, id));
	assert_error(workflow_delete(db, user, id), ERR_NOT_FOUND, message);
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
		cmocka_unit_test(a_new_workflow_is_an_empty_draft),
		cmocka_unit_test(the_graph_is_kept_as_it_was_written),
		cmocka_unit_test(an_update_leaves_what_it_does_not_name),
		cmocka_unit_test(a_change_of_another_version_is_refused),
		cmocka_unit_test(no_two_versions_are_the_same),
		cmocka_unit_test(a_copy_is_a_draft_of_its_own),
		cmocka_unit_test(a_copys_name_stays_within_the_limit),
		cmocka_unit_test(the_last_changed_is_listed_first),
		cmocka_unit_test(somebody_elses_is_not_found),
	};
	return cmocka_run_group_tests(tests, start, database_stop);
}
