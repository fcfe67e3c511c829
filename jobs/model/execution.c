#include "jobs/model/execution.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char what[] = "Execution";

static struct execution_ticket ticket(const char *id, const char *workflow_id, const char *user_id,
				      const char *priority)
{
	struct execution_ticket t = { .priority = (int)strtol(priority, NULL, 10) };
	snprintf(t.id, sizeof(t.id), "%s", id);
	snprintf(t.workflow_id, sizeof(t.workflow_id), "%s", workflow_id);
	snprintf(t.user_id, sizeof(t.user_id), "%s", user_id);
	return t;
}

struct execution_ticket execution_ticket(const struct rows *rows, int row)
{
	return ticket(rows_get(rows, row, 0), rows_get(rows, row, 1), rows_get(rows, row, 2),
		      rows_get(rows, row, 3));
}

static struct err *create(struct db *db, const struct execution_plan *p,
			  struct execution_created *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	char id[ID_SIZE];
	TRY(db_query(db, &Q_EXECUTION_CREATE,
		     PARAMS(id_new(id), p->workflow_id, p->user_id, p->nodes, p->edges, p->steps,
			    p->request_id, p->rerun_of, p->trigger),
		     &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "Workflow not found");
	*ret = (struct execution_created){
		.ticket = ticket(id, p->workflow_id, p->user_id, rows_get(rows, 0, 1)),
		.json = mem_strdup(rows_get(rows, 0, 0)),
	};
	return NULL;
}

struct creation {
	const struct execution_plan *plan;
	struct execution_created *ret;
};

/* Creates a rerun. Its JSON is read once more, with the steps that are kept in it. */
static struct err *create_rerun(struct db *db, void *arg)
{
	const struct creation *c = arg;
	const struct execution_plan *p = c->plan;
	cleanup(execution_created_clear) struct execution_created created = { 0 };
	TRY(create(db, p, &created));
	const char *id = created.ticket.id;
	cleanup(cleanup_free) char *ignored = NULL;
	TRY(db_text(db, &Q_EXECUTION_KEEP, PARAMS(id, p->user_id, p->keep), &ignored));
	TRY(execution_get(db, p->user_id, p->workflow_id, id, &c->ret->json));
	c->ret->ticket = created.ticket;
	return NULL;
}

struct err *execution_create(struct db *db, const struct execution_plan *p,
			     struct execution_created *ret)
{
	return p->keep ? db_transaction(db, create_rerun, &(struct creation){ p, ret })
		       : create(db, p, ret);
}

void execution_created_clear(struct execution_created *c)
{
	free(c->json);
	*c = (struct execution_created){ 0 };
}

struct err *execution_admit(struct db *db, const struct execution_admission *a)
{
	cleanup(cleanup_free) char *owner = NULL;
	TRY(db_text(db, &Q_EXECUTION_ADMIT,
		    PARAMS(a->id, a->workflow_id, a->user_id, a->nodes, a->edges, a->steps,
			   a->outputs, a->start_count, a->start_node),
		    &owner));
	return owner ? NULL
		     : err_new(ERR_NOT_FOUND, "The user %s has no workflow %s", a->user_id,
			       a->workflow_id);
}

struct err *execution_graph(struct db *db, const char *user_id, const char *id,
			    struct execution_graph *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_EXECUTION_GRAPH, PARAMS(id, user_id), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "%s not found", what);
	*ret = (struct execution_graph){
		.status = mem_strdup(rows_get(rows, 0, 0)),
		.nodes = mem_strdup(rows_get(rows, 0, 1)),
		.edges = mem_strdup(rows_get(rows, 0, 2)),
		.workflow_id = mem_strdup(rows_get(rows, 0, 3)),
		.trigger = mem_strdup(rows_get(rows, 0, 4)),
	};
	return NULL;
}

void execution_graph_clear(struct execution_graph *g)
{
	free(g->status);
	free(g->nodes);
	free(g->edges);
	free(g->workflow_id);
	free(g->trigger);
	*g = (struct execution_graph){ 0 };
}

struct err *execution_list(struct db *db, const char *user_id, const char *workflow_id,
			   char **ret_json)
{
	return db_need(db, &Q_EXECUTION_LIST, PARAMS(workflow_id, user_id), "Workflow", ret_json);
}

