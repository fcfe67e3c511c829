/*
 * The order of a run: each node as soon as what it needs is settled, the first in the graph's order
 * first. The calling thread works like the others, so that a chain of nodes needs no second one;
 * a further thread is started only while there is a further node to run.
 */
#include "jobs/base/log.h"
#include "jobs/base/thread.h"
#include "jobs/run.h"

#include <stdlib.h>

/* A loop that is skipped or blocked takes its body with it; one that runs settles it itself. */
static void settle_with_loop(struct node_result *result, enum node_status loop)
{
	if (loop == NODE_SKIPPED)
		result->status = NODE_SKIPPED;
	else if (loop == NODE_BLOCKED || loop == NODE_FAILED)
		result->status = NODE_BLOCKED;
}

/*
 * Settles what will not run, and returns the first node that can; the count where there is none.
 * Nodes come after those that feed them, and bodies after their loops, so one pass settles all.
 */
static size_t next_ready(struct run *r)
{
	const struct scope scope = { .run = r };
	for (size_t i = 0; i < r->graph.count; i++) {
		struct node_result *result = &r->results[i];
		long loop = r->graph.nodes[i].loop;
		if (result->status != NODE_WAITING)
			continue;
		if (loop != GRAPH_NO_LOOP) {
			settle_with_loop(result, r->results[loop].status);
			continue;
		}
		enum decision decision = scope_decide(&scope, i);
		if (decision == DECIDE_RUN)
			return i;
		if (decision == DECIDE_SKIP)
			result->status = NODE_SKIPPED;
		else if (decision == DECIDE_BLOCK)
			result->status = NODE_BLOCKED;
	}
	return r->graph.count;
}

bool crew_is_done(struct run *r)
{
	return next_ready(r) == r->graph.count;
}

/* The threads of a run. */
struct crew {
	struct run *run;
	int parallelism, started, idle;
	pthread_t threads[ENGINE_MAX_PARALLELISM];
};

static void *work_on_thread(void *arg);

static void start_thread(struct crew *crew)
{
	if (thread_start(&crew->threads[crew->started], work_on_thread, crew))
		crew->started++;
	else
		log_warn("no further thread for a run; it goes on with those it has");
}

/* Wakes a thread, or starts one, where there is a further node to run. Call with the lock held. */
static void call_for_help(struct crew *crew)
{
	if (crew_is_done(crew->run))
		return;
	if (crew->idle > 0)
		pthread_cond_broadcast(&crew->run->changed);
	else if (crew->started + 1 < crew->parallelism)
		start_thread(crew);
}

/* Takes the next node to run; false where the run is over. Call with the lock held. */
static bool take_node(struct crew *crew, size_t *ret)
{
	struct run *r = crew->run;
	for (;;) {
		*ret = next_ready(r);
		if (run_is_over(r) || (*ret == r->graph.count && r->running == 0))
			return false;
		if (*ret < r->graph.count)
			return true;
		crew->idle++;
		pthread_cond_wait(&r->changed, &r->lock);
		crew->idle--;
	}
}

static void work(struct crew *crew, struct http *http)
{
	struct run *r = crew->run;
	const struct scope scope = { .run = r };
	size_t node;
	pthread_mutex_lock(&r->lock);
	while (take_node(crew, &node)) {
		r->results[node].status = NODE_RUNNING;
		r->running++;
		call_for_help(crew);
		pthread_mutex_unlock(&r->lock);
		step_run(&scope, node, http);
		pthread_mutex_lock(&r->lock);
		r->running--;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
}

static void *work_on_thread(void *arg)
{
	struct crew *crew = arg;
	struct http *http = http_new();
	log_context(crew->run->engine->log_context);
	work(crew, http);
	http_free(http);
	return NULL;
}

void crew_run(struct run *r, int parallelism)
{
	struct crew crew = { .run = r, .parallelism = parallelism };
	work(&crew, r->engine->http);
	for (int i = 0; i < crew.started; i++)
		pthread_join(crew.threads[i], NULL);
}
