/* What every node's settings may say of its step: how long it may take, and how often it is tried.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/nodes/node.h"

#include <stdint.h>

/* Seconds, tries, and the wait before the second try, in ms, which doubles from try to try. */
struct step_policy {
	int64_t timeout_ms;
	int attempts;
	int64_t backoff_ms;
};

/* The fields as an editor shows them, for every type. */
extern const struct node_field policy_fields[];

/* Reads a node's settings; what is absent or out of range takes the default or the limit. */
struct step_policy step_policy_of(struct json_object *config);

/*
 * Milliseconds to wait before the next try after `e` ended try `made` (from 1): with jitter, never
 * less than the error asks for; -1 where there is none, since the tries are used up or the error
 * would only come again.
 */
int64_t step_retry_delay(const struct step_policy *p, const struct err *e, int made);
