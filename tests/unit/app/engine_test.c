/*
 * Random workflows, each with a node that fails, held against the rule: a first run on one thread
 * and one on eight, a rerun that fails again, and one after the node was mended. ENGINE_GRAPHS sets
 * how many there are, ENGINE_SEED where they begin; a failure names the seed of its graph.
 */
#include "jobs/engine.h"

#include "jobs/base/mem.h"
#include "jobs/rerun.h"
#include "tests/unit/app/fixture.h"
#include "tests/unit/app/property.h"
#include "tests/unit/app/rule.h"

enum { GRAPHS = 1000, SEED = 1 };

static int node_of(const PGresult *steps, int row)
{
	return (int)strtol(value_of(steps, row, "node_id") + 1, NULL, 10);
}

static int item_of(const PGresult *steps, int row)
{
	return (int)number_of(steps, row, "iteration");
}

/* The row of a step, or -1. */
static int find_step(const PGresult *steps, int node, int item)
{
	for (int row = 0; row < PQntuples(steps); row++)
		if (node_of(steps, row) == node && item_of(steps, row) == item)
			return row;
	return -1;
}

/* How the log shows a step; NULL for one that has no row. */
static const char *expected_status(const struct random_graph *g, const struct fates *f, int node,
				   int item)
{
	static const char *const statuses[] = { [FATE_NONE] = "idle",
						[FATE_SUCCESS] = "success",
						[FATE_ERROR] = "error",
						[FATE_SKIPPED] = "idle",
						[FATE_BLOCKED] = "idle" };
	if (g->nodes[node].loop == NO_NODE)
		return item == NO_ITEM ? statuses[f->of[node][item]] : NULL;
	return item != NO_ITEM && has_run(f, node, item) ? statuses[f->of[node][item]] : NULL;
}

/* Every step ended as the rule says. A body's node may have a row for none of the items: unused. */
static void check_statuses(const struct random_graph *g, const struct fates *f,
			   const PGresult *steps)
{
	for (int node = 0; node < g->count; node++)
		for (int item = NO_ITEM; item <= LOOP_ITEMS; item++) {
			const char *wanted = expected_status(g, f, node, item);
			int row = find_step(steps, node, item);
			bool unused = item == NO_ITEM && g->nodes[node].loop != NO_NODE;
			const char *is = row < 0 ? NULL : value_of(steps, row, "status");
			if (unused && is)
				wanted = "idle";
			check(wanted ? is && !strcmp(is, wanted) : !is, "step n%d#%d is %s, not %s",
			      node, item, is ? is : "(none)", wanted ? wanted : "(none)");
		}
}

static void check_before(const PGresult *steps, int first, int then)
{
	check(number_of(steps, first, "position") < number_of(steps, then, "position"),
	      "the log has step %s before step %s", value_of(steps, then, "node_id"),
	      value_of(steps, first, "node_id"));
	bool both_ran = *value_of(steps, first, "ended") && *value_of(steps, then, "began");
	bool reused = *value_of(steps, then, "reused_from");
	check(!both_ran || reused ||
		      number_of(steps, first, "ended") <= number_of(steps, then, "began"),
	      "step %s began before step %s had ended", value_of(steps, then, "node_id"),
	      value_of(steps, first, "node_id"));
}

/* A step comes after what feeds it; one for an item after what feeds it for the same. */
static void check_order(const struct random_graph *g, const PGresult *steps)
{
	for (int row = 0; row < PQntuples(steps); row++) {
		const struct random_node *node = &g->nodes[node_of(steps, row)];
		for (int e = 0; e < node->edge_count; e++) {
			int source = node->edges[e].source;
			if (source == node->loop)
				continue; /* which goes on while its body runs */
			bool inside = node->loop != NO_NODE && g->nodes[source].loop == node->loop;
			int before =
				find_step(steps, source, inside ? item_of(steps, row) : NO_ITEM);
			if (before >= 0)
				check_before(steps, before, row);
		}
	}
}

static void check_same(const PGresult *a, int row_a, const PGresult *b, int row_b,
		       const char *column)
{
	check(!strcmp(value_of(a, row_a, column), value_of(b, row_b, column)),
	      "%s of step %s: %s, then %s", column, value_of(a, row_a, "node_id"),
	      value_of(a, row_a, column), value_of(b, row_b, column));
}

/* All steps of a run are in another, and say the same there, but for their times. */
static void check_same_steps(const PGresult *a, const PGresult *b)
{
	static const char *const columns[] = { "position", "status", "attempts",
					       "input",    "output", "error" };
	for (int row = 0; row < PQntuples(a); row++) {
		int other = find_step(b, node_of(a, row), item_of(a, row));
		bool unused = !strcmp(value_of(a, row, "status"), "idle");
		check(other >= 0 || unused, "step %s is missing", value_of(a, row, "node_id"));
		for (size_t i = 0; i < COUNT(columns) && other >= 0; i++)
			check_same(a, row, b, other, columns[i]);
	}
}

/* Steps that the rule keeps are those of the first run, to the byte; no other is. */
static void check_kept(const struct random_graph *g, const struct fates *before, int changed,
		       const char *first_id, const PGresult *first, const PGresult *again)
{
	const struct reached reached = reached_from(g, changed);
	for (int row = 0; row < PQntuples(again); row++) {
		int node = node_of(again, row), item = item_of(again, row);
		int prior = find_step(first, node, item);
		bool in_body = g->nodes[node].loop != NO_NODE;
		bool kept =
			in_body == (item != NO_ITEM) && is_kept(g, before, &reached, node, item);
		check(!strcmp(value_of(again, row, "reused_from"), kept ? first_id : ""),
		      "step n%d#%d is %s", node, item, kept ? "not reused" : "reused");
		if (!kept)
			continue;
		check_same(first, prior, again, row, "output");
		check_same(first, prior, again, row, "input");
		check_same(first, prior, again, row, "started_at");
	}
}

