/* if-else: looks at its input, and the run goes on along its true or its false edges. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/expression.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"
#include "jobs/nodes/path.h"
#include "jobs/nodes/value.h"

#include <string.h>

/* Tests of one value, in the form of those of two. */
static bool field_exists(struct json_object *value, struct json_object *wanted)
{
	(void)wanted;
	return value != NULL;
}

static bool field_is_empty(struct json_object *value, struct json_object *wanted)
{
	(void)wanted;
	return value_is_empty(value);
}

static bool field_is_true(struct json_object *value, struct json_object *wanted)
{
	(void)wanted;
	return value_is_true(value);
}

static const struct check {
	const char *name;
	value_test *test;
	bool is_unary;
} checks[] = {
	{ "equals", value_equals, false },      { "not_equals", value_differs, false },
	{ "contains", value_contains, false },  { "greater_than", value_is_above, false },
	{ "less_than", value_is_below, false }, { "exists", field_exists, true },
	{ "is_empty", field_is_empty, true },   { "is_truthy", field_is_true, true },
};
enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

/* The field in the first upstream output that has it, else as a reference; NULL for none. */
static struct json_object *find_field(struct json_object *inputs, const char *field)
{
	json_object_object_foreach(inputs, source, output)
	{
		(void)source;
		struct json_object *value = output;
		if (!*path_follow(field, &value))
			return value;
	}
	struct json_object *value = NULL;
	const char *rest = "";
	cleanup(cleanup_err) struct err *e = input_find(inputs, field, &value, &rest);
	return e || *rest ? NULL : value;
}

/* The field's path; {{path}} is taken for it too. The caller frees it. */
static char *field_path(const char *field)
{
	size_t len = strlen(field);
	bool is_template = len >= 4 && !strncmp(field, "{{", 2) && !strcmp(field + len - 2, "}}");
	return is_template ? input_reference(field + 2, len - 4) : input_reference(field, len);
}

/* The check of that name, the first for none; NULL where it is unknown. */
static const struct check *find_check(const char *name)
{
	if (!name || !*name)
		return &checks[0];
	for (size_t i = 0; i < CHECKS; i++)
		if (!strcmp(name, checks[i].name))
			return &checks[i];
	return NULL;
}

/* What the field is compared with: the setting with its templates filled, else an empty text. */
static struct err *wanted_value(const struct node_run *run, struct json_object **ret)
{
	struct json_object *value = js_get(run->config, "compareValue");
	if (value)
		return input_fill_json(value, run->inputs, ret);
	*ret = json_object_new_string("");
	return NULL;
}

/* Tests a field; *ret_condition is the test in words, which the caller frees. */
static struct err *check_field(const struct node_run *run, bool *ret_result, char **ret_condition)
{
	const char *field = js_string(run->config, "field");
	const char *name = js_string(run->config, "operator");
	const struct check *check = find_check(name);
	cleanup(cleanup_free) char *path = field_path(field ? field : "");
	if (!*path)
		return err_new(ERR_INVALID, "Name the field to check in the node's settings");
	if (!check)
		return err_new(ERR_INVALID,
			       "The operator \"%.40s\" is not known; choose one in the node's "
			       "settings",
			       name);
	cleanup(cleanup_json) struct json_object *wanted = NULL;
	if (!check->is_unary)
		TRY(wanted_value(run, &wanted));
	*ret_result = check->test(find_field(run->inputs, path), wanted);
	cleanup(cleanup_free) char *value = js_text(wanted);
	*ret_condition = check->is_unary ? mem_printf("%s %s", path, check->name)
					 : mem_printf("%s %s %s", path, check->name, value);
	return NULL;
}

static struct err *check_expression(const struct node_run *run, bool *ret_result,
				    char **ret_condition)
{
	const char *condition = js_string(run->config, "condition");
	if (!condition || !condition[strspn(condition, " \t\r\n")])
		return err_new(ERR_INVALID, "Enter a condition in the node's settings, such as "
					    "{{input.score}} > 5");
	TRY(expression_test(condition, run->inputs, ret_result));
	*ret_condition = mem_strdup(condition);
	return NULL;
}

static struct err *decide(const struct node_run *run, bool *ret_result, char **ret_condition)
{
	const char *type = js_string(run->config, "conditionType");
	if (!type || !*type || !strcmp(type, "field_check"))
		return check_field(run, ret_result, ret_condition);
	if (!strcmp(type, "expression"))
		return check_expression(run, ret_result, ret_condition);
	return err_new(ERR_INVALID,
		       "The condition has to be a field_check or an expression, not "
		       "\"%.40s\"",
		       type);
}

/* What was looked at comes first, since a node after this one takes its text from there. */
static struct err *run_if_else(struct node_run *run, struct json_object **ret_output)
{
	bool result = false;
	cleanup(cleanup_free) char *condition = NULL;
	TRY(decide(run, &result, &condition));
	struct json_object *output = json_object_new_object();
	js_set(output, "evaluatedInput", json_object_get(input_value(run->inputs)));
	js_set_string(output, "condition", condition);
	js_set_bool(output, "result", result);
	js_set_string(output, "branch", result ? "true" : "false");
	*ret_output = output;
	return NULL;
}

const struct node_type if_else_node = {
	.name = "if-else",
	.category = "logic",
	.title = "If / Else",
	.description = "Goes on along one of two branches",
	.inputs = node_input,
	.outputs = (const struct node_port[]){ { "true", "True" }, { "false", "False" }, { 0 } },
	.branches = true,
	.fields =
		(const struct node_field[]){
			{ .name = "conditionType",
			  .label = "Condition",
			  .kind = FIELD_SELECT,
			  .fallback = "\"field_check\"",
			  .options = (const char *const[]){ "field_check", "expression", NULL },
			  .help = "A check of one field, or an expression of your own" },
			{ .name = "field",
			  .label = "Field",
			  .kind = FIELD_TEXT,
			  .help = "For a field check: a path such as text, items[0].name or "
				  "nodeId.text, looked for in each upstream output" },
			{ .name = "operator",
			  .label = "Operator",
			  .kind = FIELD_SELECT,
			  .fallback = "\"equals\"",
			  .options = (const char *const[]){ "equals", "not_equals", "contains",
							    "greater_than", "less_than", "exists",
							    "is_empty", "is_truthy", NULL },
			  .help = "Numbers compare as numbers when both sides are such, everything "
				  "else as text; a null does not exist; false, 0, \"false\", \"0\" "
				  "and what is empty are not truthy" },
			{ .name = "compareValue",
			  .label = "Value",
			  .kind = FIELD_TEXT,
			  .help = "What the field is compared with. {{input}} and {{nodeId.path}} "
				  "are "
				  "replaced" },
			{ .name = "condition",
			  .label = "Expression",
			  .kind = FIELD_LONG_TEXT,
			  .help = "Such as {{input.score}} > 5 && {{input.lang}} == \"en\". "
				  "Values: "
				  "{{input.path}}, {{nodeId.path}}, \"text\", numbers, true, "
				  "false, "
				  "null. Between two: == != > >= < <= contains. To join: && || ! "
				  "and "
				  "parentheses" },
			{ 0 },
		},
	.run = run_if_else,
};
