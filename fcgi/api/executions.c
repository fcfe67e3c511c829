/* /api/workflows/:id/…: running workflows, and how the runs went. */
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/engine.h"
#include "jobs/enqueue.h"
#include "jobs/model/execution.h"
#include "jobs/model/workflow.h"
#include "jobs/nodes/graph.h"

#include <string.h>

/*
 * Hands a new execution to whoever runs it. The outbox holds it already: where the queue is away,
 * the runners find it there, so the user's request succeeds all the same.
 */
static void hand_over(struct app *app, const struct execution_plan *plan, const char *id)
{
	if (app->runner) {
		runner_wake(app->runner);
		return;
	}
	cleanup(cleanup_err) struct err *e =
		enqueue_execution(app->queue, id, plan->workflow_id, plan->user_id);
	if (e)
		log_warn("execution %s waits in the outbox: %s", id, err_message(e));
}

/* Checks the graph of a plan, writes the execution, and hands it over. */
static struct err *start(struct app *app, struct execution_plan *plan, struct response *response)
{
	char id[ID_SIZE];
	cleanup(graph_clear) struct graph graph = { 0 };
	TRY(graph_read(plan->nodes, plan->edges, &graph));
	cleanup(cleanup_free) char *steps = graph_steps(&graph);
	plan->steps = steps;
	TRY(execution_create(app->db, plan, id, &response->body));
	response->status = 201;
	hand_over(app, plan, id);
	return NULL;
}

struct err *executions_execute(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	TRY(workflow_graph(app->db, request->user_id, request->ids[0], &nodes, &edges));
	struct execution_plan plan = {
		.workflow_id = request->ids[0],
		.user_id = request->user_id,
		.nodes = nodes,
		.edges = edges,
		.request_id = request->id,
	};
	return start(app, &plan, response);
}

/* A required or optional field that names a row; NULL where absent or not an id at all. */
static char *read_id(struct validation *v, const char *field, const char *label, bool required)
{
	const struct text_rule rule = {
		.field = field, .label = label, .required = required, .min = 1, .max = 200
	};
	return validate_text(v, &rule);
}

/* The execution that a rerun or a single node goes back to; it has to be of this workflow. */
static struct err *load_prior(struct app *app, struct request *request, const char *id,
			      struct execution_graph *ret)
{
	if (!id_is_valid(id))
		return err_new(ERR_NOT_FOUND, "Execution not found");
	TRY(execution_graph(app->db, request->user_id, id, ret));
	if (!strcasecmp(ret->workflow_id, request->ids[0]))
		return NULL;
	cleanup(cleanup_free) char *workflow = NULL; /* one that is not there is told first */
	TRY(workflow_get(app->db, request->user_id, request->ids[0], &workflow));
	return err_new(ERR_INVALID, "This execution belongs to another workflow");
}

struct err *executions_rerun(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(cleanup_free) char *prior = read_id(&v, "executionId", "executionId", true);
	TRY(validate_result(&v));
	cleanup(execution_graph_clear) struct execution_graph graph = { 0 };
	TRY(load_prior(app, request, prior, &graph));
	if (strcmp(graph.status, "FAILED") != 0)
		return err_new(ERR_INVALID, "Only a failed execution can be rerun; this one is %s",
			       graph.status);
	struct execution_plan plan = {
		.workflow_id = request->ids[0],
		.user_id = request->user_id,
		.nodes = graph.nodes,
		.edges = graph.edges,
		.request_id = request->id,
		.rerun_of = prior,
	};
	return start(app, &plan, response);
}

struct err *executions_run_node(struct app *app, struct request *request, struct response *response)
{
	static const atomic_bool never;
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(cleanup_free) char *node = read_id(&v, "nodeId", "nodeId", true);
	cleanup(cleanup_free) char *prior =
		read_id(&v, "priorExecutionId", "priorExecutionId", false);
	TRY(validate_result(&v));
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	TRY(workflow_graph(app->db, request->user_id, request->ids[0], &nodes, &edges));
	cleanup(execution_graph_clear) struct execution_graph prior_graph = { 0 };
	if (prior)
		TRY(load_prior(app, request, prior, &prior_graph));
	const struct engine engine = { &app->services, app->http, &never, &never };
	const struct engine_trial trial = { request->user_id, nodes, edges, node, prior };
	cleanup(cleanup_free) char *step = NULL;
	TRY(engine_run_node(&engine, &trial, &step));
	response_json(response, 200, mem_printf("{\"stepLog\":%s}", step));
	return NULL;
}

struct err *executions_list(struct app *app, struct request *request, struct response *response)
{
	return execution_list(app->db, request->user_id, request->ids[0], &response->body);
}

struct err *executions_get(struct app *app, struct request *request, struct response *response)
{
	return execution_get(app->db, request->user_id, request->ids[0], request->ids[1],
			     &response->body);
}

struct err *executions_cancel(struct app *app, struct request *request, struct response *response)
{
	TRY(execution_cancel(app->db, request->user_id, request->ids[0], request->ids[1]));
	return executions_get(app, request, response);
}
