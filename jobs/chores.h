/*
 * What a runner does in the background for a while at a time, on a thread of its own: it makes the
 * voices that providers take minutes for, and deletes files from the storage.
 */
#pragma once
#include "jobs/io/services.h"

#include <stdint.h>

struct chores;

/* Starts the thread, which looks for work at once. Signals should be blocked. Never NULL. */
struct chores *chores_start(const struct services *services) __attribute__((returns_nonnull));

/*
 * Lets what is being done go on until `deadline_ms` (monotonic), having looked for work at least
 * once; then ends the thread.
 */
void chores_stop(struct chores *c, int64_t deadline_ms);
