/* preview-output: passes its inputs on as they are, by source. */
#include "jobs/nodes/node.h"

static struct err *run_preview_output(struct node_run *run, struct json_object **ret_output)
{
	*ret_output = json_object_get(run->inputs);
	return NULL;
}

const struct node_type preview_output_node = {
	.name = "preview-output",
	.category = "utility",
	.title = "Preview Output",
	.description = "Shows what reaches it, and passes it on",
	.inputs = node_input,
	.outputs = node_output,
	.fields = node_no_fields,
	.run = run_preview_output,
};
