#include "jobs/nodes/input.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/path.h"

#include <ctype.h>
#include <string.h>

enum { MAX_FILLED = 16 * 1024 * 1024, MAX_NAMES = 300 };

bool input_is_blank(const char *text)
{
	return !text || !text[strspn(text, " \t\r\n")];
}

struct json_object *input_value(struct json_object *inputs)
{
	if (json_object_object_length(inputs) != 1)
		return inputs;
	struct json_object_iterator it = json_object_iter_begin(inputs);
	return json_object_iter_peek_value(&it);
}

typedef struct json_object *text_of(struct json_object *value);

static struct json_object *string_of(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) ? value : NULL;
}

static struct json_object *text_member_of(struct json_object *value)
{
	return string_of(js_get(value, "text"));
}

static struct json_object *either_of(struct json_object *value)
{
	struct json_object *text = string_of(value);
	return text ? text : text_member_of(value);
}

/* A trigger's output says what set it off; none of its strings is meant to be read. */
static bool is_of_trigger(struct json_object *o)
{
	return json_object_is_type(js_get(o, "triggered"), json_type_boolean);
}

/* The first text that `find` finds among an object's values, at `depth` levels below them. */
static struct json_object *first_text(struct json_object *o, int depth, text_of *find)
{
	if (!json_object_is_type(o, json_type_object) || is_of_trigger(o))
		return NULL;
	json_object_object_foreach(o, key, value)
	{
		(void)key;
		struct json_object *text = depth ? first_text(value, depth - 1, find) : find(value);
		if (text)
			return text;
	}
	return NULL;
}

/* A `text` is meant to be read; other strings one level down may be just names and times. */
static struct json_object *find_text(struct json_object *inputs)
{
	struct json_object *text = first_text(inputs, 0, either_of);
	if (!text)
		text = first_text(inputs, 1, text_member_of);
	return text ? text : first_text(inputs, 1, string_of);
}

const char *input_text(struct json_object *inputs)
{
	return json_object_get_string(find_text(inputs));
}

/* Node ids may hold dots: the longest source that begins the reference wins. */
static size_t source_of(struct json_object *inputs, const char *reference, struct json_object **ret)
{
	size_t longest = 0;
	json_object_object_foreach(inputs, id, value)
	{
		size_t len = strlen(id);
		if (len <= longest || strncmp(reference, id, len) != 0 ||
		    !strchr(".[", reference[len]))
			continue;
		*ret = value;
		longest = len;
	}
	return longest;
}

/* The names of an object's members, as far as they fit a message; the caller frees them. */
static char *names_of(struct json_object *o)
{
	struct buf names = BUF(MAX_NAMES + 100);
	json_object_object_foreach(o, name, value)
	{
		(void)value;
		if (names.len > MAX_NAMES) {
			buf_adds(&names, ", …");
			break;
		}
		buf_addf(&names, "%s%.80s", names.len ? ", " : "", name);
	}
	return buf_take(&names);
}

static struct err *no_source(struct json_object *inputs, const char *reference)
{
	cleanup(cleanup_free) char *names = names_of(inputs);
	if (!*names)
		return err_new(ERR_INVALID, "{{%.100s}}: nothing feeds this node", reference);
	return err_new(ERR_INVALID, "{{%.100s}}: no such node feeds this one; those that do: %s",
		       reference, names);
}

struct err *input_find(struct json_object *inputs, const char *reference, struct json_object **ret,
		       const char **ret_rest)
{
	static const size_t input_len = sizeof("input") - 1;
	struct json_object *value = NULL;
	size_t len = source_of(inputs, reference, &value);
	if (!len && json_object_object_length(inputs) > 0 &&
	    !strncmp(reference, "input", input_len) && strchr(".[", reference[input_len])) {
		len = input_len;
		value = reference[len] ? NULL : find_text(inputs);
		value = value ? value : input_value(inputs);
	}
	if (!len)
		return no_source(inputs, reference);
	*ret_rest = path_follow(reference + len, &value);
	*ret = value;
	return NULL;
}

/* `reference` leads to `reached`, but not any farther: `rest` does not exist there. */
static struct err *no_such_part(const char *reference, const char *rest,
				struct json_object *reached)
{
	const char *name;
	size_t len;
	path_part(rest, &name, &len);
	cleanup(cleanup_free) char *missing = mem_strndup(name, len < 80 ? len : 80);
	cleanup(cleanup_free) char *known = mem_strndup(reference, (size_t)(rest - reference));
	if (json_object_is_type(reached, json_type_array))
		return err_new(ERR_INVALID,
			       "{{%.100s}}: \"%.80s\" is a list of %zu, counted from 0; it has no "
			       "\"%s\"",
			       reference, known, json_object_array_length(reached), missing);
	if (!json_object_is_type(reached, json_type_object))
		return err_new(ERR_INVALID,
			       "{{%.100s}}: \"%.80s\" is a single value (%s); it has no \"%s\"",
			       reference, known, json_type_to_name(json_object_get_type(reached)),
			       missing);
	cleanup(cleanup_free) char *names = names_of(reached);
	bool is_node = !strpbrk(known, ".[") && strcmp(known, "input") != 0;
	return err_new(ERR_INVALID, "{{%.100s}}: %s\"%.80s\" %s no \"%s\"; it %s: %s", reference,
		       is_node ? "the node " : "", known, is_node ? "gave" : "has", missing,
		       is_node ? "gave" : "has", *names ? names : "nothing");
}

