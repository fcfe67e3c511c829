/* /api/workflows/:id/…: running workflows, and how the runs went. */
#include "fcgi/api/rerun.h"
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/engine.h"
#include "jobs/launch.h"
#include "jobs/model/execution.h"
#include "jobs/model/workflow.h"
#include "jobs/nodes/graph.h"
#include "jobs/rerun.h"

#include <string.h>

static struct err *start(struct app *app, struct request *request,
			 const struct execution_plan *plan, struct response *response)
{
	cleanup(execution_created_clear) struct execution_created created = { 0 };
	TRY(launch(app->db, plan, &created));
	request->launched = created.ticket;
	response_json(response, 201, take(created.json));
	return NULL;
}

struct err *executions_execute(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	TRY(workflow_graph(app->db, request->user_id, request->ids[0], &nodes, &edges));
	const struct execution_plan plan = {
		.workflow_id = request->ids[0],
		.user_id = request->user_id,
		.nodes = nodes,
		.edges = edges,
		.request_id = request->id,
	};
	return start(app, request, &plan, response);
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

/* What a rerun asks for; the texts are owned. */
struct rerun_request {
	char *execution, *node;
	bool from_start;
	const char *version;
};

static void rerun_request_clear(struct rerun_request *q)
{
	free(q->execution);
	free(q->node);
}

/* "from" is "start", or {"nodeId": …}; the node may also be named beside it. */
static void read_from(struct validation *v, struct rerun_request *q)
{
	static const char *const starts[] = { "start" };
	struct validation inner = { .body = js_get(v->body, "from"), .faults = v->faults };
	if (json_object_is_type(inner.body, json_type_object)) {
		q->node = read_id(&inner, "nodeId", "nodeId", true);
		v->faults = inner.faults;
		return;
	}
	q->from_start = validate_word(v, "from", "from", false, starts, 1) != NULL;
	q->node = read_id(v, "nodeId", "nodeId", false);
}

static struct rerun_request read_rerun(struct validation *v)
{
	static const char *const versions[] = { "original", "current" };
	struct rerun_request q = {
		.execution = read_id(v, "executionId", "executionId", true),
		.version = validate_word(v, "version", "version", false, versions, 2),
	};
	read_from(v, &q);
	return q;
}

/* Adds a member to an object's text, which it takes over and gives back. */
static char *with_member(char *object, const char *name, const char *value)
{
	object[strlen(object) - 1] = '\0'; /* the closing brace */
	char *longer = mem_printf("%s,\"%s\":%s}", object, name, value);
	free(object);
	return longer;
}

static struct err *check_ended(const char *status)
{
	if (strcmp(status, "RUNNING") != 0)
		return NULL;
	return err_new(ERR_INVALID, "This execution is still running; wait for its end, or "
				    "cancel it");
}

/* What failed goes on; what has ended otherwise is only run again from a place that is named. */
static struct err *check_rerun(const struct rerun_request *q, const char *status)
{
	if (q->from_start || q->node)
		return check_ended(status);
	if (strcmp(status, "FAILED") != 0)
		return err_new(ERR_INVALID, "Only a failed execution can be rerun; this one is %s",
			       status);
	return NULL;
}

/* Plans what is kept of the prior execution, and starts the new one on `nodes` and `edges`. */
static struct err *rerun_on(struct app *app, struct request *request, const struct rerun_request *q,
			    const struct execution_graph *prior, struct response *response,
			    struct execution_plan *plan)
{
	cleanup(graph_clear) struct graph old = { 0 };
	cleanup(graph_clear) struct graph now = { 0 };
	TRY(graph_read(prior->nodes, prior->edges, &old));
	TRY(graph_read(plan->nodes, plan->edges, &now));
	cleanup(cleanup_rows) struct rows *succeeded = NULL;
	TRY(execution_successes(app->db, request->user_id, q->execution, &succeeded));
	const struct rerun_options options = { q->from_start, q->node };
	cleanup(rerun_plan_clear) struct rerun_plan rerun = { 0 };
	TRY(rerun_plan(&old, &now, succeeded, &options, &rerun));
	plan->keep = rerun.keep;
	TRY(start(app, request, plan, response));
	response->body = with_member(response->body, "changes", rerun.changes);
	return NULL;
}

struct err *executions_rerun(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(rerun_request_clear) struct rerun_request q = read_rerun(&v);
	TRY(validate_result(&v));
	cleanup(execution_graph_clear) struct execution_graph prior = { 0 };
	TRY(load_prior(app, request, q.execution, &prior));
	TRY(check_rerun(&q, prior.status));
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	if (q.version && !strcmp(q.version, "current"))
		TRY(workflow_graph(app->db, request->user_id, request->ids[0], &nodes, &edges));
	struct execution_plan plan = {
		.workflow_id = request->ids[0],
		.user_id = request->user_id,
		.nodes = nodes ? nodes : prior.nodes,
		.edges = edges ? edges : prior.edges,
		.request_id = request->id,
		.trigger = prior.trigger,
		.rerun_of = q.execution,
	};
	return rerun_on(app, request, &q, &prior, response, &plan);
}

struct err *rerun_check_ended(struct app *app, struct request *request, const char *execution)
{
	cleanup(execution_graph_clear) struct execution_graph prior = { 0 };
	TRY(load_prior(app, request, execution, &prior));
	return check_ended(prior.status);
}

struct err *rerun_from(struct app *app, struct request *request, const char *execution,
		       const char *node, struct response *response)
{
	cleanup(execution_graph_clear) struct execution_graph prior = { 0 };
	TRY(load_prior(app, request, execution, &prior));
	struct execution_plan plan = {
		.workflow_id = request->ids[0],
		.user_id = request->user_id,
		.nodes = prior.nodes,
		.edges = prior.edges,
		.request_id = request->id,
		.trigger = prior.trigger,
		.rerun_of = execution,
	};
	const struct rerun_request q = { .execution = (char *)execution, .node = (char *)node };
	return rerun_on(app, request, &q, &prior, response, &plan);
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
	const struct engine engine = { &app->services, app->http, &never, &never, request->id };
	const struct engine_trial trial = { request->user_id, nodes, edges, node, prior,
					    REQUEST_MAX_MS };
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
