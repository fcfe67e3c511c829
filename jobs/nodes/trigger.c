/* The triggers: how a run begins. What set it off is not their concern; they say that it was. */
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/nodes/node.h"

struct err *trigger_run(struct node_run *run, struct json_object **ret_output)
{
	char now[CLOCK_ISO_SIZE];
	struct json_object *output = json_object_new_object();
	js_set_bool(output, "triggered", true);
	js_set_string(output, "type", run->type);
	js_set_string(output, "timestamp", clock_iso(clock_ms(), now));
	*ret_output = output;
	return NULL;
}
