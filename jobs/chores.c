#include "jobs/chores.h"

#include "jobs/assignment.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/base/stop.h"
#include "jobs/base/thread.h"
#include "jobs/model/file_deletion.h"
#include "jobs/tts/making.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { NAP_MS = 50, FILES_EVERY_MS = 15000 };

struct chores {
	const struct services *services;
	struct http *http;
	pthread_t thread;
	atomic_bool ending, cancelled; /* no further round; end this one too */
	atomic_bool ended;
	int64_t files_due_ms;
};

/* Deletes files whose rows are gone; one that the storage keeps comes again in ten minutes. */
static struct err *delete_files(struct chores *c)
{
	struct db *db = c->services->db;
	cleanup(cleanup_rows) struct rows *files = NULL;
	TRY(file_deletions_take(db, &files));
	for (int i = 0; i < rows_count(files) && !atomic_load(&c->cancelled); i++) {
		const char *key = rows_get(files, i, 0);
		TRY(s3_delete(c->services->s3, c->http, key));
		TRY(file_deletion_done(db, key));
	}
	return NULL;
}

static void do_files(struct chores *c)
{
	if (clock_monotonic_ms() < c->files_due_ms)
		return;
	assignment_survive(delete_files(c), "deleting files");
	c->files_due_ms = clock_monotonic_ms() + FILES_EVERY_MS;
}

static void nap(struct chores *c, int64_t ms)
{
	const struct stop stop = { .asked = &c->ending };
	stop_sleep(&stop, ms);
}

static void *chores_main(void *arg)
{
	struct chores *c = arg;
	const struct stop stop = { .asked = &c->cancelled };
	do {
		int64_t next_ms = MAKING_IDLE_MS;
		assignment_survive(making_run(c->services, c->http, &stop, &next_ms),
				   "making voices");
		do_files(c);
		nap(c, next_ms);
	} while (!atomic_load(&c->ending));
	atomic_store(&c->ended, true);
	return NULL;
}

struct chores *chores_start(const struct services *services)
{
	struct chores *c = mem_alloc(sizeof(*c));
	c->services = services;
	c->http = http_new();
	if (!thread_start(&c->thread, chores_main, c))
		abort();
	return c;
}

void chores_stop(struct chores *c, int64_t deadline_ms)
{
	atomic_store(&c->ending, true);
	while (!atomic_load(&c->ended) && clock_monotonic_ms() < deadline_ms)
		stop_sleep(NULL, NAP_MS);
	atomic_store(&c->cancelled, true);
	pthread_join(c->thread, NULL);
	http_free(c->http);
	free(c);
}
