#include "jobs/model/execution.h"

#include "tests/unit/model/fixture.h"

#define STEPS                                                                                      \
	"[{\"nodeId\":\"a\",\"nodeType\":\"manual-trigger\",\"nodeTitle\":\"Start\"},"             \
	"{\"nodeId\":\"b\",\"nodeType\":\"voice.tts\",\"nodeTitle\":\"Speak\"}]"

/* The steps of the plan that the tests run. */
static const struct step_key step_a = { "a", "logger", "A", 1, 0 },
			     step_b = { "b", "logger", "B", 2, 0 };

static char user[ID_SIZE], other[ID_SIZE], workflow[ID_SIZE];

static struct execution_plan plan(void)
{
	return (struct execution_plan){ .workflow_id = workflow,
					.user_id = user,
					.nodes = "[ 1 ]",
					.edges = "[ ]",
					.steps = STEPS,
					.request_id = "request-1" };
}

/* A new execution's id. */
static char *created(const struct execution_plan *p, char id[static ID_SIZE])
{
	struct execution_created c = { 0 };
	assert_ok(execution_create(db, p, &c));
	memcpy(id, c.ticket.id, ID_SIZE);
	execution_created_clear(&c);
	return id;
}

static struct execution_claim claimed(const char *id)
{
	struct execution_claim claim = { 0 };
	enum claim_result result = CLAIM_OVER;
	assert_ok(execution_claim(db, id, "runner-1", &claim, &result));
	assert_int_equal(result, CLAIM_TAKEN);
	return claim;
}

/* A new execution in hand. */
static struct execution_claim started(void)
{
	char id[ID_SIZE];
	const struct execution_plan p = plan();
	return claimed(created(&p, id));
}

static void assert_not_claimed(const char *id, enum claim_result want)
{
	struct execution_claim claim = { 0 };
	enum claim_result result = CLAIM_TAKEN;
	assert_ok(execution_claim(db, id, "runner-2", &claim, &result));
	assert_int_equal(result, want);
	assert_null(claim.nodes);
}

/* As if the claim's time had run out. */
static void expire(const char *id)
{
	free(postgres_server_ask(&server,
				 "UPDATE executions SET claim_expires_at = now() - interval '1 ms' "
				 "WHERE id = '%s'",
				 id));
}

/* All of an execution and its steps, to see whether anything has changed; the caller frees it. */
static char *rows_of(const char *id)
{
	return postgres_server_ask(
		&server,
		"SELECT row_to_json(e)::text || (SELECT json_agg(s ORDER BY position) "
		"FROM execution_steps s WHERE execution_id = e.id) || "
		"(SELECT count(*) FROM outbox WHERE execution_id = e.id) "
		"FROM executions e WHERE id = '%s'",
		id);
}

static struct json_object *got(const char *id)
{
	char *json = NULL;
	assert_ok(execution_get(db, user, workflow, id, &json));
	return parsed(json);
}

static struct json_object *step(struct json_object *execution, size_t i)
{
	return json_object_array_get_idx(js_get(execution, "logs"), i);
}

static void a_new_execution_runs_with_idle_steps(void **state)
{
	(void)state;
	struct execution_created c = { 0 };
	const struct execution_plan p = plan();
	assert_ok(execution_create(db, &p, &c));
	cleanup(cleanup_json) struct json_object *o = parsed(take(c.json));
	assert_member(o, "id", c.ticket.id);
	assert_member(o, "workflowId", workflow);
	assert_member(o, "status", "RUNNING");
	assert_null(js_get(o, "completedAt"));
	assert_int_equal(json_object_array_length(js_get(o, "logs")), 2);
	assert_member(step(o, 0), "nodeId", "a");
	assert_member(step(o, 0), "status", "idle");
	assert_member(step(o, 1), "nodeType", "voice.tts");
	assert_member(step(o, 1), "nodeTitle", "Speak");
	assert_int_equal(json_object_object_length(step(o, 1)), 4);
	cleanup(cleanup_json) struct json_object *again = got(c.ticket.id);
	assert_true(json_object_equal(o, again));
}

static void sql(const char *statement)
{
	free(postgres_server_ask(&server, "%s", statement));
}

