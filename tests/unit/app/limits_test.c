/* What a run may not exceed, and how it ends where it does. */
#include "jobs/assignment.h"
#include "jobs/base/buf.h"
#include "jobs/nodes/graph.h"
#include "tests/unit/app/fixture.h"

enum { MANY = 10000, PARALLELISM = 4 };

#define MEGABYTE ((size_t)1 << 20)

#define NODE(id, type, config)                                                                     \
	"{\"id\":\"" id "\",\"type\":\"" type "\",\"data\":{\"config\":{" config "}}}"
#define DELAY "\"type\":\"delay\",\"data\":{\"config\":{\"duration\":0.002}}"
#define VARIABLE                                                                                   \
	"\"type\":\"set-variable\",\"data\":{\"config\":{\"variableName\":\"v\",\"value\":1}}"
#define EDGE(from, to) "{\"id\":\"" from to "\",\"source\":\"" from "\",\"target\":\"" to "\"}"

static int restore_limits(void **state)
{
	(void)state;
	conf.workflow_timeout_s = 3600;
	return 0;
}

/* A new execution that has run; its id. */
static enum engine_result run_graph(const char *nodes, const char *edges, char id[static ID_SIZE])
{
	launched(nodes, edges, id);
	return run_to_end(id, PARALLELISM);
}

/* One value of the only step of a node; "" for none. The caller frees it. */
static char *step_value(const char *id, const char *node, const char *column)
{
	cleanup(cleanup_result) PGresult *rows =
		ask("SELECT coalesce((%s)::text, '') AS value FROM execution_steps "
		    "WHERE execution_id = '%s' AND node_id = '%s'",
		    column, id, node);
	return mem_strdup(value_of(rows, 0, "value"));
}

static void assert_step(const char *id, const char *node, const char *status, const char *error)
{
	cleanup(cleanup_free) char *is = step_value(id, node, "status");
	cleanup(cleanup_free) char *said = step_value(id, node, "error");
	assert_string_equal(is, status);
	assert_has(said, error);
}

/* `count` nodes of these settings, in a row or all after the first. The caller frees both texts. */
static void many_nodes(int count, bool chained, const char *settings, char **ret_nodes,
		       char **ret_edges)
{
	struct buf nodes = BUF(4 * MEGABYTE), edges = BUF(4 * MEGABYTE);
	for (int i = 0; i < count; i++)
		buf_addf(&nodes, "%s{\"id\":\"n%d\",%s}", i ? "," : "[", i, settings);
	for (int i = 1; i < count; i++)
		buf_addf(&edges, "%s{\"id\":\"e%d\",\"source\":\"n%d\",\"target\":\"n%d\"}",
			 i > 1 ? "," : "[", i, chained ? i - 1 : 0, i);
	buf_adds(&nodes, "]");
	buf_adds(&edges, "]");
	*ret_nodes = buf_take(&nodes);
	*ret_edges = buf_take(&edges);
}

static void a_huge_graph_is_refused(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	struct execution_created created = { 0 };
	many_nodes(MANY, true, VARIABLE, &nodes, &edges);
	const struct execution_plan plan = {
		.workflow_id = workflow, .user_id = user, .nodes = nodes, .edges = edges
	};
	assert_error(launch(db, &plan, &created), ERR_INVALID, "more than 1000 nodes");
}

static void branches_side_by_side_are_no_more_than_allowed(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	char id[ID_SIZE];
	many_nodes(GRAPH_MAX_NODES, false, DELAY, &nodes, &edges);
	assert_int_equal(run_graph(nodes, edges, id), ENGINE_COMPLETED);
	assert_int_equal(most_at_once(id), PARALLELISM);
}

static void the_longest_chain_runs(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	char id[ID_SIZE];
	many_nodes(GRAPH_MAX_NODES, true, VARIABLE, &nodes, &edges);
	assert_int_equal(run_graph(nodes, edges, id), ENGINE_COMPLETED);
	assert_int_equal(most_at_once(id), 1);
}

