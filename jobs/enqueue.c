#include "jobs/enqueue.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The data of a job, for the caller to free. */
static char *data_of(const struct execution_ticket *ticket)
{
	cleanup(cleanup_json) struct json_object *data = json_object_new_object();
	js_set_string(data, "executionId", ticket->id);
	js_set_string(data, "workflowId", ticket->workflow_id);
	js_set_string(data, "userId", ticket->user_id);
	return js_text(data);
}

/* `data` is borrowed, and so is the ticket's id. */
static struct queue_spec spec_of(const struct execution_ticket *ticket, const char *data)
{
	return (struct queue_spec){
		.id = ticket->id,
		.name = "run",
		.data = data,
		.policy = POLICY_RUN,
		.priority = ticket->priority,
	};
}

struct err *enqueue_execution(struct queue *queue, const struct execution_ticket *ticket)
{
	bool added;
	cleanup(cleanup_free) char *data = data_of(ticket);
	const struct queue_spec spec = spec_of(ticket, data);
	return queue_add(queue, &spec, &added);
}

/* A page of executions, as the queue is to have them. */
struct page {
	int count;
	struct execution_ticket *tickets;
	char **data;
	struct queue_spec *specs;
	bool *restored;
};

static void page_clear(struct page *p)
{
	for (int i = 0; i < p->count; i++)
		free(p->data[i]);
	free(p->tickets);
	free(p->data);
	free(p->specs);
	free(p->restored);
}

static struct page page_of(const struct rows *rows)
{
	size_t n = (size_t)rows_count(rows);
	struct page p = {
		.count = (int)n,
		.tickets = mem_alloc(n * sizeof(*p.tickets)),
		.data = mem_alloc(n * sizeof(*p.data)),
		.specs = mem_alloc(n * sizeof(*p.specs)),
		.restored = mem_alloc(n * sizeof(*p.restored)),
	};
	for (int i = 0; i < p.count; i++) {
		p.tickets[i] = execution_ticket(rows, i);
		p.data[i] = data_of(&p.tickets[i]);
		p.specs[i] = spec_of(&p.tickets[i], p.data[i]);
	}
	return p;
}

/* Looks after one page behind the id `last`, which moves on; "" after the last one. */
static struct err *restore_page(struct queue *queue, struct db *db, int seconds,
				char last[static ID_SIZE], int *ret_restored)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(execution_overdue(db, seconds, last, &rows));
	cleanup(page_clear) struct page p = page_of(rows);
	if (p.count == 0) {
		*last = '\0';
		return NULL;
	}
	memcpy(last, p.tickets[p.count - 1].id, ID_SIZE);
	TRY(queue_restore_many(queue, p.specs, (size_t)p.count, p.restored));
	for (int i = 0; i < p.count; i++)
		*ret_restored += p.restored[i];
	return NULL;
}

struct err *enqueue_overdue(struct queue *queue, struct db *db, int seconds, int *ret_restored)
{
	char last[ID_SIZE] = ID_NONE;
	*ret_restored = 0;
	while (*last)
		TRY(restore_page(queue, db, seconds, last, ret_restored));
	return NULL;
}
