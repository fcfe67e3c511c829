/* set-variable: gives a value a name; a blank value takes the input. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"

#include <string.h>

struct err *set_variable_run(struct node_run *run, struct json_object **ret_output)
{
	const char *name = js_string(run->config, "variableName");
	if (!name || !*name)
		return err_new(ERR_INVALID, "Give the variable a name in the node's settings");
	struct json_object *value = js_get(run->config, "value");
	const char *text = js_string(run->config, "value");
	if (!value || (text && !text[strspn(text, " \t\r\n")])) {
		value = json_object_get(input_value(run->inputs));
	} else if (text) {
		cleanup(cleanup_free) char *filled = input_fill(text, run->inputs);
		value = json_object_new_string(filled);
	} else {
		value = json_object_get(value);
	}
	*ret_output = json_object_new_object();
	js_set(*ret_output, name, value);
	return NULL;
}
