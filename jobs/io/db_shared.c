/*
 * DESIGN. What joins shares a transaction with strangers, and so their locks and their failures.
 * - Locks: two transactions that want the same rows in another order wait for each other. Hence a
 *   batch is run in one order everywhere: by statement, then by parameters, the first of which
 *   name the rows that others may want too. (Plans of several segments each lock them in another
 *   order, and are rare: the wait ends them.)
 * - Waiting: the batch's connection has little patience with locks, for the sake of the others; who
 *   has to wait does so on a connection of its own.
 * - Failures: of a batch that is refused nothing is done. The statement at fault is run on a
 *   connection of its own, where it fails or waits alone, and the others once more as a batch.
 * - A client that freezes within a batch holds its locks. So a batch is sent by one write, before
 *   which the server has done nothing: libpq writes whenever it has SEND_BYTES together.
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
	SEND_BYTES = 8000,
	JOIN_BYTES = SEND_BYTES / 2, /* a larger statement goes by itself */
	MESSAGE_BYTES = 60,          /* of a statement, beside its name and parameters */
	LOCK_MS = 100,
	STATEMENT_MS = 2000,
	MAX_TRIES = 4, /* of a batch; each has one statement less */
};

static_assert((int)DB_MAX_CALLS <= (int)BATCHER_MOST, "a batch is one transaction");

struct shared {
	struct db_pool *pool;
	struct db *joint;
	struct batcher *batcher;
};

static int compare_texts(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

/* The order in which the statements of a batch are run. */
static int compare(const void *a, const void *b)
{
	const struct db_call *x = *(struct db_call *const *)a, *y = *(struct db_call *const *)b;
	int order = strcmp(x->query->name, y->query->name);
	for (int i = 0; order == 0 && i < x->params.count; i++)
		order = compare_texts(x->params.values[i], y->params.values[i]);
	return order;
}

/* How many bytes a statement takes to send, counted as far as it matters. */
static size_t size_of(const struct query *query, struct params params)
{
	size_t bytes = MESSAGE_BYTES + strlen(query->name);
	for (int i = 0; i < params.count && bytes <= JOIN_BYTES; i++)
		bytes += sizeof(int32_t) +
			 (params.values[i] ? strnlen(params.values[i], JOIN_BYTES) : 0);
	return bytes;
}

/* Leaves out what is marked as refused, and returns how many calls are left. */
static size_t drop_refused(struct db_call **calls, size_t count)
{
	size_t left = 0;
	for (size_t i = 0; i < count; i++)
		if (!calls[i]->refused)
			calls[left++] = calls[i];
	return left;
}

/* Runs statements as one transaction, without those that prevent it. */
static void run_joint(struct db *db, struct db_call **calls, size_t count)
{
	for (int i = 0; i < MAX_TRIES && count > 0; i++) {
		if (db_run(db, calls, count))
			return;
		size_t left = drop_refused(calls, count);
		if (left == count)
			break;
		count = left;
	}
	for (size_t i = 0; i < count; i++)
		calls[i]->refused = true;
}

static void run_batch(void *arg, void **items, size_t count)
{
	const struct shared *s = arg;
	struct db_call *calls[BATCHER_MOST];
	qsort(items, count, sizeof(*items), compare);
	for (size_t first = 0, end = 0; first < count; first = end) {
		for (size_t bytes = 0; end < count; end++) {
			calls[end - first] = items[end];
			bytes += size_of(calls[end - first]->query, calls[end - first]->params);
			if (bytes > SEND_BYTES)
				break;
		}
		run_joint(s->joint, calls, end - first);
	}
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
	if (!query->joins || size_of(query, params) > JOIN_BYTES)
		return run_alone(s, query, params, ret);
	struct db_call call = { .query = query, .params = params };
	FAULT_POINT("db", query->name, "before");
	batcher_do(s->batcher, &call);
	FAULT_POINT("db", query->name, "after");
	if (call.refused || (call.error && query->reads)) {
		err_free(call.error);
		return run_alone(s, query, params, ret);
	}
	*ret = call.rows;
	return call.error;
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
