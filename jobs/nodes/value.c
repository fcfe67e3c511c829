#include "jobs/nodes/value.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* strtod also reads hexadecimal, infinities and not-a-number. */
static bool read_number(const char *text, double *ret)
{
	char *end;
	*ret = strtod(text, &end);
	if (end == text || strspn(text, " \t\r\n0123456789+-.eE") < (size_t)(end - text))
		return false;
	while (isspace((unsigned char)*end))
		end++;
	return !*end && isfinite(*ret);
}

/* True for a number, or a text that is one. */
static bool as_number(struct json_object *value, double *ret)
{
	if (json_object_is_type(value, json_type_string))
		return !js_has_nul(value) && read_number(json_object_get_string(value), ret);
	*ret = json_object_get_double(value);
	return json_object_is_type(value, json_type_int) ||
	       json_object_is_type(value, json_type_double);
}

/* True for a boolean, or a text that names one. */
static bool as_boolean(struct json_object *value, bool *ret)
{
	*ret = json_object_get_boolean(value);
	if (json_object_is_type(value, json_type_boolean))
		return true;
	if (!json_object_is_type(value, json_type_string))
		return false;
	*ret = !strcasecmp(json_object_get_string(value), "true");
	return *ret || !strcasecmp(json_object_get_string(value), "false");
}

static bool is_container(struct json_object *value)
{
	return json_object_is_type(value, json_type_object) ||
	       json_object_is_type(value, json_type_array);
}

/* As text; the caller frees it. */
static char *as_text(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		return mem_strdup(json_object_get_string(value));
	return js_text(value);
}

static int compare_texts(struct json_object *a, struct json_object *b)
{
	cleanup(cleanup_free) char *x = as_text(a), *y = as_text(b);
	return strcmp(x, y);
}

bool value_equals(struct json_object *a, struct json_object *b)
{
	double x, y;
	bool p, q;
	if (!a || !b)
		return a == b;
	if (as_number(a, &x) && as_number(b, &y))
		return x >= y && x <= y; /* what == says, which compilers warn of */
	bool is_boolean = json_object_is_type(a, json_type_boolean) ||
			  json_object_is_type(b, json_type_boolean);
	if (is_boolean)
		return as_boolean(a, &p) && as_boolean(b, &q) && p == q;
	if (is_container(a) && is_container(b))
		return json_object_equal(a, b);
	return compare_texts(a, b) == 0;
}

bool value_differs(struct json_object *a, struct json_object *b)
{
	return !value_equals(a, b);
}

static bool has_order(struct json_object *value)
{
	return value && !is_container(value) && !json_object_is_type(value, json_type_boolean);
}

bool value_is_above(struct json_object *a, struct json_object *b)
{
	double x, y;
	if (!has_order(a) || !has_order(b))
		return false;
	if (as_number(a, &x) && as_number(b, &y))
		return x > y;
	return compare_texts(a, b) > 0;
}

bool value_is_below(struct json_object *a, struct json_object *b)
{
	return value_is_above(b, a);
}

bool value_is_at_least(struct json_object *a, struct json_object *b)
{
	return has_order(a) && has_order(b) && !value_is_above(b, a);
}

bool value_is_at_most(struct json_object *a, struct json_object *b)
{
	return value_is_at_least(b, a);
}

static bool has_item(struct json_object *array, struct json_object *wanted)
{
	for (size_t i = 0; i < json_object_array_length(array); i++)
		if (value_equals(json_object_array_get_idx(array, i), wanted))
			return true;
	return false;
}

bool value_contains(struct json_object *a, struct json_object *b)
{
	if (!a || !b)
		return false;
	if (json_object_is_type(a, json_type_array))
		return has_item(a, b);
	cleanup(cleanup_free) char *part = as_text(b);
	if (json_object_is_type(a, json_type_object))
		return json_object_object_get_ex(a, part, NULL);
	cleanup(cleanup_free) char *text = as_text(a);
	return strstr(text, part) != NULL;
}

bool value_is_empty(struct json_object *value)
{
	if (json_object_is_type(value, json_type_object))
		return json_object_object_length(value) == 0;
	if (json_object_is_type(value, json_type_array))
		return json_object_array_length(value) == 0;
	if (!json_object_is_type(value, json_type_string))
		return !value;
	const char *text = json_object_get_string(value);
	return !text[strspn(text, " \t\r\n")];
}

bool value_is_true(struct json_object *value)
{
	if (value_is_empty(value))
		return false;
	if (!json_object_is_type(value, json_type_string))
		return is_container(value) || json_object_get_boolean(value);
	const char *text = json_object_get_string(value);
	return strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0;
}
