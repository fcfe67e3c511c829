#include "jobs/launch.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/log.h"
#include "jobs/enqueue.h"
#include "jobs/nodes/graph.h"

struct err *launch(struct db *db, const struct execution_plan *plan, struct execution_created *ret)
{
	cleanup(graph_clear) struct graph graph = { 0 };
	TRY(graph_read(plan->nodes, plan->edges, &graph));
	cleanup(cleanup_free) char *steps = graph_steps(&graph);
	struct execution_plan whole = *plan;
	whole.steps = steps;
	return execution_create(db, &whole, ret);
}

void launch_hand_over(struct queue *queue, struct runner *runner,
		      const struct execution_ticket *ticket)
{
	if (runner)
		runner_wake(runner);
	if (!queue)
		return;
	cleanup(cleanup_err) struct err *e = enqueue_execution(queue, ticket);
	if (e)
		log_warn("execution %s waits in the outbox: %s", ticket->id, err_message(e));
}
