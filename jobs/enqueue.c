#include "jobs/enqueue.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"

static struct err *add(struct queue *queue, const struct execution_ticket *ticket, bool *ret_added)
{
	cleanup(cleanup_json) struct json_object *data = json_object_new_object();
	js_set_string(data, "executionId", ticket->id);
	js_set_string(data, "workflowId", ticket->workflow_id);
	js_set_string(data, "userId", ticket->user_id);
	cleanup(cleanup_free) char *text = js_text(data);
	const struct queue_spec spec = {
		.id = ticket->id,
		.name = "run",
		.data = text,
		.policy = POLICY_RUN,
		.priority = ticket->priority,
	};
	return queue_add(queue, &spec, ret_added);
}

struct err *enqueue_execution(struct queue *queue, const struct execution_ticket *ticket)
{
	bool added;
	return add(queue, ticket, &added);
}

struct err *enqueue_overdue(struct queue *queue, struct db *db, int seconds, int *ret_added)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	*ret_added = 0;
	TRY(execution_overdue(db, seconds, &rows));
	for (int i = 0; i < rows_count(rows); i++) {
		bool added;
		const struct execution_ticket ticket = execution_ticket(rows, i);
		TRY(add(queue, &ticket, &added));
		*ret_added += added;
	}
	return NULL;
}
