#include "jobs/launch.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/log.h"
#include "jobs/enqueue.h"
#include "jobs/nodes/graph.h"

static void hand_over(const struct launcher *l, const struct execution_ticket *ticket)
{
	if (l->runner)
		runner_wake(l->runner);
	if (!l->queue)
		return;
	cleanup(cleanup_err) struct err *e = enqueue_execution(l->queue, ticket);
	if (e)
		log_warn("execution %s waits in the outbox: %s", ticket->id, err_message(e));
}

struct err *launch(const struct launcher *l, const struct execution_plan *plan,
		   struct execution_created *ret)
{
	cleanup(graph_clear) struct graph graph = { 0 };
	TRY(graph_read(plan->nodes, plan->edges, &graph));
	cleanup(cleanup_free) char *steps = graph_steps(&graph);
	struct execution_plan whole = *plan;
	whole.steps = steps;
	TRY(execution_create(l->db, &whole, ret));
	hand_over(l, &(struct execution_ticket){ ret->id, plan->workflow_id, plan->user_id,
						 ret->priority });
	return NULL;
}
