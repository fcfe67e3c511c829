#include "jobs/nodes/policy.h"

#include "jobs/base/js.h"

#include <stdlib.h>

enum {
	DEFAULT_TIMEOUT_S = 900,
	MAX_TIMEOUT_S = 6 * 3600,
	MAX_ATTEMPTS = 10,
	DEFAULT_BACKOFF_MS = 2000,
	MAX_BACKOFF_MS = 10 * 60 * 1000,
	JITTER_PERCENT = 20,
};

const struct node_field policy_fields[] = {
	{ .name = "stepTimeout",
	  .label = "Time limit (seconds)",
	  .kind = FIELD_NUMBER,
	  .fallback = "900",
	  .min = 1,
	  .max = MAX_TIMEOUT_S,
	  .help = "The step fails when it takes longer" },
	{ .name = "retryAttempts",
	  .label = "Tries",
	  .kind = FIELD_NUMBER,
	  .fallback = "1",
	  .min = 1,
	  .max = MAX_ATTEMPTS,
	  .help = "How often the step is tried when what fails may pass, such as a service that is "
		  "away" },
	{ .name = "retryBackoff",
	  .label = "Wait before the second try (ms)",
	  .kind = FIELD_NUMBER,
	  .fallback = "2000",
	  .min = 0,
	  .max = MAX_BACKOFF_MS,
	  .help = "Doubles from try to try" },
	{ 0 },
};

static double limited(struct json_object *config, const char *name, double fallback, double min,
		      double max)
{
	double value = js_number(config, name, fallback);
	return value < min ? min : value > max ? max : value;
}

struct step_policy step_policy_of(struct json_object *config)
{
	return (struct step_policy){
		.timeout_ms = (int64_t)(limited(config, "stepTimeout", DEFAULT_TIMEOUT_S, 1,
						MAX_TIMEOUT_S) *
					1000),
		.attempts = (int)limited(config, "retryAttempts", 1, 1, MAX_ATTEMPTS),
		.backoff_ms = (int64_t)limited(config, "retryBackoff", DEFAULT_BACKOFF_MS, 0,
					       MAX_BACKOFF_MS),
	};
}

int64_t step_retry_delay(const struct step_policy *p, const struct err *e, int made)
{
	if (made >= p->attempts || !err_is_retryable(e))
		return -1;
	int64_t wait = p->backoff_ms << (made - 1);
	if (wait > MAX_BACKOFF_MS)
		wait = MAX_BACKOFF_MS;
	uint32_t spread = 2 * JITTER_PERCENT;
	wait = wait * (100 - JITTER_PERCENT + arc4random_uniform(spread + 1)) / 100;
	int64_t asked = (int64_t)err_retry_after(e) * 1000;
	return wait > asked ? wait : asked;
}
