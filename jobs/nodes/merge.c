/* merge: brings branches together; its output has its inputs by the ids of their nodes. */
#include "jobs/base/js.h"
#include "jobs/nodes/node.h"

#include <string.h>

static void add_input(struct json_object *output, const char *source, struct json_object *value)
{
	js_set(output, source, json_object_get(value));
}

static void wait_all(struct json_object *inputs, struct json_object *output)
{
	json_object_object_foreach(inputs, source, value)
	{
		add_input(output, source, value);
	}
}

static void first_wins(struct json_object *inputs, struct json_object *output)
{
	json_object_object_foreach(inputs, source, value)
	{
		add_input(output, source, value);
		return;
	}
}

/* The items of a list, or of a list that a loop or another merge gave; else the value as one. */
static void append_items(struct json_object *items, struct json_object *value)
{
	struct json_object *list = js_get(value, "items");
	if (!json_object_is_type(list, json_type_array))
		list = value;
	if (!json_object_is_type(list, json_type_array)) {
		json_object_array_add(items, json_object_get(list));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++)
		json_object_array_add(items, json_object_get(json_object_array_get_idx(list, i)));
}

static void append(struct json_object *inputs, struct json_object *output)
{
	struct json_object *items = json_object_new_array();
	wait_all(inputs, output);
	json_object_object_foreach(inputs, source, value)
	{
		(void)source;
		append_items(items, value);
	}
	js_set(output, "items", items);
}

static const struct strategy {
	const char *name;
	void (*merge)(struct json_object *inputs, struct json_object *output);
} strategies[] = {
	{ "Wait All", wait_all },
	{ "First Wins", first_wins },
	{ "Append", append },
};
enum { STRATEGIES = sizeof(strategies) / sizeof(strategies[0]) };

/* The strategy of that name, the first for none; NULL where it is unknown. */
static const struct strategy *find_strategy(const char *name)
{
	if (!name || !*name)
		return &strategies[0];
	for (size_t i = 0; i < STRATEGIES; i++)
		if (!strcmp(name, strategies[i].name))
			return &strategies[i];
	return NULL;
}

/* `merged` comes last: a source with that id does not take its place. */
static struct err *run_merge(struct node_run *run, struct json_object **ret_output)
{
	const char *name = js_string(run->config, "strategy");
	const struct strategy *strategy = find_strategy(name);
	if (!strategy)
		return err_new(ERR_INVALID,
			       "The strategy has to be Wait All, First Wins or Append, not "
			       "\"%.40s\"",
			       name);
	*ret_output = json_object_new_object();
	strategy->merge(run->inputs, *ret_output);
	js_set_bool(*ret_output, "merged", true);
	return NULL;
}

const struct node_type merge_node = {
	.name = "merge",
	.category = "logic",
	.title = "Merge",
	.description = "Brings branches together",
	.inputs = (const struct node_port[]){ { "input1", "Input 1" },
					      { "input2", "Input 2" },
					      { 0 } },
	.outputs = node_output,
	.fields =
		(const struct node_field[]){
			{ .name = "strategy",
			  .label = "Strategy",
			  .kind = FIELD_SELECT,
			  .fallback = "\"Wait All\"",
			  .options =
				  (const char *const[]){ "Wait All", "First Wins", "Append", NULL },
			  .help = "Wait All gives every input by its node's id, First Wins the "
				  "first of them only, Append also one list, items, of their "
				  "items: "
				  "those of lists, and of what has a list named items, and "
				  "everything else as an item of its own" },
			{ 0 },
		},
	.run = run_merge,
};