static struct err *add_value(struct buf *out, struct json_object *value, const char *reference,
			     input_adder *add)
{
	if (js_has_nul(value))
		return err_new(ERR_INVALID,
			       "{{%.100s}} holds a NUL character, which no text may have",
			       reference);
	if (json_object_is_type(value, json_type_string)) {
		add(out, json_object_get_string(value));
	} else if (value) {
		cleanup(cleanup_free) char *json = js_text(value);
		add(out, json);
	}
	return NULL;
}

char *input_reference(const char *inside, size_t len)
{
	while (len > 0 && isspace((unsigned char)*inside))
		inside++, len--;
	while (len > 0 && isspace((unsigned char)inside[len - 1]))
		len--;
	return mem_strndup(inside, len);
}

/* Appends what one {{…}} stands for. */
static struct err *add_reference(struct buf *out, const char *inside, size_t len,
				 struct json_object *inputs, input_adder *add)
{
	cleanup(cleanup_free) char *reference = input_reference(inside, len);
	struct json_object *value = NULL;
	const char *rest = "";
	TRY(input_find(inputs, reference, &value, &rest));
	if (*rest)
		return no_such_part(reference, rest, value);
	return add_value(out, value, reference, add);
}

/* The last "{{" in `text` before `end`, so that what is not closed stays text; or NULL. */
static const char *last_open(const char *text, const char *end)
{
	for (const char *p = end - 2; p >= text; p--)
		if (p[0] == '{' && p[1] == '{')
			return p;
	return NULL;
}

static struct err *fill(struct buf *out, const char *text, struct json_object *inputs,
			input_adder *add)
{
	for (const char *close; (close = strstr(text, "}}")) != NULL; text = close + 2) {
		const char *open = close - text < 2 ? NULL : last_open(text, close);
		bool escaped = open && open > text && open[-1] == '\\';
		const char *plain_end = escaped ? open - 1 : open ? open : close + 2;
		buf_add(out, text, (size_t)(plain_end - text));
		if (escaped)
			buf_add(out, open, (size_t)(close + 2 - open));
		else if (open)
			TRY(add_reference(out, open + 2, (size_t)(close - open - 2), inputs, add));
		if (out->too_big)
			break;
	}
	buf_adds(out, text);
	if (out->too_big)
		return err_new(ERR_TOO_LARGE, "With its {{…}} filled in the text is over %d MiB",
			       MAX_FILLED / 1024 / 1024);
	return NULL;
}

struct err *input_fill_by(input_adder *add, const char *text, struct json_object *inputs,
			  char **ret)
{
	cleanup(buf_clear) struct buf out = BUF(MAX_FILLED);
	TRY(fill(&out, text, inputs, add));
	*ret = buf_take(&out);
	return NULL;
}

struct err *input_fill(const char *text, struct json_object *inputs, char **ret)
{
	return input_fill_by(buf_adds, text, inputs, ret);
}

static struct err *fill_value(struct json_object *template, struct json_object *inputs,
			      size_t *left, struct json_object **ret);

static struct err *fill_object(struct json_object *template, struct json_object *inputs,
			       size_t *left, struct json_object *ret)
{
	json_object_object_foreach(template, name, value)
	{
		struct json_object *filled = NULL;
		struct err *e = fill_value(value, inputs, left, &filled);
		js_set(ret, name, filled); /* a half-filled one too, to be freed with it */
		TRY(e);
	}
	return NULL;
}

static struct err *fill_array(struct json_object *template, struct json_object *inputs,
			      size_t *left, struct json_object *ret)
{
	for (size_t i = 0; i < json_object_array_length(template); i++) {
		struct json_object *filled = NULL;
		struct err *e =
			fill_value(json_object_array_get_idx(template, i), inputs, left, &filled);
		json_object_array_add(ret, filled);
		TRY(e);
	}
	return NULL;
}

static struct err *fill_string(struct json_object *template, struct json_object *inputs,
			       size_t *left, struct json_object **ret)
{
	if (js_has_nul(template))
		return err_new(ERR_INVALID, "A text may not have a NUL character");
	cleanup(buf_clear) struct buf out = BUF(*left);
	TRY(fill(&out, json_object_get_string(template), inputs, buf_adds));
	*left -= out.len;
	*ret = json_object_new_string_len(out.data ? out.data : "", (int)out.len);
	return NULL;
}

/* As deep as the template, whose depth js_parse limits. */
static struct err *fill_value(struct json_object *template, struct json_object *inputs,
			      size_t *left, struct json_object **ret)
{
	if (json_object_is_type(template, json_type_string))
		return fill_string(template, inputs, left, ret);
	if (json_object_is_type(template, json_type_object))
		return fill_object(template, inputs, left, *ret = json_object_new_object());
	if (json_object_is_type(template, json_type_array))
		return fill_array(template, inputs, left, *ret = json_object_new_array());
	*ret = json_object_get(template);
	return NULL;
}

struct err *input_fill_json(struct json_object *template, struct json_object *inputs,
			    struct json_object **ret)
{
	cleanup(cleanup_json) struct json_object *filled = NULL;
	size_t left = MAX_FILLED;
	TRY(fill_value(template, inputs, &left, &filled));
	*ret = take(filled);
	return NULL;
}