static void a_step_has_a_time_limit(void **state)
{
	(void)state;
	char id[ID_SIZE];
	assert_int_equal(
		run_graph("[" NODE("slow", "delay", "\"duration\":60,\"stepTimeout\":1") "," NODE(
				  "after", "logger", "") "," NODE("beside", "logger", "") "]",
			  "[" EDGE("slow", "after") "]", id),
		ENGINE_FAILED);
	assert_step(id, "slow", "error", "within its time limit of 1 seconds");
	assert_step(id, "after", "idle", "");
	assert_step(id, "beside", "success", "");
}

static void a_run_has_a_time_limit(void **state)
{
	(void)state;
	char id[ID_SIZE];
	conf.workflow_timeout_s = 1;
	assert_int_equal(run_graph("[" NODE("slow", "delay", "\"duration\":60") "]", "[]", id),
			 ENGINE_FAILED);
	assert_step(id, "slow", "error", "longer than a run may (WORKFLOW_TIMEOUT_S)");
}

/* The time counts from the first claim, also for who takes it over; waiting for one does not. */
static void time_that_was_used_before_counts(void **state)
{
	(void)state;
	char id[ID_SIZE];
	enum engine_result result = ENGINE_COMPLETED;
	launched("[" NODE("a", "logger", "") "]", "[]", id);
	PQclear(ask("UPDATE executions SET first_claimed_at = now() - interval '2 hours' WHERE id "
		    "= '%s'",
		    id));
	struct execution_claim claim = claimed(id);
	assert_ok(run_claimed(&claim, PARALLELISM, &result));
	execution_claim_clear(&claim);
	assert_int_equal(result, ENGINE_FAILED);
	assert_step(id, "a", "error", "longer than a run may (WORKFLOW_TIMEOUT_S)");
}

/* A variable of so many bytes. The caller frees it. */
static char *large_variable(const char *id, size_t bytes)
{
	struct buf b = BUF(8 * MEGABYTE);
	buf_addf(&b, "{\"id\":\"%s\",\"type\":\"set-variable\",\"data\":{\"config\":", id);
	buf_adds(&b, "{\"variableName\":\"text\",\"value\":\"");
	for (size_t i = 0; i < bytes; i++)
		buf_adds(&b, "x");
	buf_adds(&b, "\"}}}");
	return buf_take(&b);
}

static void a_large_output_is_cut_in_the_log_only(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	cleanup(cleanup_free) char *large = large_variable("large", 300000);
	cleanup(cleanup_free) char *nodes = mem_printf(
		"[%s," NODE("copy", "set-variable",
			    "\"variableName\":\"copy\",\"value\":\"<{{large.text}}>\"") "]",
		large);
	assert_int_equal(run_graph(nodes, "[" EDGE("large", "copy") "]", id), ENGINE_COMPLETED);
	cleanup(cleanup_free) char *length = step_value(id, "copy", "length(output ->> 'copy')");
	assert_string_equal(length, "300002");

	cleanup(cleanup_json) struct json_object *execution = NULL;
	assert_ok(execution_get(db, user, workflow, id, &json));
	assert_ok(js_parse(json, strlen(json), &execution));
	assert_true(strlen(json) < 20000);
	free(json);
	struct json_object *step = json_object_array_get_idx(js_get(execution, "logs"), 0);
	struct json_object *shown = js_get(step, "output");
	assert_true(js_bool(shown, "cut", false));
	assert_has(js_string(shown, "note"), "Too large for the log");
	assert_true(js_number(shown, "bytes", 0) == 300000 + strlen("{\"text\":\"\"}"));
}

