#include "fcgi/validate.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MESSAGE = 300 };

static char *copy(const char *text, bool trim)
{
	size_t len = strlen(text);
	while (trim && len > 0 && isspace((unsigned char)*text))
		text++, len--;
	while (trim && len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return mem_strndup(text, len);
}

/* Notes what is wrong with the length of `text`; true if it is right. */
static bool has_length(struct validation *v, const struct text_rule *rule, const char *text)
{
	size_t len = utf8_length(text);
	if (len == 0 && rule->min > 0)
		validate_fault(v, rule->field, "%s is required", rule->label);
	else if (len < rule->min)
		validate_fault(v, rule->field, "%s must be at least %zu characters", rule->label,
			       rule->min);
	else if (len > rule->max)
		validate_fault(v, rule->field, "%s must be at most %zu characters", rule->label,
			       rule->max);
	else
		return true;
	return false;
}

/* Notes a field that is absent though required, no text, or text with a NUL; its text otherwise. */
static const char *read_text(struct validation *v, const char *field, const char *label,
			     bool required)
{
	struct json_object *value = js_get(v->body, field);
	if (!value && required)
		validate_fault(v, field, "%s is required", label);
	else if (value && !json_object_is_type(value, json_type_string))
		validate_fault(v, field, "%s must be a string", label);
	else if (js_has_nul(value))
		validate_fault(v, field, "%s must not contain the NUL character", label);
	else
		return value ? json_object_get_string(value) : NULL;
	return NULL;
}

char *validate_text(struct validation *v, const struct text_rule *rule)
{
	const char *text = read_text(v, rule->field, rule->label, rule->required);
	if (!text)
		return NULL;
	cleanup(cleanup_free) char *value = copy(text, rule->trim);
	return has_length(v, rule, value) ? take(value) : NULL;
}

const char *validate_word(struct validation *v, const char *field, const char *label, bool required,
			  const char *const *words, size_t count)
{
	const char *text = read_text(v, field, label, required);
	if (!text)
		return NULL;
	cleanup(buf_clear) struct buf list = BUF(MAX_MESSAGE);
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(text, words[i]))
			return words[i];
		buf_addf(&list, "%s%s", i ? ", " : "", words[i]);
	}
	validate_fault(v, field, "%s must be one of: %s", label, list.data);
	return NULL;
}

void validate_array(struct validation *v, const char *field, const char *label)
{
	struct json_object *value;
	if (json_object_object_get_ex(v->body, field, &value) &&
	    !json_object_is_type(value, json_type_array))
		validate_fault(v, field, "%s must be an array", label);
}
