#include "jobs/nodes/expression.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/value.h"

#include <ctype.h>
#include <string.h>

/* Reading goes on where the left side has decided, but what is read does not count then. */
struct reader {
	const char *text, *at;
	struct json_object *inputs;
	int depth;
	int decided; /* how many && and || around this place need no right side any more */
};

/* A sign, and what it asks; one that begins like another stands before it. */
static const struct comparison {
	const char *sign;
	value_test *test;
} comparisons[] = {
	{ "==", value_equals },         { "!=", value_differs }, { ">=", value_is_at_least },
	{ "<=", value_is_at_most },     { ">", value_is_above }, { "<", value_is_below },
	{ "contains", value_contains },
};
enum { COMPARISONS = sizeof(comparisons) / sizeof(comparisons[0]) };

static const struct word {
	const char *text;
	enum { WORD_NULL, WORD_TRUE, WORD_FALSE } value;
} words[] = { { "null", WORD_NULL }, { "true", WORD_TRUE }, { "false", WORD_FALSE } };
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static struct err *read_either(struct reader *r, struct json_object **ret);

static struct err *fault(const struct reader *r, const char *what)
{
	cleanup(cleanup_free) char *before = mem_strndup(r->text, (size_t)(r->at - r->text));
	size_t place = utf8_length(before) + 1;
	if (!*r->at)
		return err_new(ERR_INVALID, "The condition ends too early, at character %zu: %s",
			       place, what);
	return err_new(ERR_INVALID, "The condition is wrong at character %zu (%.30s): %s", place,
		       r->at, what);
}

static bool is_word_part(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n");
}

/* Skips blanks, then `sign` if it is there; a sign that is a word has to end where it ends. */
static bool skip(struct reader *r, const char *sign)
{
	size_t len = strlen(sign);
	skip_blanks(r);
	if (strncmp(r->at, sign, len) != 0 || (is_word_part(sign[0]) && is_word_part(r->at[len])))
		return false;
	r->at += len;
	return true;
}

static struct err *read_reference(struct reader *r, struct json_object **ret)
{
	const char *end = strstr(r->at, "}}"), *rest = "";
	if (!end)
		return fault(r, "the {{ before it is not closed by }}");
	cleanup(cleanup_free) char *reference = input_reference(r->at, (size_t)(end - r->at));
	struct json_object *value = NULL;
	if (!r->decided)
		TRY(input_find(r->inputs, reference, &value, &rest));
	r->at = end + 2;
	*ret = *rest ? NULL : json_object_get(value);
	return NULL;
}

/* What a backslash makes of `c`. */
static char meaning_of(char c)
{
	if (c == 'n')
		return '\n';
	if (c == 't')
		return '\t';
	return c;
}

static struct err *read_text(struct reader *r, char quote, struct json_object **ret)
{
	const char *end = r->at;
	while (*end && *end != quote)
		end += *end == '\\' && end[1] ? 2 : 1;
	if (!*end)
		return fault(r, "the text that begins here has no closing quote");
	cleanup(cleanup_free) char *text = mem_alloc((size_t)(end - r->at) + 1);
	int len = 0;
	while (r->at < end) {
		char c = *r->at++;
		if (c == '\\')
			c = meaning_of(*r->at++);
		text[len++] = c;
	}
	r->at = end + 1;
	*ret = json_object_new_string_len(text, len);
	return NULL;
}

static struct err *read_number(struct reader *r, struct json_object **ret)
{
	size_t len = strspn(r->at, "+-.0123456789eE");
	struct err *e = js_parse(r->at, len, ret);
	if (e) {
		err_free(e);
		return fault(r, "this is no number");
	}
	r->at += len;
	return NULL;
}

static struct err *read_literal(struct reader *r, struct json_object **ret)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (!skip(r, words[i].text))
			continue;
		if (words[i].value != WORD_NULL)
			*ret = json_object_new_boolean(words[i].value == WORD_TRUE);
		return NULL;
	}
	if (*r->at == '"' || *r->at == '\'')
		return read_text(r, *r->at++, ret);
	if (*r->at == '-' || isdigit((unsigned char)*r->at))
		return read_number(r, ret);
	return fault(r, "a value has to stand here: {{input.name}}, \"text\", a number, true, "
			"false or null");
}

static struct err *read_group(struct reader *r, struct json_object **ret)
{
	TRY(read_either(r, ret));
	if (!skip(r, ")"))
		return fault(r, "a ) has to close what a ( has opened");
	return NULL;
}

static struct err *read_operand(struct reader *r, struct json_object **ret)
{
	if (r->depth == EXPRESSION_MAX_DEPTH)
		return fault(r, "there are too many ( and ! inside of each other");
	r->depth++;
	if (skip(r, "!")) {
		cleanup(cleanup_json) struct json_object *value = NULL;
		TRY(read_operand(r, &value));
		*ret = json_object_new_boolean(!value_is_true(value));
	} else if (skip(r, "(")) {
		TRY(read_group(r, ret));
	} else if (skip(r, "{{")) {
		TRY(read_reference(r, ret));
	} else {
		TRY(read_literal(r, ret));
	}
	r->depth--;
	return NULL;
}

static const struct comparison *read_sign(struct reader *r)
{
	for (size_t i = 0; i < COMPARISONS; i++)
		if (skip(r, comparisons[i].sign))
			return &comparisons[i];
	return NULL;
}

static struct err *read_test(struct reader *r, struct json_object **ret)
{
	cleanup(cleanup_json) struct json_object *left = NULL, *right = NULL;
	TRY(read_operand(r, &left));
	const struct comparison *comparison = read_sign(r);
	if (!comparison) {
		*ret = take(left);
		return NULL;
	}
	TRY(read_operand(r, &right));
	*ret = json_object_new_boolean(comparison->test(left, right));
	return NULL;
}

/* Operands joined by `sign`; a truth of `deciding` needs none of those after it. */
static struct err *read_chain(struct reader *r, const char *sign, bool deciding,
			      struct err *(*read)(struct reader *, struct json_object **),
			      struct json_object **ret)
{
	cleanup(cleanup_json) struct json_object *first = NULL;
	TRY(read(r, &first));
	bool truth = value_is_true(first);
	while (skip(r, sign)) {
		cleanup(cleanup_json) struct json_object *next = NULL;
		bool decided = truth == deciding;
		r->decided += decided;
		TRY(read(r, &next));
		r->decided -= decided;
		truth = decided ? truth : value_is_true(next);
		json_object_put(first);
		first = json_object_new_boolean(truth);
	}
	*ret = take(first);
	return NULL;
}

static struct err *read_both(struct reader *r, struct json_object **ret)
{
	return read_chain(r, "&&", false, read_test, ret);
}

static struct err *read_either(struct reader *r, struct json_object **ret)
{
	return read_chain(r, "||", true, read_both, ret);
}

struct err *expression_test(const char *text, struct json_object *inputs, bool *ret)
{
	struct reader r = { .text = text, .at = text, .inputs = inputs };
	cleanup(cleanup_json) struct json_object *value = NULL;
	TRY(read_either(&r, &value));
	skip_blanks(&r);
	if (*r.at)
		return fault(&r, "&&, || or a comparison (== != > >= < <= contains) has to stand "
				 "between two values");
	*ret = value_is_true(value);
	return NULL;
}
