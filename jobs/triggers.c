#include "jobs/triggers.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/cron.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/model/trigger.h"

#include <string.h>

/* True for a node that runs as this type: the definition's type wins over the node's. */
static bool is_of_type(struct json_object *node, const char *type)
{
	struct json_object *data = js_get(node, "data");
	const char *status = js_string(data, "status");
	const char *own = js_string(js_get(data, "definition"), "type");
	if (!own)
		own = js_string(node, "type");
	return own && !strcmp(own, type) && !(status && !strcmp(status, "disabled"));
}

/* The node's id; NULL where it has none that a row can keep. */
static const char *id_of(struct json_object *node)
{
	return js_has_nul(js_get(node, "id")) ? NULL : js_string(node, "id");
}

struct json_object *trigger_config(struct json_object *node)
{
	return js_get(js_get(node, "data"), "config");
}

struct json_object *trigger_find(struct json_object *nodes, const char *id, const char *type)
{
	for (size_t i = 0; i < json_object_array_length(nodes); i++) {
		struct json_object *node = json_object_array_get_idx(nodes, i);
		const char *own = id_of(node);
		if (own && !strcmp(own, id) && is_of_type(node, type))
			return node;
	}
	return NULL;
}

static void add_schedule(struct json_object *list, struct json_object *node, int64_t now_ms)
{
	char text[CLOCK_ISO_SIZE];
	int64_t next = 0;
	struct json_object *config = trigger_config(node);
	const char *cron = js_string(config, "cron"), *timezone = js_string(config, "timezone");
	cleanup(cleanup_err) struct err *e = cron_next_named(cron, timezone, now_ms, &next);
	if (e && err_kind(e) == ERR_INTERNAL)
		log_warn("a schedule in %s is left out: %s", timezone, err_message(e));
	if (e)
		return;
	struct json_object *o = json_object_new_object();
	js_set_string(o, "nodeId", id_of(node));
	js_set_string(o, "cron", cron);
	js_set_string(o, "timezone", timezone && *timezone ? timezone : "UTC");
	js_set_string(o, "nextAt", clock_iso(next, text));
	json_object_array_add(list, o);
}

struct err *triggers_sync(struct db *db, const char *workflow, int64_t now_ms)
{
	cleanup(cleanup_json) struct json_object *o = NULL;
	cleanup(cleanup_json) struct json_object *schedules = json_object_new_array();
	cleanup(cleanup_json) struct json_object *hooks = json_object_new_array();
	TRY(js_parse_own(workflow, &o));
	struct json_object *nodes = js_get(o, "nodes");
	const char *status = js_string(o, "status");
	bool is_active = status && !strcmp(status, "ACTIVE");
	for (size_t i = 0; i < json_object_array_length(nodes); i++) {
		struct json_object *node = json_object_array_get_idx(nodes, i);
		const char *id = id_of(node);
		if (id && is_active && is_of_type(node, "schedule-trigger"))
			add_schedule(schedules, node, now_ms);
		if (id && is_of_type(node, "webhook-trigger"))
			json_object_array_add(hooks, json_object_new_string(id));
	}
	cleanup(cleanup_free) char *schedules_text = js_text(schedules);
	cleanup(cleanup_free) char *hooks_text = js_text(hooks);
	return triggers_put(db, js_string(o, "id"), schedules_text, hooks_text);
}
