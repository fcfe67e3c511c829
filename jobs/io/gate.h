/*
 * The gate before each provider key: no more calls go through at a time than its plan allows.
 *
 * In one process who comes first goes first. With Redis the limit holds over all processes and
 * hosts (see lease.h); where Redis is away, or there is none, it holds for each process alone.
 */
#pragma once
#include "jobs/base/conf.h"
#include "jobs/base/id.h"
#include "jobs/base/stop.h"

struct gate;

/* Never NULL; nothing is connected yet. */
struct gate *gate_new(const struct conf *conf) __attribute__((returns_nonnull));
void gate_free(struct gate *g); /* nobody may be inside; takes NULL */

/* Somebody inside. */
struct gate_pass {
	struct gate_line *line; /* NULL while outside */
	char token[ID_SIZE];
	bool leased;
};

/*
 * Waits for a place inside for a call with `name`, a key's name. `usual` is how many there are
 * while the key's own limit is not known; PROVIDER_CONCURRENCY goes before both. False where
 * `stop` fell due first; else gate_leave is due after the call.
 */
bool gate_enter(struct gate *g, const char *name, int usual, const struct stop *stop,
		struct gate_pass *ret);
void gate_leave(struct gate *g, struct gate_pass *pass);

/* Tells what the provider says it allows, for all that come after; of somebody inside. */
void gate_learn(struct gate *g, const struct gate_pass *pass, int limit);