static void many_of_a_user_stand_behind_few_of_another(void **state)
{
	(void)state;
	struct execution_created c = { 0 };
	const struct execution_plan p = plan();
	char ids[12][ID_SIZE];
	sql("UPDATE executions SET status = 'COMPLETED', completed_at = now()");
	for (int i = 0; i < 12; i++) {
		assert_ok(execution_create(db, &p, &c));
		assert_int_equal(c.ticket.priority, i < 10 ? 0 : i - 9);
		memcpy(ids[i], c.ticket.id, ID_SIZE);
		execution_created_clear(&c);
	}
	cleanup(cleanup_rows) struct rows *late = NULL;
	sql("UPDATE outbox SET due_at = now() - interval '1 hour'");
	assert_ok(execution_overdue(db, 60, ID_NONE, &late));
	assert_int_equal(rows_count(late), 12);
	const struct execution_ticket last = execution_ticket(late, 11);
	assert_string_equal(last.id, ids[11]);
	assert_string_equal(last.user_id, user);
	assert_int_equal(last.priority, 2);
	cleanup(cleanup_rows) struct rows *behind = NULL;
	assert_ok(execution_overdue(db, 60, ids[8], &behind));
	assert_int_equal(rows_count(behind), 3);
	sql("UPDATE executions SET status = 'COMPLETED', completed_at = now()");
}

static void very_many_stand_in_one_line(void **state)
{
	(void)state;
	struct execution_created c = { 0 };
	const struct execution_plan p = plan();
	for (int i = 0; i < 105; i++) {
		assert_ok(execution_create(db, &p, &c));
		assert_int_equal(c.ticket.priority, i < 10 ? 0 : i < 100 ? i - 9 : 91);
		execution_created_clear(&c);
	}
	sql("UPDATE executions SET status = 'COMPLETED', completed_at = now()");
}

static void it_belongs_to_the_workflows_user(void **state)
{
	(void)state;
	char id[ID_SIZE], *json = NULL;
	struct execution_created foreign = { 0 };
	struct execution_plan p = plan();
	created(&p, id);
	p.user_id = other;
	assert_error(execution_create(db, &p, &foreign), ERR_NOT_FOUND, "Workflow not found");
	assert_error(execution_get(db, other, workflow, id, &json), ERR_NOT_FOUND,
		     "Execution not found");
	assert_error(execution_list(db, other, workflow, &json), ERR_NOT_FOUND,
		     "Workflow not found");
	struct execution_graph graph = { 0 };
	assert_error(execution_graph(db, other, id, &graph), ERR_NOT_FOUND, "Execution not found");
	cleanup(cleanup_rows) struct rows *rows = NULL;
	assert_ok(execution_outputs(db, other, id, &rows));
	assert_int_equal(rows_count(rows), 0);
	cleanup(cleanup_free) char *before = rows_of(id);
	assert_ok(execution_cancel(db, other, workflow, id));
	cleanup(cleanup_free) char *after = rows_of(id);
	assert_string_equal(before, after);
}

static void a_claim_carries_the_snapshot(void **state)
{
	(void)state;
	struct execution_claim c = started();
	assert_string_equal(c.number, "1");
	assert_string_equal(c.workflow_id, workflow);
	assert_string_equal(c.user_id, user);
	assert_string_equal(c.nodes, "[ 1 ]");
	assert_string_equal(c.edges, "[ ]");
	assert_string_equal(c.request_id, "request-1");
	cleanup(cleanup_free) char *left = postgres_server_ask(
		&server, "SELECT count(*) FROM outbox WHERE execution_id = '%s'", c.id);
	assert_string_equal(left, "0");
	execution_claim_clear(&c);
}

static void one_at_a_time_holds_it(void **state)
{
	(void)state;
	struct execution_claim c = started();
	bool cancel = true;
	assert_not_claimed(c.id, CLAIM_BUSY);
	assert_ok(execution_renew(db, &c, &cancel));
	assert_false(cancel);
	assert_not_claimed(c.id, CLAIM_BUSY);
	execution_claim_clear(&c);
}

static void what_has_ended_or_never_was_is_over(void **state)
{
	(void)state;
	struct execution_claim c = started();
	char unknown[ID_SIZE];
	assert_ok(execution_finish(db, &c, "COMPLETED", NULL, NULL, NULL));
	assert_not_claimed(c.id, CLAIM_OVER);
	assert_not_claimed(id_new(unknown), CLAIM_OVER);
	assert_not_claimed("not an id", CLAIM_OVER);
	assert_not_claimed("", CLAIM_OVER);
	execution_claim_clear(&c);
}

