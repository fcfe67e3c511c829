#include "jobs/io/gate.h"

#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/io/lease.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	LOOK_MS = 100,  /* between looks at whether to stop */
	FIRST_MS = 20,  /* how long the first in the line waits before it asks again */
	PLACE_MS = 10,  /* and everybody behind it longer by this for each place */
	LAST_MS = 1000, /* less than LEASE_PLACE_MS: the place would be lost */
};

/* Those of this process that want to go through with one name. Kept until the end: a limit that
 * was learned is worth more than its few bytes. */
struct gate_line {
	struct gate_line *next;
	char *name;
	int learned; /* 0 where nothing is known */
	int inside;
	struct waiter *first; /* in the order of their coming */
};

struct waiter {
	struct waiter *next;
};

struct gate {
	int fixed;             /* PROVIDER_CONCURRENCY; 0 where the provider decides */
	struct leases *leases; /* NULL without Redis */
	atomic_flag is_away;   /* Redis is known to be */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct gate_line *lines;
};

struct gate *gate_new(const struct conf *conf)
{
	struct gate *g = mem_alloc(sizeof(*g));
	g->fixed = conf->provider_concurrency;
	atomic_flag_clear(&g->is_away);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&g->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&g->lock, NULL);
	if (*conf->redis_url) /* a wrong URL has been refused by the queue */
		err_free(leases_new(conf->redis_url, conf->queue_prefix, &g->leases));
	return g;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	leases_free(g->leases);
	for (struct gate_line *line = g->lines, *next; line; line = next) {
		next = line->next;
		free(line->name);
		free(line);
	}
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* ---- in this process; called with the lock held ---- */

static struct gate_line *line_of(struct gate *g, const char *name)
{
	for (struct gate_line *line = g->lines; line; line = line->next)
		if (!strcmp(line->name, name))
			return line;
	struct gate_line *line = mem_alloc(sizeof(*line));
	line->name = mem_strdup(name);
	line->next = g->lines;
	g->lines = line;
	return line;
}

static int limit_of(const struct gate *g, const struct gate_line *line, int usual)
{
	return g->fixed > 0 ? g->fixed : line->learned > 0 ? line->learned : usual;
}

static void wait_a_little(struct gate *g)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&g->changed, &g->lock, &until);
}

static bool wait_in_line(struct gate *g, struct gate_line *line, int usual, const struct stop *stop)
{
	struct waiter self = { 0 }, **at = &line->first;
	while (*at)
		at = &(*at)->next;
	*at = &self;
	bool stopped = false;
	while (!stopped && (line->first != &self || line->inside >= limit_of(g, line, usual))) {
		wait_a_little(g);
		stopped = stop_is_due(stop);
	}
	for (at = &line->first; *at != &self;)
		at = &(*at)->next;
	*at = self.next;
	line->inside += !stopped;
	pthread_cond_broadcast(&g->changed);
	return !stopped;
}

static void step_out(struct gate *g, struct gate_line *line)
{
	pthread_mutex_lock(&g->lock);
	line->inside--;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

/* ---- over all processes ---- */

/* Redis is a hint: without it calls go on, by this process's own count. */
static void note_away(struct gate *g, struct err *e)
{
	if (!e)
		atomic_flag_clear(&g->is_away);
	else if (!atomic_flag_test_and_set(&g->is_away))
		log_warn("calls to providers are counted for this process alone: %s",
			 err_message(e));
	err_free(e);
}

static bool take_lease(struct gate *g, struct gate_pass *pass, int usual, const struct stop *stop)
{
	for (;;) {
		int place = 0;
		struct err *e = lease_take(g->leases, pass->line->name, pass->token,
					   g->fixed > 0 ? -g->fixed : usual, &place);
		pass->leased = !e;
		note_away(g, e);
		if (!pass->leased || place == 0)
			return true;
		int wait = FIRST_MS + PLACE_MS * (place - 1);
		if (!stop_sleep(stop, wait < LAST_MS ? wait : LAST_MS)) {
			lease_give_up(g->leases, pass->line->name, pass->token);
			return false;
		}
	}
}

bool gate_enter(struct gate *g, const char *name, int usual, const struct stop *stop,
		struct gate_pass *ret)
{
	*ret = (struct gate_pass){ 0 };
	pthread_mutex_lock(&g->lock);
	struct gate_line *line = line_of(g, name);
	bool inside = wait_in_line(g, line, usual, stop);
	pthread_mutex_unlock(&g->lock);
	if (!inside)
		return false;
	id_new(ret->token);
	ret->line = line;
	if (!g->leases || take_lease(g, ret, usual, stop))
		return true;
	step_out(g, line);
	*ret = (struct gate_pass){ 0 };
	return false;
}

void gate_leave(struct gate *g, struct gate_pass *pass)
{
	if (!pass->line)
		return;
	if (pass->leased)
		lease_return(g->leases, pass->line->name, pass->token);
	step_out(g, pass->line);
	*pass = (struct gate_pass){ 0 };
}

void gate_learn(struct gate *g, const struct gate_pass *pass, int limit)
{
	if (limit <= 0 || g->fixed > 0 || !pass->line)
		return;
	pthread_mutex_lock(&g->lock);
	bool is_news = pass->line->learned != limit;
	pass->line->learned = limit;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	if (is_news && pass->leased)
		note_away(g, leases_learn(g->leases, pass->line->name, limit));
}