struct err *execution_get(struct db *db, const char *user_id, const char *workflow_id,
			  const char *id, char **ret_json)
{
	return db_need(db, &Q_EXECUTION_GET, PARAMS(workflow_id, id, user_id), what, ret_json);
}

struct err *execution_cancel(struct db *db, const char *user_id, const char *workflow_id,
			     const char *id)
{
	cleanup(cleanup_free) char *found = NULL;
	return db_text(db, &Q_EXECUTION_CANCEL, PARAMS(workflow_id, id, user_id), &found);
}

static struct err *why_not_claimed(struct db *db, const char *id, enum claim_result *ret_result)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_EXECUTION_STATUS, PARAMS(id), &rows));
	bool runs = rows_count(rows) > 0 && !strcmp(rows_get(rows, 0, 0), "RUNNING");
	*ret_result = runs ? CLAIM_BUSY : CLAIM_OVER;
	return NULL;
}

struct err *execution_claim(struct db *db, const char *id, const char *runner,
			    struct execution_claim *ret, enum claim_result *ret_result)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	if (!id_is_valid(id)) {
		*ret_result = CLAIM_OVER;
		return NULL;
	}
	TRY(db_query(db, &Q_EXECUTION_CLAIM, PARAMS(id, runner, EXECUTION_LEASE_S), &rows));
	if (rows_count(rows) == 0)
		return why_not_claimed(db, id, ret_result);
	*ret = (struct execution_claim){
		.workflow_id = mem_strdup(rows_get(rows, 0, 2)),
		.user_id = mem_strdup(rows_get(rows, 0, 3)),
		.nodes = mem_strdup(rows_get(rows, 0, 4)),
		.edges = mem_strdup(rows_get(rows, 0, 5)),
		.request_id = mem_strdup(rows_get(rows, 0, 6)),
		.trigger = mem_strdup(rows_get(rows, 0, 7)),
		.crashes = (int)strtol(rows_get(rows, 0, 8), NULL, 10),
		.age_ms = strtoll(rows_get(rows, 0, 9), NULL, 10),
		.resumes = *rows_get(rows, 0, 10) == 't',
	};
	snprintf(ret->id, sizeof(ret->id), "%s", rows_get(rows, 0, 0));
	snprintf(ret->number, sizeof(ret->number), "%s", rows_get(rows, 0, 1));
	*ret_result = CLAIM_TAKEN;
	return NULL;
}

void execution_claim_clear(struct execution_claim *c)
{
	free(c->workflow_id);
	free(c->user_id);
	free(c->nodes);
	free(c->edges);
	free(c->request_id);
	free(c->trigger);
	*c = (struct execution_claim){ 0 };
}

struct err *execution_next(struct db *db, char ret_id[static ID_SIZE])
{
	cleanup(cleanup_free) char *id = NULL;
	TRY(db_text(db, &Q_EXECUTION_NEXT, (struct params){ 0 }, &id));
	snprintf(ret_id, ID_SIZE, "%s", id ? id : "");
	return NULL;
}

static struct err *claim_lost(void)
{
	return err_new(ERR_CANCELLED, "This run was stopped, or taken over by another runner");
}

/* A statement under a claim: no row means that the claim is lost. */
static struct err *under_claim(struct db *db, const struct query *query, struct params params,
			       char **ret)
{
	TRY(db_text(db, query, params, ret));
	return *ret ? NULL : claim_lost();
}

struct err *execution_renew(struct db *db, const struct execution_claim *c, bool *ret_cancel)
{
	cleanup(cleanup_free) char *cancel = NULL;
	TRY(under_claim(db, &Q_EXECUTION_RENEW, PARAMS(c->id, c->number, EXECUTION_LEASE_S),
			&cancel));
	*ret_cancel = *cancel == 't';
	return NULL;
}

struct err *execution_give_back(struct db *db, const struct execution_claim *c)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_EXECUTION_GIVE_BACK, PARAMS(c->id, c->number), &rows);
}

struct err *execution_overdue(struct db *db, int seconds, const char *after, struct rows **ret)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", seconds);
	return db_query(db, &Q_EXECUTION_OVERDUE, PARAMS(text, after), ret);
}