static void a_claim_that_ran_out_can_be_taken_over(void **state)
{
	(void)state;
	struct execution_claim first = started();
	expire(first.id);
	struct execution_claim second = claimed(first.id);
	assert_string_equal(second.number, "2");
	assert_false(first.resumes);
	assert_true(second.resumes); /* whatever the first one is still writing */
	execution_claim_clear(&first);
	execution_claim_clear(&second);
}

/* A claim that ran out is still good for writing while nobody has taken it. */
static void a_late_renewal_keeps_the_claim(void **state)
{
	(void)state;
	struct execution_claim c = started();
	bool cancel = false;
	expire(c.id);
	assert_ok(execution_renew(db, &c, &cancel));
	assert_not_claimed(c.id, CLAIM_BUSY);
	execution_claim_clear(&c);
}

/* Every write under a claim, each refused. */
static void assert_writes_refused(const struct execution_claim *c)
{
	bool cancel = false;
	struct step_started started;
	const struct step_end end = { .output = "{}" };
	const char *message = "was stopped, or taken over by another runner";
	cleanup(cleanup_free) char *before = rows_of(c->id);
	assert_error(execution_renew(db, c, &cancel), ERR_CANCELLED, message);
	assert_error(step_start(db, c, &step_b, "{}", &started), ERR_CANCELLED, message);
	assert_error(step_finish(db, c, &step_a, &end), ERR_CANCELLED, message);
	assert_error(execution_finish(db, c, "FAILED", "no", NULL, NULL), ERR_CANCELLED, message);
	assert_ok(execution_give_back(db, c));
	cleanup(cleanup_free) char *after = rows_of(c->id);
	assert_string_equal(before, after);
}

static void a_lost_claim_writes_nothing(void **state)
{
	(void)state;
	struct execution_claim lost = started();
	struct step_started started;
	assert_ok(step_start(db, &lost, &step_a, "{}", &started));
	expire(lost.id);
	struct execution_claim holder = claimed(lost.id);
	assert_writes_refused(&lost);
	assert_ok(step_start(db, &holder, &step_a, "{}", &started));
	assert_ok(execution_finish(db, &holder, "FAILED", "the reason", NULL, NULL));
	assert_writes_refused(&lost);
	assert_writes_refused(&holder);
	execution_claim_clear(&lost);
	execution_claim_clear(&holder);
}

static void given_back_it_waits_again(void **state)
{
	(void)state;
	struct execution_claim c = started();
	struct step_started started;
	const struct step_end end = { .output = "1" };
	assert_ok(step_start(db, &c, &step_a, "{}", &started));
	assert_ok(step_finish(db, &c, &step_a, &end));
	assert_ok(step_start(db, &c, &step_b, "{}", &started));
	assert_ok(execution_give_back(db, &c));
	cleanup(cleanup_json) struct json_object *o = got(c.id);
	assert_member(o, "status", "RUNNING");
	assert_member(step(o, 0), "status", "success");
	assert_member(step(o, 1), "status", "idle");
	assert_null(js_get(step(o, 1), "startedAt"));
	cleanup(cleanup_free) char *waiting = postgres_server_ask(
		&server, "SELECT count(*) FROM outbox WHERE execution_id = '%s'", c.id);
	assert_string_equal(waiting, "1");
	struct execution_claim next = claimed(c.id);
	assert_string_equal(next.number, "2");
	assert_writes_refused(&c);
	execution_claim_clear(&c);
	execution_claim_clear(&next);
}

/* Milliseconds since a step first began, from the start that this makes of it. */
static int64_t elapsed(const struct execution_claim *c)
{
	struct step_started started;
	assert_ok(step_start(db, c, &step_a, "{}", &started));
	return started.elapsed_ms;
}

