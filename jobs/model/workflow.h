/* Workflows. JSON is the wire's; nodes and edges come back as they were written. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

#include <stdbool.h>

/*
 * A change: NULL leaves a field as it is. `body` is the request, whose nodes and edges are kept.
 * `versions` names those, comma-separated, of which the workflow must have one; NULL: any.
 */
struct workflow_change {
	const char *name, *status;
	bool has_description;
	const char *description;
	const char *body;
	const char *versions;
};

must_check struct err *workflow_create(struct db *db, const char *user_id, const char *name,
				       const char *description, char **ret_json);
must_check struct err *workflow_list(struct db *db, const char *user_id, char **ret_json);
must_check struct err *workflow_get(struct db *db, const char *user_id, const char *id,
				    char **ret_json);

/* The workflow with its version, a text that is another one after each change. Both are owned. */
must_check struct err *workflow_get_version(struct db *db, const char *user_id, const char *id,
					    char **ret_json, char **ret_version);

/* ERR_OUTDATED, and nothing is changed, where the workflow has none of the change's versions. */
must_check struct err *workflow_update(struct db *db, const char *user_id, const char *id,
				       const struct workflow_change *change, char **ret_json,
				       char **ret_version);
must_check struct err *workflow_delete(struct db *db, const char *user_id, const char *id);
must_check struct err *workflow_duplicate(struct db *db, const char *user_id, const char *id,
					  char **ret_json);

/* The graph as JSON text; the caller frees both. */
must_check struct err *workflow_graph(struct db *db, const char *user_id, const char *id,
				      char **ret_nodes, char **ret_edges);
