/* Node types: a table, and one file a type. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/services.h"

#include <json-c/json.h>
#include <stdatomic.h>

/* One node's run: what it may use (borrowed), and what it says of itself (owned, NULL for none). */
struct node_run {
	const struct services *services;
	struct http *http; /* this thread's */
	const char *user_id;
	const char *run_id; /* the execution's id, or one made for a single node's run */
	const char *node_id, *type;
	size_t position; /* among the steps; makes names of files unique within the run */
	struct json_object *config; /* NULL where the node has none */
	struct json_object *inputs; /* object: the outputs of its sources, by their node ids */
	const atomic_bool *cancel;

	struct json_object *cost;  /* object: what was bought */
	struct json_object *notes; /* array of sentences for the step log */
};

struct node_type {
	const char *name; /* on the wire */
	/* Runs a node; the caller owns *ret_output (never NULL on success). */
	struct err *(*run)(struct node_run *run, struct json_object **ret_output);
};

/* The type of that name, or NULL. */
const struct node_type *node_type_find(const char *name);

/* True for types of older editors that are kept in workflows but not run by this system. */
int node_type_is_retired(const char *name);

/* The types, each in a file of its own. */
struct err *trigger_run(struct node_run *run, struct json_object **ret_output);
struct err *set_variable_run(struct node_run *run, struct json_object **ret_output);
struct err *logger_run(struct node_run *run, struct json_object **ret_output);
struct err *preview_output_run(struct node_run *run, struct json_object **ret_output);
struct err *voice_tts_run(struct node_run *run, struct json_object **ret_output);
