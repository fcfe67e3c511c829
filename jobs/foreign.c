#include "jobs/foreign.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/model/execution.h"
#include "jobs/nodes/graph.h"

#include <stdio.h>

enum { MAX_NAMES = 3 };
static const char *const output_names[MAX_NAMES] = { "priorOutputs", "previousOutputs",
						     "stepOutputs" };
static const char *const start_names[MAX_NAMES] = { "startStep", "startFromStep",
						    "startStepIndex" };

static struct json_object *first_of(struct json_object *data, const char *const names[MAX_NAMES])
{
	struct json_object *found = NULL;
	for (int i = 0; i < MAX_NAMES && !found; i++)
		found = js_get(data, names[i]);
	return found;
}

bool foreign_has_graph(struct json_object *data)
{
	return json_object_is_type(js_get(data, "nodes"), json_type_array);
}

/* Ids here are UUIDs; another one could not be looked up by anybody. */
static struct err *need_id(struct json_object *data, const char *name, const char **ret)
{
	*ret = js_string(data, name);
	if (!*ret || !id_is_valid(*ret))
		return err_new(ERR_INVALID, "The job's %s must be a UUID, not \"%s\"", name,
			       *ret ? *ret : "");
	return NULL;
}

static char *text_of(struct json_object *value, const char *fallback)
{
	return value ? js_text(value) : mem_strdup(fallback);
}

struct err *foreign_admit(struct db *db, struct json_object *data)
{
	struct execution_admission a = { 0 };
	TRY(need_id(data, "executionId", &a.id));
	TRY(need_id(data, "workflowId", &a.workflow_id));
	TRY(need_id(data, "userId", &a.user_id));
	cleanup(cleanup_free) char *nodes = text_of(js_get(data, "nodes"), "[]");
	cleanup(cleanup_free) char *edges = text_of(js_get(data, "edges"), "[]");
	cleanup(graph_clear) struct graph graph = { 0 };
	TRY(graph_read(nodes, edges, &graph));
	cleanup(cleanup_free) char *steps = graph_steps(&graph);
	struct json_object *outputs = first_of(data, output_names);
	bool has_outputs = json_object_is_type(outputs, json_type_object);
	cleanup(cleanup_free) char *output_text = text_of(has_outputs ? outputs : NULL, "{}");
	struct json_object *start = first_of(data, start_names);
	const bool is_count = json_object_is_type(start, json_type_int);
	char count[24];
	snprintf(count, sizeof(count), "%lld", (long long)json_object_get_int64(start));
	a.nodes = nodes;
	a.edges = edges;
	a.steps = steps;
	a.outputs = output_text;
	a.start_count = is_count ? count : NULL;
	a.start_node =
		json_object_is_type(start, json_type_string) ? json_object_get_string(start) : NULL;
	return execution_admit(db, &a);
}
