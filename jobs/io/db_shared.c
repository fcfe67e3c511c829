/*
 * DESIGN. What joins shares a transaction with strangers, and so their locks and their failures.
 * - Locks: two transactions that want the same rows in another order wait for each other. Hence a
 *   batch is run in one order everywhere: by statement, then by parameters, the first of which
 *   name the rows that others may want too.
 * - Failures: of a batch that is refused nothing is done, and each of its statements is run once
 *   more on a connection of its own, where the one that is at fault fails alone.
 * - Waiting: the batch's connection has little patience with locks, for the sake of the others; who
 *   has to wait does so on a connection of its own.
 */
#include "jobs/io/db_shared.h"

#include "jobs/base/batcher.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/mem.h"
#include "jobs/io/db_backend.h"
#include "jobs/io/db_pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	JOIN_BYTES = 16 * 1024, /* of parameters: more of them go by themselves */
	LOCK_MS = 250,
	STATEMENT_MS = 2000,
};

static_assert((int)DB_MAX_CALLS <= (int)BATCHER_MOST, "a batch is one transaction");

struct shared {
	struct db_pool *pool;
	struct db *joint;
	struct batcher *batcher;
};

/* A statement in the line. */
struct joining {
	struct db_call call;
	bool refused; /* with its batch; it was not done */
};

static int compare_texts(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

/* The order in which the statements of a batch are run. */
static int compare(const void *a, const void *b)
{
	const struct db_call *x = &(*(struct joining *const *)a)->call,
			     *y = &(*(struct joining *const *)b)->call;
	if (x->query->index != y->query->index)
		return x->query->index < y->query->index ? -1 : 1;
	int order = 0;
	for (int i = 0; order == 0 && i < x->params.count; i++)
		order = compare_texts(x->params.values[i], y->params.values[i]);
	return order;
}

static void run_batch(void *arg, void **items, size_t count)
{
	const struct shared *s = arg;
	struct db_call *calls[BATCHER_MOST];
	qsort(items, count, sizeof(*items), compare);
	for (size_t i = 0; i < count; i++)
		calls[i] = &((struct joining *)items[i])->call;
	bool done = db_run(s->joint, calls, count);
	for (size_t i = 0; i < count; i++)
		((struct joining *)items[i])->refused = !done;
}

static bool is_small(struct params params)
{
	size_t bytes = 0;
	for (int i = 0; i < params.count && bytes <= JOIN_BYTES; i++)
		bytes += params.values[i] ? strnlen(params.values[i], JOIN_BYTES + 1) : 0;
	return bytes <= JOIN_BYTES;
}

static struct err *run_alone(struct shared *s, const struct query *query, struct params params,
			     struct rows **ret)
{
	struct db *db = db_pool_get(s->pool);
	struct err *e = db_query(db, query, params, ret);
	db_pool_put(s->pool, db);
	return e;
}

static struct err *shared_query(void *arg, const struct query *query, struct params params,
				struct rows **ret)
{
	struct shared *s = arg;
	if (!query->joins || !is_small(params))
		return run_alone(s, query, params, ret);
	struct joining joining = { .call = { .query = query, .params = params } };
	FAULT_POINT("db", query->name, "before");
	batcher_do(s->batcher, &joining);
	FAULT_POINT("db", query->name, "after");
	if (joining.refused || (joining.call.error && query->reads)) {
		err_free(joining.call.error);
		return run_alone(s, query, params, ret);
	}
	*ret = joining.call.rows;
	return joining.call.error;
}

static struct err *shared_transaction(void *arg, db_work *work, void *work_arg)
{
	struct shared *s = arg;
	struct db *db = db_pool_get(s->pool);
	struct err *e = db_transaction(db, work, work_arg);
	db_pool_put(s->pool, db);
	return e;
}

static void shared_free(void *arg)
{
	struct shared *s = arg;
	batcher_free(s->batcher);
	db_free(s->joint);
	db_pool_free(s->pool);
	free(s);
}

struct db *db_shared_new(const char *url, const char *application, int connections)
{
	static const struct db_backend backend = { shared_query, shared_transaction, shared_free };
	struct shared *s = mem_alloc(sizeof(*s));
	s->pool = db_pool_new(url, application, connections);
	s->joint = db_new(url, application);
	db_set_patience(s->joint, LOCK_MS, STATEMENT_MS);
	s->batcher = batcher_new(DB_MAX_CALLS, run_batch, s);
	return db_behind(&backend, s);
}
