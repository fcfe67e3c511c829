#include "jobs/enqueue.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/model/execution.h"

static struct err *add(struct queue *queue, const char *id, const char *workflow_id,
		       const char *user_id, bool *ret_added)
{
	cleanup(cleanup_json) struct json_object *data = json_object_new_object();
	js_set_string(data, "executionId", id);
	js_set_string(data, "workflowId", workflow_id);
	js_set_string(data, "userId", user_id);
	cleanup(cleanup_free) char *text = js_text(data);
	const struct queue_spec spec = {
		.id = id, .name = "run", .data = text, .policy = POLICY_RUN
	};
	return queue_add(queue, &spec, ret_added);
}

struct err *enqueue_execution(struct queue *queue, const char *id, const char *workflow_id,
			      const char *user_id)
{
	bool added;
	return add(queue, id, workflow_id, user_id, &added);
}

struct err *enqueue_overdue(struct queue *queue, struct db *db, int seconds, int *ret_added)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	*ret_added = 0;
	TRY(execution_overdue(db, seconds, &rows));
	for (int i = 0; i < rows_count(rows); i++) {
		bool added;
		TRY(add(queue, rows_get(rows, i, 0), rows_get(rows, i, 1), rows_get(rows, i, 2),
			&added));
		*ret_added += added;
	}
	return NULL;
}