/* A megabyte, repeated in a second step. */
static void assert_too_large(int times, const char *error)
{
	char id[ID_SIZE];
	cleanup(cleanup_free) char *large = large_variable("large", MEGABYTE);
	struct buf value = BUF(MEGABYTE);
	for (int i = 0; i < times; i++)
		buf_adds(&value, "{{large.text}}");
	cleanup(cleanup_free) char *filled = buf_take(&value);
	cleanup(cleanup_free) char *nodes = mem_printf(
		"[%s," NODE("huge", "set-variable", "\"variableName\":\"v\",\"value\":\"%s\"") "]",
		large, filled);
	assert_int_equal(run_graph(nodes, "[" EDGE("large", "huge") "]", id), ENGINE_FAILED);
	assert_step(id, "large", "success", "");
	assert_step(id, "huge", "error", error);
	cleanup(cleanup_free) char *stored = step_value(id, "huge", "output");
	assert_string_equal(stored, "");
}

static void an_output_that_is_too_large_fails_its_step(void **state)
{
	(void)state;
	assert_too_large(5, "The step's output has 52428");
	assert_too_large(17, "the text is over 16 MiB");
}

/* As assignment_run does it, for an execution whose runner died so often, while its step ran. */
static enum assignment_end assigned_after(int crashes, char id[static ID_SIZE])
{
	struct step_started started;
	const struct step_key key = { "a", "logger", "a", 1, 0 };
	launched("[" NODE("a", "logger", "") "," NODE("b", "logger", "") "]",
		 "[" EDGE("a", "b") "]", id);
	struct assignment a = { .services = &services, .claim = claimed(id) };
	assert_ok(step_start(db, &a.claim, &key, "{}", &started));
	a.claim.crashes = crashes;
	enum assignment_end end = assignment_run(&a, NULL);
	assignment_clear(&a);
	return end;
}

static void a_run_that_kills_its_runners_is_given_up(void **state)
{
	(void)state;
	char id[ID_SIZE];
	assert_int_equal(assigned_after(2, id), ASSIGNMENT_COMPLETED);
	assert_int_equal(assigned_after(3, id), ASSIGNMENT_FAILED);
	assert_step(id, "a", "error", "This run was left unfinished three times");
	assert_step(id, "b", "idle", "");
	cleanup(cleanup_result) PGresult *row =
		ask("SELECT status, error FROM executions WHERE id = '%s'", id);
	assert_string_equal(value_of(row, 0, "status"), "FAILED");
	assert_has(value_of(row, 0, "error"), "This run was left unfinished three times");
}

/* A claim that was not given back counts as a crash; one that was does not. */
static void crashes_are_counted(void **state)
{
	(void)state;
	char id[ID_SIZE];
	static const int counted[] = { 0, 1, 2, 2 };
	launched("[" NODE("a", "logger", "") "]", "[]", id);
	for (size_t i = 0; i < COUNT(counted); i++) {
		struct execution_claim claim = claimed(id);
		assert_int_equal(claim.crashes, counted[i]);
		if (i == 2)
			assert_ok(execution_give_back(db, &claim));
		else
			PQclear(ask("UPDATE executions SET claim_expires_at = now() - interval "
				    "'1 ms' WHERE id = '%s'",
				    id));
		execution_claim_clear(&claim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_huge_graph_is_refused),
		cmocka_unit_test(branches_side_by_side_are_no_more_than_allowed),
		cmocka_unit_test(the_longest_chain_runs),
		cmocka_unit_test(a_step_has_a_time_limit),
		cmocka_unit_test_teardown(a_run_has_a_time_limit, restore_limits),
		cmocka_unit_test(time_that_was_used_before_counts),
		cmocka_unit_test(a_large_output_is_cut_in_the_log_only),
		cmocka_unit_test(an_output_that_is_too_large_fails_its_step),
		cmocka_unit_test(a_run_that_kills_its_runners_is_given_up),
		cmocka_unit_test(crashes_are_counted),
	};
	return cmocka_run_group_tests(tests, engine_start, engine_stop);
}