static void new_run(const struct random_graph *g, int parallelism, bool fails,
		    char id[static ID_SIZE])
{
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	print_graph(g, &nodes, &edges);
	launched(nodes, edges, id);
	enum engine_result result = run_to_end(id, parallelism);
	check(result == (fails ? ENGINE_FAILED : ENGINE_COMPLETED), "the run ended as %d", result);
}

static void plan_rerun(const struct random_graph *then, const struct random_graph *now,
		       const char *prior, struct execution_plan *plan, struct rerun_plan *ret)
{
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	struct graph old = { 0 }, new = { 0 };
	struct rows *succeeded = NULL;
	print_graph(then, &nodes, &edges);
	assert_ok(graph_read(nodes, edges, &old));
	assert_ok(graph_read(plan->nodes, plan->edges, &new));
	assert_ok(execution_successes(db, user, prior, &succeeded));
	const struct rerun_options options = { 0 };
	assert_ok(rerun_plan(&old, &new, succeeded, &options, ret));
	cleanup(cleanup_free) char *changes =
		then->failing == now->failing
			? mem_strdup("[]")
			: mem_printf("[{\"nodeId\":\"n%d\",\"change\":\"changed\"}]",
				     then->failing);
	check(!strcmp(ret->changes, changes), "changes: %s, not %s", ret->changes, changes);
	plan->keep = ret->keep;
	plan->rerun_of = prior;
	rows_free(succeeded);
	graph_clear(&old);
	graph_clear(&new);
}

/* Runs what `prior` left on the graph `now`. */
static enum engine_result rerun(const struct random_graph *then, const struct random_graph *now,
				int parallelism, const char *prior, char id[static ID_SIZE])
{
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	cleanup(execution_created_clear) struct execution_created created = { 0 };
	print_graph(now, &nodes, &edges);
	struct rerun_plan planned = { 0 };
	struct execution_plan plan = {
		.workflow_id = workflow, .user_id = user, .nodes = nodes, .edges = edges
	};
	plan_rerun(then, now, prior, &plan, &planned);
	assert_ok(launch(db, &plan, &created));
	memcpy(id, created.ticket.id, ID_SIZE);
	rerun_plan_clear(&planned);
	return run_to_end(id, parallelism);
}

static bool has_loop(const struct random_graph *g)
{
	for (int i = 0; i < g->count; i++)
		if (g->nodes[i].kind == KIND_LOOP)
			return true;
	return false;
}

/* A run in pieces comes to what one at once does. */
static void check_same_as_at_once(const struct random_graph *g, const PGresult *in_pieces)
{
	char id[ID_SIZE];
	new_run(g, 4, false, id);
	cleanup(cleanup_result) PGresult *at_once = steps_of(id);
	check_same_steps(at_once, in_pieces);
}

static void check_reruns(const struct random_graph *g, const struct fates *f, const char *first_id,
			 const PGresult *first)
{
	char second_id[ID_SIZE], third_id[ID_SIZE];
	check(rerun(g, g, 2, first_id, second_id) == ENGINE_FAILED, "a rerun did not fail again");
	cleanup(cleanup_result) PGresult *second = steps_of(second_id);
	check_statuses(g, f, second);
	check_kept(g, f, NO_NODE, first_id, first, second);

	struct random_graph mended = *g;
	mended.failing = NO_NODE;
	const struct fates whole = fates_of(&mended);
	check(rerun(g, &mended, 8, second_id, third_id) == ENGINE_COMPLETED,
	      "a mended graph failed");
	cleanup(cleanup_result) PGresult *third = steps_of(third_id);
	check_statuses(&mended, &whole, third);
	check_order(&mended, third);
	check_kept(&mended, f, g->failing, first_id, first, third);
	if (has_loop(g))
		check_same_as_at_once(&mended, third);
}

static void check_graph(const struct random_graph *g)
{
	char id[ID_SIZE], other_id[ID_SIZE];
	const struct fates f = fates_of(g);
	bool fails = run_fails(g, &f);
	new_run(g, 1, fails, id);
	new_run(g, 8, fails, other_id);
	cleanup(cleanup_result) PGresult *alone = steps_of(id), *together = steps_of(other_id);
	check_statuses(g, &f, alone);
	check_order(g, alone);
	check_order(g, together);
	check_same_steps(alone, together);
	check_same_steps(together, alone);
	if (fails)
		check_reruns(g, &f, id, alone);
}

static void a_run_and_its_reruns_are_as_the_rule_says(void **state)
{
	(void)state;
	seed = (uint64_t)setting("ENGINE_SEED", SEED);
	for (long n = setting("ENGINE_GRAPHS", GRAPHS); n > 0; n--, seed++) {
		const struct random_graph g = random_graph(seed);
		check_graph(&g);
		if (n % 50 ==
		    0) /* the log of runs stays short, and so do the plans of PostgreSQL */
			PQclear(ask("DELETE FROM executions"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_and_its_reruns_are_as_the_rule_says),
	};
	return cmocka_run_group_tests(tests, engine_start, engine_stop);
}