static void a_step_goes_on_after_a_hand_back_and_anew_after_a_failure(void **state)
{
	(void)state;
	struct execution_claim first = started();
	assert_int_equal(elapsed(&first), 0);
	sql("UPDATE execution_steps SET first_started_at = first_started_at - interval '1 hour'");
	assert_ok(execution_give_back(db, &first));
	struct execution_claim second = claimed(first.id);
	assert_in_range(elapsed(&second), 3600000, 3700000);
	assert_ok(execution_give_back(db, &second));
	struct execution_claim third = claimed(first.id);
	assert_ok(execution_finish(db, &third, "FAILED", "another branch failed", NULL, NULL));
	cleanup(cleanup_rows) struct rows *reopened = NULL;
	assert_ok(execution_reopen(db, first.id, &reopened));
	struct execution_claim fourth = claimed(first.id);
	assert_int_equal(elapsed(&fourth), 0);
	execution_claim_clear(&first);
	execution_claim_clear(&second);
	execution_claim_clear(&third);
	execution_claim_clear(&fourth);
}

static void steps_log_what_happened(void **state)
{
	(void)state;
	struct execution_claim c = started();
	struct step_started started;
	assert_ok(step_start(db, &c, &step_a, "{\"in\": 1.0}", &started));
	assert_false(started.cancel);
	assert_int_equal(started.elapsed_ms, 0);
	cleanup(cleanup_json) struct json_object *running = got(c.id);
	assert_member(step(running, 0), "status", "running");
	assert_non_null(js_string(step(running, 0), "startedAt"));

	const struct step_end good = { .duration_ms = 12,
				       .output = "{\"text\": \"\\u00e4\"}",
				       .cost = "{\"characters\":7}",
				       .notes = "[\"cached\"]" };
	const struct step_end bad = { .failed = true,
				      .duration_ms = 3000000000,
				      .error = "No key",
				      .error_stack = "Error: No key\n    at x" };
	assert_ok(step_finish(db, &c, &step_a, &good));
	assert_ok(step_start(db, &c, &step_b, "{}", &started));
	assert_ok(step_finish(db, &c, &step_b, &bad));
	assert_ok(execution_finish(db, &c, "FAILED", "No key", NULL, NULL));
	cleanup(cleanup_json) struct json_object *o = got(c.id);
	execution_claim_clear(&c);

	struct json_object *first = step(o, 0), *second = step(o, 1);
	assert_member(o, "status", "FAILED");
	assert_member(o, "error", "No key");
	assert_non_null(js_string(o, "completedAt"));
	assert_member(first, "status", "success");
	assert_true(js_number(first, "durationMs", 0) == 12);
	assert_member(js_get(first, "output"), "text", "\xc3\xa4");
	assert_true(js_number(js_get(first, "input"), "in", 0) == 1);
	assert_true(js_number(js_get(first, "cost"), "characters", 0) == 7);
	assert_int_equal(json_object_array_length(js_get(first, "notes")), 1);
	assert_member(second, "status", "error");
	assert_true(js_number(second, "durationMs", 0) == 3000000000);
	assert_member(second, "error", "No key");
	assert_member(second, "errorStack", "Error: No key\n    at x");
	assert_null(js_get(second, "output"));
}

static void an_end_takes_its_last_step_along(void **state)
{
	(void)state;
	static const struct {
		const char *status, *last, *other;
	} cases[] = { { "COMPLETED", "success", "idle" }, { "FAILED", "error", "error" } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct execution_claim c = started();
		struct step_started started;
		const bool failed = i == 1;
		const char *error = failed ? "No key" : NULL;
		const struct step_end end = { .failed = failed,
					      .attempts = 2,
					      .duration_ms = 12,
					      .output = failed ? NULL : "{\"text\": 1}",
					      .error = error };
		assert_ok(step_start(db, &c, &step_a, "{}", &started));
		assert_ok(step_start(db, &c, &step_b, "{}", &started));
		assert_ok(execution_finish(db, &c, cases[i].status, error, &step_b, &end));
		cleanup(cleanup_json) struct json_object *o = got(c.id);
		assert_member(o, "status", cases[i].status);
		assert_member(step(o, 0), "status", cases[i].other);
		assert_member(step(o, 1), "status", cases[i].last);
		assert_true(js_number(step(o, 1), "durationMs", 0) == 12);
		assert_true(js_number(step(o, 1), "attempts", 0) == 2);
		assert_int_equal(js_get(step(o, 1), "output") != NULL, !failed);
		assert_error(execution_finish(db, &c, "CANCELLED", NULL, &step_a, &end),
			     ERR_CANCELLED, "taken over");
		cleanup(cleanup_json) struct json_object *again = got(c.id);
		assert_true(json_object_equal(o, again));
		execution_claim_clear(&c);
	}
}

