/* logger: puts its input into the step log. */
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"

struct err *logger_run(struct node_run *run, struct json_object **ret_output)
{
	const char *label = js_string(run->config, "label");
	const char *level = js_string(run->config, "logLevel");
	struct json_object *output = json_object_new_object();
	js_set_bool(output, "logged", true);
	js_set_string(output, "label", label ? label : "");
	js_set_string(output, "level", level && *level ? level : "info");
	js_set(output, "data", json_object_get(input_value(run->inputs)));
	*ret_output = output;
	return NULL;
}
