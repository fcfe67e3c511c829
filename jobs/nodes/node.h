/*
 * Node types: a table (nodes.c), and one file a type, which defines what an editor shows of it and
 * how it runs.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/stop.h"
#include "jobs/io/services.h"

#include <json-c/json.h>
#include <stdbool.h>

/* One node's run: what it may use (borrowed), and what it says of itself (owned, NULL for none). */
struct node_run {
	const struct services *services;
	struct http *http; /* this thread's */
	const char *user_id;
	const char *run_id; /* the execution's id, or one made for a single node's run */
	const char *claim;  /* the number of the execution's claim; NULL where it is none */
	int iteration;      /* from 1 inside a loop; 0 outside */
	const char *node_id, *type;
	const char *trigger;   /* what started the run, as JSON text; NULL where a person did */
	const char *file_name; /* unique within the run; names of stored files begin with it */
	struct json_object *config; /* NULL where the node has none */
	struct json_object *inputs; /* object: the outputs of its sources, by their node ids */
	const struct stop *stop; /* asked by the user or a shutdown, or the step's time is over */
	int64_t elapsed_ms; /* since it first began, where a run of it was broken off; else 0 */

	/* To be told how far long work is; may be called from another thread. NULL for nobody. */
	void (*progress)(void *arg, int done, int total);
	void *progress_arg;

	struct json_object *cost;  /* object: what was bought */
	struct json_object *notes; /* array of sentences for the step log */
};

/* Says who speaks and how, without the text and the key: see jobs/nodes/speech.h. */
struct speech;
typedef struct err *node_speech(const struct node_run *run, struct db *db, struct speech *ret);

/* A place for an edge; the list ends with a NULL id. */
struct node_port {
	const char *id, *label;
};

enum field_kind {
	FIELD_TEXT,
	FIELD_LONG_TEXT,
	FIELD_NUMBER,
	FIELD_BOOLEAN,
	FIELD_SELECT,
	FIELD_JSON,
	FIELD_VOICE_PROFILE, /* a text: the id of one of the user's profiles */
};

/* A setting of a node, as an editor's form shows it; the list ends with a NULL name. */
struct node_field {
	const char *name, *label, *help;
	enum field_kind kind;
	const char *fallback;       /* what an absent one means, as JSON; NULL for nothing */
	const char *const *options; /* of FIELD_SELECT; ends with NULL */
	double min, max;            /* of FIELD_NUMBER; both 0 for no limits */
	bool required;
};

struct node_type {
	const char *name, *category, *title, *description;
	const struct node_port *inputs, *outputs;
	const struct node_field *fields;
	/*
	 * How the engine treats its edges. A branching type's output has a `branch`: only the
	 * edges of that name are followed. A looping type's output has `items`: what hangs on its
	 * `item` edges runs for each of them.
	 */
	bool branches, loops;
	node_speech *speech; /* of types that speak; else NULL */
	/* Runs a node; the caller owns *ret_output (never NULL on success). */
	struct err *(*run)(struct node_run *run, struct json_object **ret_output);
};

/* The usual ports: none, one `input`, one `output`. */
extern const struct node_port node_no_ports[], node_input[], node_output[];
extern const struct node_field node_no_fields[];

/* The type of that name, or NULL. */
const struct node_type *node_type_find(const char *name);

/* True for types of older editors that are kept in workflows but not run by this system. */
bool node_type_is_retired(const char *name);

/* All types as an editor's palette needs them: a JSON array, which the caller frees. */
char *node_types_json(void) __attribute__((returns_nonnull));

/* Adds a sentence to the run's notes. */
void node_note(struct node_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
