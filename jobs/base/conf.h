/*
 * The configuration: one table, read from the environment once at start and constant from then on.
 *
 * `<NAME>_FILE` names a file that holds a secret instead; a trailing line end of it is dropped.
 */
#pragma once
#include "jobs/base/err.h"

#include <stdbool.h>
#include <stdio.h>

struct conf {
	/* required */
	const char *database_url, *jwt_secret, *encryption_secret;
	/* optional; "" where not set */
	const char *redis_url, *queue_prefix;
	const char *elevenlabs_api_key, *elevenlabs_base_url;
	const char *azure_key, *azure_region, *azure_base_url;
	const char *openai_api_key, *openai_base_url;
	const char *anthropic_api_key, *anthropic_base_url;
	const char *s3_bucket, *s3_access_key_id, *s3_secret_access_key, *s3_region;
	const char *s3_endpoint, *s3_public_base_url;
	const char *cors_origin, *log_level;
	const char *egress_allow; /* see jobs/base/allow_list.h */
	bool s3_force_path_style;
	int provider_retry_ms, provider_timeout_s, provider_concurrency;
	int workflow_parallelism, workflow_timeout_s;
	const char *upload_spool;
	int engine_threads, requests_per_responder, retention_days, stop_grace_s;
};

/* Which settings a program cannot do without. */
enum conf_need { CONF_NEEDS_DATABASE, CONF_NEEDS_ALL };

/*
 * Fills `*ret` from the environment; its strings live as long as the process. Secrets are
 * registered with log_mask. Fails with ERR_INVALID, one line a fault, naming every variable that
 * is missing, too short or out of range.
 */
must_check struct err *conf_load(enum conf_need need, struct conf *ret);

/* Prints the table of settings: name, default, meaning; the README shows the same lines. */
void conf_describe(FILE *out);
