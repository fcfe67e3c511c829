/* set-variable: gives a value a name; a blank value takes the input. */
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"

#include <string.h>

static struct err *run_set_variable(struct node_run *run, struct json_object **ret_output)
{
	const char *name = js_string(run->config, "variableName");
	if (!name || !*name)
		return err_new(ERR_INVALID, "Give the variable a name in the node's settings");
	struct json_object *value = js_get(run->config, "value");
	const char *text = js_string(run->config, "value");
	if (!value || (text && !text[strspn(text, " \t\r\n")]))
		value = json_object_get(input_value(run->inputs));
	else
		TRY(input_fill_json(value, run->inputs, &value));
	*ret_output = json_object_new_object();
	js_set(*ret_output, name, value);
	return NULL;
}

const struct node_type set_variable_node = {
	.name = "set-variable",
	.category = "utility",
	.title = "Set Variable",
	.description = "Gives a value a name",
	.inputs = node_input,
	.outputs = node_output,
	.fields =
		(const struct node_field[]){
			{ .name = "variableName",
			  .label = "Name",
			  .kind = FIELD_TEXT,
			  .required = true,
			  .help = "A variable named text is what the voice nodes speak" },
			{ .name = "value",
			  .label = "Value",
			  .kind = FIELD_LONG_TEXT,
			  .help = "Blank: the input. {{input}} and {{nodeId.path}} are replaced" },
			{ 0 },
		},
	.run = run_set_variable,
};
