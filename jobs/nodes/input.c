#include "jobs/nodes/input.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILLED = 16 * 1024 * 1024 };

struct json_object *input_value(struct json_object *inputs)
{
	if (json_object_object_length(inputs) != 1)
		return inputs;
	struct json_object_iterator it = json_object_iter_begin(inputs);
	return json_object_iter_peek_value(&it);
}

static const char *text_of(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		return json_object_get_string(value);
	return js_string(value, "text");
}

/* The first text among an object's values. */
static const char *first_text(struct json_object *o)
{
	json_object_object_foreach(o, key, value)
	{
		(void)key;
		const char *text = text_of(value);
		if (text)
			return text;
	}
	return NULL;
}

const char *input_text(struct json_object *inputs)
{
	const char *text = first_text(inputs);
	if (text)
		return text;
	json_object_object_foreach(inputs, source, value)
	{
		(void)source;
		text = json_object_is_type(value, json_type_object) ? first_text(value) : NULL;
		if (text)
			return text;
	}
	return NULL;
}

/* The member or item `name` of `value`; NULL where there is none. */
static struct json_object *step_into(struct json_object *value, const char *name)
{
	if (!json_object_is_type(value, json_type_array))
		return js_get(value, name);
	char *end;
	size_t index = strtoul(name, &end, 10);
	return *name && !*end ? json_object_array_get_idx(value, index) : NULL;
}

static void add_value(struct buf *out, struct json_object *value)
{
	if (json_object_is_type(value, json_type_string)) {
		buf_adds(out, json_object_get_string(value));
	} else if (value) {
		cleanup(cleanup_free) char *json = js_text(value);
		buf_adds(out, json);
	}
}

/* Node ids may hold dots: the longest source that begins the expression wins. */
static struct json_object *source_of(struct json_object *inputs, const char *expression,
				     const char **ret_rest)
{
	struct json_object *found = NULL;
	size_t longest = 0;
	json_object_object_foreach(inputs, id, value)
	{
		size_t len = strlen(id);
		bool begins = !strncmp(expression, id, len) && strchr(".", expression[len]);
		if (!begins || len < longest)
			continue;
		found = value;
		longest = len;
	}
	*ret_rest = expression + longest;
	return found;
}

/* Resolves the trimmed inside of one {{…}} and appends it. */
static void add_expression(struct buf *out, char *expression, struct json_object *inputs)
{
	const char *text = input_text(inputs);
	if (!strcmp(expression, "input") && text) {
		buf_adds(out, text);
		return;
	}
	const char *rest = expression + strlen("input");
	struct json_object *value = input_value(inputs);
	if (strncmp(expression, "input", 5) != 0 || !strchr(".", *rest))
		value = source_of(inputs, expression, &rest);
	cleanup(cleanup_free) char *path = mem_strdup(rest);
	char *save = NULL;
	for (char *name = strtok_r(path, ".", &save); name; name = strtok_r(NULL, ".", &save))
		value = step_into(value, name);
	add_value(out, value);
}

/* A copy of the `len` characters at `text` without blanks at either end; the caller frees it. */
static char *trimmed(const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char)*text))
		text++, len--;
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return mem_strndup(text, len);
}

char *input_fill(const char *text, struct json_object *inputs)
{
	struct buf out = BUF(MAX_FILLED);
	for (const char *open; (open = strstr(text, "{{")) != NULL;) {
		const char *close = strstr(open + 2, "}}");
		if (!close)
			break;
		buf_add(&out, text, (size_t)(open - text));
		cleanup(cleanup_free) char *expression =
			trimmed(open + 2, (size_t)(close - open - 2));
		add_expression(&out, expression, inputs);
		text = close + 2;
	}
	buf_adds(&out, text);
	return buf_take(&out);
}