struct err *execution_sweep(struct db *db, int days, int *ret_count)
{
	char text[16];
	cleanup(cleanup_free) char *count = NULL;
	snprintf(text, sizeof(text), "%d", days);
	TRY(db_text(db, &Q_EXECUTION_SWEEP, PARAMS(text), &count));
	*ret_count = (int)strtol(count ? count : "0", NULL, 10);
	return NULL;
}

struct err *execution_reopen(struct db *db, const char *id, struct rows **ret)
{
	return db_query(db, &Q_EXECUTION_REOPEN, PARAMS(id), ret);
}

struct err *execution_withdraw(struct db *db, const char *id)
{
	cleanup(cleanup_free) char *ignored = NULL;
	return db_text(db, &Q_EXECUTION_WITHDRAW, PARAMS(id), &ignored);
}

struct err *execution_status(struct db *db, const char *id, char **ret)
{
	return db_text(db, &Q_EXECUTION_STATUS, PARAMS(id), ret);
}

struct err *execution_successes(struct db *db, const char *user_id, const char *id,
				struct rows **ret)
{
	return db_query(db, &Q_EXECUTION_SUCCESSES, PARAMS(id, user_id), ret);
}

struct err *execution_outputs(struct db *db, const char *user_id, const char *id, struct rows **ret)
{
	return db_query(db, &Q_STEP_OUTPUTS, PARAMS(id, user_id), ret);
}

struct err *execution_last_outputs(struct db *db, const char *user_id, const char *workflow_id,
				   char **ret_json)
{
	return db_need(db, &Q_EXECUTION_LAST_OUTPUTS, PARAMS(workflow_id, user_id), "Workflow",
		       ret_json);
}

/* A number as a statement takes it. */
struct number {
	char text[24];
};

static struct number number(int64_t value)
{
	struct number n;
	snprintf(n.text, sizeof(n.text), "%lld", (long long)value);
	return n;
}

struct err *step_start(struct db *db, const struct execution_claim *c, const struct step_key *key,
		       const char *input, struct step_started *ret)
{
	const struct number position = number((int64_t)key->position),
			    iteration = number(key->iteration);
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_STEP_START,
		     PARAMS(c->id, c->number, key->node_id, position.text, iteration.text,
			    key->node_type, key->node_title, input),
		     &rows));
	if (rows_count(rows) == 0)
		return claim_lost();
	*ret = (struct step_started){
		.cancel = *rows_get(rows, 0, 0) == 't',
		.elapsed_ms = strtoll(rows_get(rows, 0, 1), NULL, 10),
	};
	return NULL;
}

static const char *status_of(const struct step_end *end)
{
	return end->failed ? "error" : "success";
}

struct err *step_finish(struct db *db, const struct execution_claim *c, const struct step_key *key,
			const struct step_end *end)
{
	const struct number iteration = number(key->iteration), attempts = number(end->attempts),
			    duration = number(end->duration_ms);
	cleanup(cleanup_free) char *id = NULL;
	return under_claim(db, &Q_STEP_FINISH,
			   PARAMS(c->id, c->number, key->node_id, iteration.text, status_of(end),
				  duration.text, end->output, end->error, end->error_stack,
				  end->cost, end->notes, attempts.text),
			   &id);
}

struct err *execution_finish(struct db *db, const struct execution_claim *c, const char *status,
			     const char *error, const struct step_key *key,
			     const struct step_end *end)
{
	const struct step_end none = { 0 }, *last = key ? end : &none;
	const char *node_id = key ? key->node_id : NULL;
	const struct number iteration = number(key ? key->iteration : 0),
			    attempts = number(last->attempts), duration = number(last->duration_ms);
	cleanup(cleanup_free) char *id = NULL;
	return under_claim(db, &Q_EXECUTION_FINISH,
			   PARAMS(c->id, c->number, status, error, node_id, iteration.text,
				  status_of(last), duration.text, last->output, last->error,
				  last->error_stack, last->cost, last->notes, attempts.text),
			   &id);
}

struct err *step_progress(struct db *db, const struct execution_claim *c,
			  const struct step_key *key, int done, int total)
{
	const struct number iteration = number(key->iteration), at = number(done),
			    of = number(total);
	cleanup(cleanup_rows) struct rows *rows = NULL;
	return db_query(db, &Q_STEP_PROGRESS,
			PARAMS(c->id, c->number, key->node_id, iteration.text, at.text, of.text),
			&rows);
}
