/*
 * Random workflows whose runner is killed at a random write of a step: the next one finishes the
 * run without doing again what was done, and what the killed one still writes changes nothing.
 * CRASH_KILLS sets how often, CRASH_SEED where the graphs begin; a failure names the seed of its
 * graph.
 */
#include "tests/unit/app/fixture.h"
#include "tests/unit/app/property.h"
#include "tests/unit/app/rule.h"

#include <poll.h>

enum { KILLS = 500, SEED = 1, PATIENCE_MS = 60000 };

#define CHILD "engine-crash"

static int crash_start(void **state)
{
	engine_start(state);
	/* Each tells another thing: of those that tell the same, a transaction keeps one. */
	PQclear(ask(
		"CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS "
		"$$ BEGIN PERFORM pg_notify('steps', gen_random_uuid()::text); RETURN NULL; END $$;"
		"CREATE TRIGGER tell AFTER INSERT OR UPDATE ON execution_steps "
		"FOR EACH STATEMENT EXECUTE FUNCTION tell()"));
	return 0;
}

/* The process that is to be killed: it runs the execution on connections of its own. */
static _Noreturn void run_in_child(const struct execution_claim *claim, int parallelism)
{
	enum engine_result result;
	services.db = db_shared_new(server.url, CHILD, CONNECTIONS);
	_exit(run_claimed(claim, parallelism, &result) ? 1 : 0);
}

/* Waits until so many writes of steps have been committed. */
static void wait_for_writes(int writes)
{
	struct pollfd socket = { .fd = PQsocket(control), .events = POLLIN };
	while (writes > 0) {
		check(PQconsumeInput(control), "%s", PQerrorMessage(control));
		PGnotify *told = PQnotifies(control);
		if (!told) {
			check(poll(&socket, 1, PATIENCE_MS) == 1, "%d writes are missing", writes);
			continue;
		}
		PQfreemem(told);
		writes--;
	}
}

/* What a killed process has sent is carried out, so that nothing is known before it is over. */
static void wait_for_last_write(void)
{
	for (;;) {
		cleanup(cleanup_result) PGresult *left =
			ask("SELECT pg_stat_clear_snapshot(), count(*) AS n FROM pg_stat_activity "
			    "WHERE application_name = '" CHILD "'");
		if (number_of(left, 0, "n") == 0)
			return;
		usleep(1000);
	}
}

/* Runs the execution in a process that is killed after so many writes of its steps. */
static struct execution_claim killed_run(const char *id, int parallelism, int writes)
{
	int status = 0;
	struct execution_claim claim = claimed(id);
	PQclear(ask("LISTEN steps"));
	pid_t child = fork();
	if (child == 0)
		run_in_child(&claim, parallelism);
	wait_for_writes(writes);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	check(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "the child ended with %d", status);
	wait_for_last_write();
	PQclear(ask("UNLISTEN steps"));
	return claim;
}

static int steps_of_rule(const struct random_graph *g, const struct fates *f)
{
	int steps = 0;
	for (int node = 0; node < g->count; node++)
		for (int item = NO_ITEM; item <= LOOP_ITEMS; item++)
			steps += (g->nodes[node].loop == NO_NODE) == (item == NO_ITEM) &&
				 has_run(f, node, item);
	return steps;
}

/* Everything of an execution that a write could change; the caller frees it. */
static char *everything_of(const char *id)
{
	cleanup(cleanup_result) PGresult *rows =
		ask("SELECT (SELECT e FROM executions e WHERE id = '%s')::text || "
		    "(SELECT string_agg(s::text, ',' ORDER BY node_id, iteration) FROM "
		    "execution_steps s WHERE execution_id = '%s') AS everything",
		    id, id);
	return mem_strdup(value_of(rows, 0, "everything"));
}

/* Writes of the runner that was taken for dead, each refused. */
static void check_fenced(const struct execution_claim *dead, const PGresult *steps, int row)
{
	const char *const message = "taken over by another runner";
	bool cancel = false;
	struct step_started started;
	const struct step_end end = { .output = "\"late\"" };
	const struct step_key key = {
		.node_id = value_of(steps, row, "node_id"),
		.node_type = "logger",
		.node_title = "Late",
		.position = 1,
		.iteration = (int)number_of(steps, row, "iteration"),
	};
	cleanup(cleanup_free) char *before = everything_of(dead->id);
	assert_error(step_start(db, dead, &key, "{}", &started), ERR_CANCELLED, message);
	assert_error(step_finish(db, dead, &key, &end), ERR_CANCELLED, message);
	assert_error(execution_renew(db, dead, &cancel), ERR_CANCELLED, message);
	assert_error(execution_finish(db, dead, "FAILED", "late", NULL, NULL), ERR_CANCELLED,
		     message);
	assert_ok(execution_give_back(db, dead));
	cleanup(cleanup_free) char *after = everything_of(dead->id);
	check(!strcmp(before, after), "a late write changed %s to %s", before, after);
}

