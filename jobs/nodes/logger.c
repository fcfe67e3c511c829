/* logger: puts its input into the step log. */
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"

static struct err *run_logger(struct node_run *run, struct json_object **ret_output)
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

const struct node_type logger_node = {
	.name = "logger",
	.category = "utility",
	.title = "Logger",
	.description = "Puts its input into the step log",
	.inputs = node_input,
	.outputs = node_output,
	.fields =
		(const struct node_field[]){
			{ .name = "label",
			  .label = "Label",
			  .kind = FIELD_TEXT,
			  .help = "Tells this entry from others" },
			{ .name = "logLevel",
			  .label = "Level",
			  .kind = FIELD_SELECT,
			  .fallback = "\"info\"",
			  .options =
				  (const char *const[]){ "debug", "info", "warn", "error", NULL },
			  .help = "How important the entry is" },
			{ 0 },
		},
	.run = run_logger,
};