static void outputs_are_those_of_success(void **state)
{
	(void)state;
	struct execution_claim c = started();
	struct step_started started;
	const struct step_end good = { .output = "{\"b\":1,  \"a\":2}" },
			      bad = { .failed = true, .error = "no" };
	assert_ok(step_start(db, &c, &step_a, "{}", &started));
	assert_ok(step_finish(db, &c, &step_a, &good));
	assert_ok(step_start(db, &c, &step_b, "{}", &started));
	assert_ok(step_finish(db, &c, &step_b, &bad));
	cleanup(cleanup_rows) struct rows *rows = NULL;
	assert_ok(execution_outputs(db, user, c.id, &rows));
	assert_int_equal(rows_count(rows), 1);
	assert_string_equal(rows_get(rows, 0, 0), "a");
	assert_string_equal(rows_get(rows, 0, 1), "0");
	assert_string_equal(rows_get(rows, 0, 2), "{\"b\":1,  \"a\":2}");
	execution_claim_clear(&c);
}

static void a_rerun_keeps_what_succeeded(void **state)
{
	(void)state;
	struct execution_claim c = started();
	struct step_started started;
	const struct step_end good = { .output = "7" }, bad = { .failed = true, .error = "no" };
	assert_ok(step_start(db, &c, &step_a, "{}", &started));
	assert_ok(step_finish(db, &c, &step_a, &good));
	assert_ok(step_start(db, &c, &step_b, "{}", &started));
	assert_ok(step_finish(db, &c, &step_b, &bad));
	assert_ok(execution_finish(db, &c, "FAILED", "no", NULL, NULL));

	char id[ID_SIZE], again[ID_SIZE];
	struct execution_plan p = plan();
	p.rerun_of = c.id;
	p.keep = "[{\"nodeId\":\"a\",\"iterations\":false}]";
	created(&p, id);
	cleanup(cleanup_json) struct json_object *o = got(id);
	assert_member(o, "rerunOf", c.id);
	assert_true(js_number(o, "attempt", 0) == 2);
	assert_member(step(o, 0), "status", "success");
	assert_member(step(o, 0), "reusedFrom", c.id);
	assert_member(step(o, 1), "status", "idle");
	assert_null(js_get(step(o, 1), "error"));

	p.rerun_of = id; /* the one whose step it really was stays named */
	created(&p, again);
	cleanup(cleanup_json) struct json_object *third = got(again);
	assert_member(step(third, 0), "reusedFrom", c.id);
	struct execution_claim rerun = claimed(again);
	assert_true(rerun.resumes);
	execution_claim_clear(&rerun);
	execution_claim_clear(&c);
}

static void cancelling_what_nobody_runs_ends_it(void **state)
{
	(void)state;
	char id[ID_SIZE];
	const struct execution_plan p = plan();
	created(&p, id);
	assert_ok(execution_cancel(db, user, workflow, id));
	cleanup(cleanup_json) struct json_object *o = got(id);
	assert_member(o, "status", "CANCELLED");
	assert_non_null(js_string(o, "completedAt"));
	assert_not_claimed(id, CLAIM_OVER);
}

static void cancelling_what_runs_tells_its_runner(void **state)
{
	(void)state;
	struct execution_claim c = started();
	bool by_renewal = false;
	struct step_started started;
	assert_ok(execution_cancel(db, user, workflow, c.id));
	cleanup(cleanup_json) struct json_object *o = got(c.id);
	assert_member(o, "status", "RUNNING");
	assert_ok(execution_renew(db, &c, &by_renewal));
	assert_ok(step_start(db, &c, &step_a, "{}", &started));
	assert_true(by_renewal);
	assert_true(started.cancel);
	assert_ok(execution_finish(db, &c, "CANCELLED", NULL, NULL, NULL));
	execution_claim_clear(&c);
}

static size_t overdue(int seconds)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	assert_ok(execution_overdue(db, seconds, ID_NONE, &rows));
	return (size_t)rows_count(rows);
}

static int end_all(void **state)
{
	(void)state;
	free(postgres_server_ask(
		&server, "UPDATE executions SET status = 'COMPLETED', completed_at = now()"));
	return 0;
}

