#include "jobs/base/buf.h"
#include "sql.h"
#include "tests/unit/model/fixture.h"

/* Tables whose rows are users' own. */
static const char *const user_tables[] = {
	"api_keys",        "voice_profiles", "voice_training_assets",
	"workflows",       "executions",     "execution_steps",
	"segments",        "outbox",         "audit_log",
	"voice_trainings", "access_tokens",  "pronunciations",
	"speech_usage",    "speech_budgets", "speech_reservations",
};

struct exception {
	const char *name, *reason;
};

/* Statements on them that do not compare user_id, and why they need not. */
static const struct exception exceptions[] = {
	{ "api_key_save", "inserts, for the user it is given" },
	{ "voice_profile_create", "inserts, for the user it is given" },
	{ "workflow_create", "inserts, for the user it is given" },
	{ "pronunciation_put", "inserts, for the user it is given" },
	{ "budget_put", "inserts, for the user it is given" },
	{ "access_token_use", "tells whose token it is" },
	{ "execution_claim", "the runner's: it runs everybody's, by the id it was handed" },
	{ "execution_next", "the runner's: it looks for anybody's" },
	{ "execution_status", "the runner's: why it got no claim; and the administrator's" },
	{ "execution_reopen", "the administrator's" },
	{ "execution_withdraw", "the administrator's" },
	{ "execution_renew", "the runner's, under its claim" },
	{ "execution_give_back", "the runner's, under its claim" },
	{ "execution_finish", "the runner's, under its claim" },
	{ "execution_overdue", "the runner's: it looks for anybody's" },
	{ "execution_sweep", "the runners': they delete what is old of anybody's" },
	{ "schedule_due", "the runners': they fire anybody's" },
	{ "hook_get", "public: whoever knows the unguessable id" },
	{ "voice_training_take", "the runner's: it looks for anybody's" },
	{ "step_start", "the runner's, under its claim" },
	{ "step_finish", "the runner's, under its claim" },
	{ "step_progress", "the runner's, under its claim" },
	{ "segment_starts", "the runner's, of its own step" },
};

static bool is_among(const struct exception *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return true;
	return false;
}

static bool touches_user_data(const struct query *query)
{
	for (size_t i = 0; i < COUNT(user_tables); i++)
		if (strstr(query->text, user_tables[i]))
			return true;
	return false;
}

static bool compares_user(const struct query *query)
{
	return strstr(query->text, "user_id = $") != NULL;
}

static void every_statement_fits_the_schema(void **state)
{
	(void)state;
	int faults = 0;
	for (size_t i = 0; i < QUERY_COUNT; i++) {
		cleanup(cleanup_err) struct err *e = db_prepare(db, queries[i]);
		if (!e)
			continue;
		cleanup(cleanup_free) char *stack = err_stack(e);
		print_error("%s\n", stack);
		faults++;
	}
	assert_int_equal(faults, 0);
}

static void the_numbers_are_places_in_the_table(void **state)
{
	(void)state;
	assert_in_range(QUERY_COUNT, 1, DB_MAX_QUERIES);
	assert_int_equal(COUNT(queries), QUERY_COUNT);
	for (size_t i = 0; i < QUERY_COUNT; i++)
		assert_int_equal(queries[i]->index, i);
}

/* The authorisation is in the statement: what is somebody else's is not found. */
static void statements_on_user_data_name_the_user(void **state)
{
	(void)state;
	for (size_t i = 0; i < QUERY_COUNT; i++) {
		const struct query *query = queries[i];
		if (touches_user_data(query) && !compares_user(query) &&
		    !is_among(exceptions, COUNT(exceptions), query->name))
			fail_msg("%s reads or writes users' rows of any user", query->name);
	}
}

static void every_exception_is_needed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(exceptions); i++) {
		bool needed = false;
		for (size_t j = 0; j < QUERY_COUNT; j++)
			needed |= !strcmp(queries[j]->name, exceptions[i].name) &&
				  touches_user_data(queries[j]) && !compares_user(queries[j]);
		if (!needed)
			fail_msg("%s is no exception any more", exceptions[i].name);
	}
}

/* What is marked :read is run again after a lost connection: it must not write. */
static void reads_do_not_write(void **state)
{
	(void)state;
	static const char *const writes[] = { "INSERT ", "UPDATE ", "DELETE ",
					      "CREATE ", "nextval", "pg_advisory" };
	for (size_t i = 0; i < QUERY_COUNT * COUNT(writes); i++) {
		const struct query *query = queries[i / COUNT(writes)];
		if (query->reads && strstr(query->text, writes[i % COUNT(writes)]))
			fail_msg("%s is marked :read", query->name);
	}
}

/* Statements that read a table or an index whole, and why they may. */
static const struct exception whole_table[] = {
	{ "voice_profile_delete", "of segments, by their voice: rare, and few wait for it" },
	{ "execution_next", "of what is unfinished, without a queue" },
	{ "schedule_due", "of workflows, while there are few" },
	{ "execution_sweep", "of executions, while there are few: an hourly duty" },
};

static int count_of(const char *text, const char *part)
{
	int count = 0;
	while ((text = strstr(text, part)) != NULL)
		text += strlen(part), count++;
	return count;
}

/* How the server would find what a statement asks for. */
static char *plan_of(const struct query *query)
{
	cleanup(buf_clear) struct buf nulls = BUF(4096);
	for (int i = 0; i < query->params; i++)
		buf_adds(&nulls, i ? ",NULL" : "(NULL");
	return postgres_server_ask(
		&server,
		"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;"
		" PREPARE statement AS %s; EXPLAIN (FORMAT json) EXECUTE statement %s%s",
		query->text, query->params ? nulls.data : "", query->params ? ")" : "");
}

static bool can_be_explained(const struct query *query)
{
	return strstr(query->text, " WHERE ") || strstr(query->text, "\nWHERE ");
}

/* True where not each scan of the plan is of an index, and asks it for something. */
static bool reads_all(const char *plan)
{
	int scans = count_of(plan, "\"Node Type\": \"Index ") +
		    count_of(plan, "\"Node Type\": \"Bitmap Index Scan\"");
	return scans == 0 || scans != count_of(plan, "\"Index Cond\"") || strstr(plan, "Seq Scan");
}

static void rows_are_found_by_an_index(void **state)
{
	(void)state;
	int faults = 0;
	for (size_t i = 0; i < QUERY_COUNT; i++) {
		const char *name = queries[i]->name;
		if (!can_be_explained(queries[i]))
			continue;
		cleanup(cleanup_free) char *plan = plan_of(queries[i]);
		bool may = is_among(whole_table, COUNT(whole_table), name);
		if (reads_all(plan) == may)
			continue;
		print_error("%s %s: %s\n", name,
			    may ? "is no exception any more" : "reads all of a table", plan);
		faults++;
	}
	assert_int_equal(faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_fits_the_schema),
		cmocka_unit_test(the_numbers_are_places_in_the_table),
		cmocka_unit_test(statements_on_user_data_name_the_user),
		cmocka_unit_test(every_exception_is_needed),
		cmocka_unit_test(reads_do_not_write),
		cmocka_unit_test(rows_are_found_by_an_index),
	};
	return cmocka_run_group_tests(tests, database_start, database_stop);
}
