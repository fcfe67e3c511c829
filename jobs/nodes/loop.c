/* loop: finds the list that its `item` branch is run for; the engine runs it and gathers results.
 */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"

#include <string.h>

enum { DEFAULT_ITERATIONS = 100, MAX_ITERATIONS = 1000 };

/* A list as it is, or an object's `items`, else its first member that is a list; borrowed. */
static struct json_object *list_of(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array))
		return value;
	struct json_object *items = js_get(value, "items");
	if (json_object_is_type(items, json_type_array))
		return items;
	if (!json_object_is_type(value, json_type_object))
		return NULL;
	json_object_object_foreach(value, name, member)
	{
		(void)name;
		if (json_object_is_type(member, json_type_array))
			return member;
	}
	return NULL;
}

static struct json_object *upstream_list(struct json_object *inputs)
{
	json_object_object_foreach(inputs, source, value)
	{
		(void)source;
		struct json_object *list = list_of(value);
		if (list)
			return list;
	}
	return NULL;
}

/* The lines of a text that are not blank. */
static struct json_object *lines_of(const char *text)
{
	struct json_object *lines = json_object_new_array();
	while (*text) {
		size_t len = strcspn(text, "\r\n");
		if (strspn(text, " \t") < len)
			json_object_array_add(lines, json_object_new_string_len(text, (int)len));
		text += len + strspn(text + len, "\r\n");
	}
	return lines;
}

/* The list that a text spells out as JSON, as language models are asked to; else its lines. */
static struct json_object *list_in(const char *text)
{
	struct json_object *list = NULL;
	cleanup(cleanup_err) struct err *e = js_parse(text, strlen(text), &list);
	if (!e && json_object_is_type(list, json_type_array))
		return list;
	json_object_put(list);
	return lines_of(text);
}

/* The caller owns *ret. */
static struct err *find_list(struct json_object *inputs, struct json_object **ret)
{
	struct json_object *list = upstream_list(inputs);
	const char *text = input_text(inputs);
	if (!list && !text)
		return err_new(ERR_INVALID, "There is nothing to go through: connect a node that "
					    "gives a list, or a text, whose lines are the items");
	*ret = list ? json_object_get(list) : list_in(text);
	return NULL;
}

/* The first `max` of the list's items, in a list of its own. */
static struct json_object *first_of(struct json_object *list, size_t max)
{
	struct json_object *items = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(list) && i < max; i++)
		json_object_array_add(items, json_object_get(json_object_array_get_idx(list, i)));
	return items;
}

static size_t max_iterations(const struct node_run *run)
{
	double max = js_number(run->config, "maxIterations", DEFAULT_ITERATIONS);
	return max < 1 ? 1 : max > MAX_ITERATIONS ? MAX_ITERATIONS : (size_t)max;
}

static struct err *run_loop(struct node_run *run, struct json_object **ret_output)
{
	cleanup(cleanup_json) struct json_object *list = NULL;
	TRY(find_list(run->inputs, &list));
	struct json_object *items = first_of(list, max_iterations(run));
	size_t n = json_object_array_length(items), all = json_object_array_length(list);
	if (n < all)
		node_note(run, "Only the first %zu of %zu items: that is the maximum set", n, all);
	struct json_object *output = json_object_new_object();
	js_set_int(output, "iterations", (int64_t)n);
	js_set_bool(output, "completed", true);
	js_set(output, "items", items);
	*ret_output = output;
	return NULL;
}

const struct node_type loop_node = {
	.name = "loop",
	.category = "logic",
	.title = "Loop",
	.description = "Runs a branch once for each item of a list",
	.inputs = (const struct node_port[]){ { "items", "Items" }, { 0 } },
	.outputs = (const struct node_port[]){ { "item", "Item" }, { "done", "Done" }, { 0 } },
	.loops = true,
	.fields =
		(const struct node_field[]){
			{ .name = "maxIterations",
			  .label = "Most items",
			  .kind = FIELD_NUMBER,
			  .fallback = "100",
			  .min = 1,
			  .max = MAX_ITERATIONS,
			  .help = "Items after that many are left out. The items are those of the "
				  "upstream list (of an object: its items, or its first list), or "
				  "the lines of the upstream text" },
			{ 0 },
		},
	.run = run_loop,
};