static void overdue_is_what_waits_too_long(void **state)
{
	(void)state;
	char id[ID_SIZE], next[ID_SIZE];
	const struct execution_plan p = plan();
	assert_int_equal(overdue(0), 0);
	assert_ok(execution_next(db, next));
	assert_string_equal(next, "");

	created(&p, id);
	assert_int_equal(overdue(3600), 0);
	free(postgres_server_ask(&server,
				 "UPDATE outbox SET due_at = due_at - interval '2 hours' "
				 "WHERE execution_id = '%s'",
				 id));
	assert_int_equal(overdue(3600), 1);
	assert_ok(execution_next(db, next));
	assert_string_equal(next, id);

	struct execution_claim c = claimed(id);
	assert_int_equal(overdue(0), 0);
	assert_ok(execution_next(db, next));
	assert_string_equal(next, "");
	expire(id);
	assert_int_equal(overdue(0), 1);
	assert_int_equal(overdue(3600), 0);
	assert_ok(execution_finish(db, &c, "COMPLETED", NULL, NULL, NULL));
	assert_int_equal(overdue(0), 0);
	execution_claim_clear(&c);
}

static void the_list_is_newest_first_and_has_an_end(void **state)
{
	(void)state;
	char busy[ID_SIZE], id[ID_SIZE], *json = NULL;
	new_workflow(user, busy);
	struct execution_plan p = plan();
	p.workflow_id = busy;
	for (int i = 0; i < 52; i++)
		created(&p, id);
	assert_ok(execution_list(db, user, busy, &json));
	cleanup(cleanup_json) struct json_object *all = parsed(json);
	assert_int_equal(json_object_array_length(all), 50);
	for (size_t i = 1; i < 50; i++)
		assert_true(strcmp(js_string(json_object_array_get_idx(all, i - 1), "startedAt"),
				   js_string(json_object_array_get_idx(all, i), "startedAt")) >= 0);
	assert_member(json_object_array_get_idx(all, 0), "workflowId", busy);
}

static void the_snapshot_comes_back_for_a_rerun(void **state)
{
	(void)state;
	char id[ID_SIZE];
	const struct execution_plan p = plan();
	created(&p, id);
	struct execution_graph graph = { 0 };
	assert_ok(execution_graph(db, user, id, &graph));
	assert_string_equal(graph.status, "RUNNING");
	assert_string_equal(graph.nodes, "[ 1 ]");
	assert_string_equal(graph.edges, "[ ]");
	assert_string_equal(graph.workflow_id, workflow);
	execution_graph_clear(&graph);
}

static int start(void **state)
{
	database_start(state);
	new_user(user);
	new_user(other);
	new_workflow(user, workflow);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_execution_runs_with_idle_steps),
		cmocka_unit_test(many_of_a_user_stand_behind_few_of_another),
		cmocka_unit_test(very_many_stand_in_one_line),
		cmocka_unit_test(it_belongs_to_the_workflows_user),
		cmocka_unit_test(a_claim_carries_the_snapshot),
		cmocka_unit_test(one_at_a_time_holds_it),
		cmocka_unit_test(what_has_ended_or_never_was_is_over),
		cmocka_unit_test(a_claim_that_ran_out_can_be_taken_over),
		cmocka_unit_test(a_late_renewal_keeps_the_claim),
		cmocka_unit_test(a_lost_claim_writes_nothing),
		cmocka_unit_test(given_back_it_waits_again),
		cmocka_unit_test(a_step_goes_on_after_a_hand_back_and_anew_after_a_failure),
		cmocka_unit_test(steps_log_what_happened),
		cmocka_unit_test(an_end_takes_its_last_step_along),
		cmocka_unit_test(outputs_are_those_of_success),
		cmocka_unit_test(a_rerun_keeps_what_succeeded),
		cmocka_unit_test(cancelling_what_nobody_runs_ends_it),
		cmocka_unit_test(cancelling_what_runs_tells_its_runner),
		cmocka_unit_test_setup(overdue_is_what_waits_too_long, end_all),
		cmocka_unit_test(the_list_is_newest_first_and_has_an_end),
		cmocka_unit_test(the_snapshot_comes_back_for_a_rerun),
	};
	return cmocka_run_group_tests(tests, start, database_stop);
}