/* What had ended stays as it was. */
static void check_continued(const PGresult *left, const PGresult *done)
{
	static const char *const columns[] = { "status", "started_at", "ended", "output", "input" };
	for (int row = 0; row < PQntuples(left); row++) {
		if (strcmp(value_of(left, row, "status"), "success") != 0)
			continue;
		int now = 0;
		while (strcmp(value_of(done, now, "node_id"), value_of(left, row, "node_id")) !=
			       0 ||
		       number_of(done, now, "iteration") != number_of(left, row, "iteration"))
			now++;
		for (size_t i = 0; i < COUNT(columns); i++)
			check(!strcmp(value_of(left, row, columns[i]),
				      value_of(done, now, columns[i])),
			      "%s of step %s was %s and is %s", columns[i],
			      value_of(left, row, "node_id"), value_of(left, row, columns[i]),
			      value_of(done, now, columns[i]));
	}
}

/* All that should have run has, and nothing is left half done. */
static void check_complete(const struct random_graph *g, const struct fates *f,
			   const PGresult *steps)
{
	int succeeded = 0;
	for (int row = 0; row < PQntuples(steps); row++) {
		const char *status = value_of(steps, row, "status");
		succeeded += !strcmp(status, "success");
		check(!strcmp(status, "success") || !strcmp(status, "idle"), "step %s is %s",
		      value_of(steps, row, "node_id"), status);
	}
	check(succeeded == steps_of_rule(g, f), "%d steps succeeded, not %d", succeeded,
	      steps_of_rule(g, f));
}

/* Takes over what is left; true if there was anything. */
static bool take_over(struct random_graph *g, const struct fates *f,
		      const struct execution_claim *dead, int parallelism)
{
	enum engine_result result = ENGINE_CANCELLED;
	PQclear(ask("UPDATE executions SET claim_expires_at = now() - interval '1 ms' "
		    "WHERE id = '%s' AND status = 'RUNNING'",
		    dead->id));
	struct execution_claim claim = { 0 };
	enum claim_result taken;
	assert_ok(execution_claim(db, dead->id, "second", &claim, &taken));
	if (taken != CLAIM_TAKEN)
		return false;
	cleanup(cleanup_result) PGresult *left = steps_of(dead->id);
	check_fenced(dead, left, draw(g, PQntuples(left)));
	assert_ok(run_claimed(&claim, parallelism, &result));
	check(result == ENGINE_COMPLETED, "the second run ended as %d", result);
	execution_claim_clear(&claim);
	cleanup(cleanup_result) PGresult *done = steps_of(dead->id);
	check_continued(left, done);
	check_complete(g, f, done);
	check_fenced(dead, done, draw(g, PQntuples(done)));
	return true;
}

/* True if the run was killed before its end. */
static bool kill_and_take_over(struct random_graph *g)
{
	char id[ID_SIZE];
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	g->failing = NO_NODE;
	const struct fates f = fates_of(g);
	print_graph(g, &nodes, &edges);
	launched(nodes, edges, id);
	int writes = 1 + draw(g, 2 * steps_of_rule(g, &f) - 1); /* the last one ends the run */
	struct execution_claim dead = killed_run(id, 1 + draw(g, 2), writes);
	bool taken = take_over(g, &f, &dead, 1 + draw(g, 4));
	execution_claim_clear(&dead);
	return taken;
}

static void a_killed_run_is_taken_over(void **state)
{
	(void)state;
	long kills = setting("CRASH_KILLS", KILLS);
	seed = (uint64_t)setting("CRASH_SEED", SEED);
	for (long n = 0; n < kills; seed++) {
		struct random_graph g = random_graph(seed);
		n += kill_and_take_over(&g);
		if (seed % 50 == 0)
			PQclear(ask("DELETE FROM executions"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_killed_run_is_taken_over) };
	return cmocka_run_group_tests(tests, crash_start, engine_stop);
}
