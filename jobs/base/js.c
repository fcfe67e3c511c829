#include "jobs/base/js.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEPT = 64 << 10 }; /* bytes of a document that a thread's own tokener reads */

void js_init(void)
{
	json_c_set_serialization_double_format("%.15g", JSON_C_OPTION_GLOBAL);
}

static const bool allowed_outside[UCHAR_MAX + 1] = {
	[' '] = true, ['\t'] = true, ['\r'] = true,        ['\n'] = true,
	['{'] = true, ['}'] = true,  ['['] = true,         [']'] = true,
	[':'] = true, [','] = true,  ['"'] = true,         ['+'] = true,
	['-'] = true, ['.'] = true,  ['0' ... '9'] = true, /* and the letters of numbers and
							      literals */
	['E'] = true, ['t'] = true,  ['r'] = true,         ['u'] = true,
	['e'] = true, ['f'] = true,  ['a'] = true,         ['l'] = true,
	['s'] = true, ['n'] = true,
};

/* What json-c lets through outside strings although RFC 8259 does not; NULL where all is well. */
static const char *fault_outside(const char *text, size_t len, size_t i)
{
	char c = text[i];
	if (!allowed_outside[(unsigned char)c])
		return "an unexpected character";
	bool digit_follows = i + 1 < len && isdigit((unsigned char)text[i + 1]);
	if (c == '.' && !digit_follows)
		return "a number without digits after its point";
	return NULL;
}

/* One pass over the text for what json-c does not check. */
static struct err *check_lexically(const char *text, size_t len)
{
	bool in_string = false;
	for (size_t i = 0; i < len; i++) {
		const char *fault = NULL;
		if (!in_string)
			fault = fault_outside(text, len, i);
		else if ((unsigned char)text[i] < 0x20)
			fault = "a control character inside a string";
		if (fault)
			return err_new(ERR_INVALID, "Malformed JSON: %s at byte %zu", fault, i);
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string && text[i] == '\\')
			i++;
	}
	return NULL;
}

/* A tokener is some kilobytes, all of which are cleared when it is made: each thread keeps one. */
static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void free_kept(void *tokener)
{
	json_tokener_free(tokener);
}

static void make_key(void)
{
	if (pthread_key_create(&kept_key, free_kept) != 0)
		abort();
}

static struct json_tokener *new_tokener(int depth)
{
	struct json_tokener *t = json_tokener_new_ex(depth);
	if (!t)
		abort();
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	return t;
}

/* The thread's own for what is usual; one grows to the longest string that it has read. */
static struct json_tokener *get_tokener(int depth, size_t len)
{
	if (depth != JS_MAX_DEPTH || len > MAX_KEPT)
		return new_tokener(depth);
	pthread_once(&kept_once, make_key);
	struct json_tokener *t = pthread_getspecific(kept_key);
	if (t)
		return t;
	t = new_tokener(depth);
	if (pthread_setspecific(kept_key, t) != 0)
		abort();
	return t;
}

static void put_tokener(struct json_tokener *t, int depth, size_t len)
{
	if (depth != JS_MAX_DEPTH || len > MAX_KEPT)
		json_tokener_free(t);
	else
		json_tokener_reset(t);
}

static struct err *parse(const char *text, size_t len, int depth, struct json_object **ret)
{
	if (len > INT_MAX)
		return err_new(ERR_TOO_LARGE, "The JSON document is too large");
	if (!utf8_is_valid(text, len))
		return err_new(ERR_INVALID, "Malformed JSON: not valid UTF-8");
	TRY(check_lexically(text, len));

	struct json_tokener *t = get_tokener(depth, len);
	struct json_object *o = json_tokener_parse_ex(t, text, (int)len);
	enum json_tokener_error status = json_tokener_get_error(t);
	size_t end = json_tokener_get_parse_end(t);
	if (status == json_tokener_continue) { /* a number or literal ends only with the text */
		o = json_tokener_parse_ex(t, " ", 1);
		status = json_tokener_get_error(t);
		end = len;
	}
	put_tokener(t, depth, len);
	if (status == json_tokener_success && end == len) {
		*ret = o;
		return NULL;
	}
	json_object_put(o);
	const char *why = status == json_tokener_success    ? "something follows the document"
			  : status == json_tokener_continue ? "the document is cut off"
							    : json_tokener_error_desc(status);
	return err_new(ERR_INVALID, "Malformed JSON: %s at byte %zu", why, end);
}

struct err *js_parse(const char *text, size_t len, struct json_object **ret)
{
	return parse(text, len, JS_MAX_DEPTH, ret);
}

struct err *js_parse_own(const char *text, struct json_object **ret)
{
	return parse(text, strlen(text), JS_MAX_OWN_DEPTH, ret);
}

size_t js_depth(const char *text)
{
	size_t depth = 0, deepest = 0;
	bool in_string = false;
	for (const char *p = text; *p; p++) {
		if (in_string && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			in_string = !in_string;
		else if (!in_string && strchr("[{", *p))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!in_string && strchr("]}", *p))
			depth--;
	}
	return deepest;
}

char *js_text(struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		abort(); /* out of memory */
	return mem_strdup(text);
}

struct json_object *js_get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, key, &value);
	return value;
}

const char *js_string(struct json_object *o, const char *key)
{
	struct json_object *value = js_get(o, key);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* The number that is all of `text` but for blanks at its ends; NAN where there is none. */
static double number_of(const char *text)
{
	char *end;
	double number = strtod(text, &end);
	if (end == text)
		return NAN;
	while (isspace((unsigned char)*end))
		end++;
	return *end ? NAN : number;
}

double js_number(struct json_object *o, const char *key, double fallback)
{
	struct json_object *value = js_get(o, key);
	double number = NAN;
	if (json_object_is_type(value, json_type_int) ||
	    json_object_is_type(value, json_type_double))
		number = json_object_get_double(value);
	else if (json_object_is_type(value, json_type_string) && !js_has_nul(value))
		number = number_of(json_object_get_string(value));
	return isfinite(number) ? number : fallback;
}

bool js_bool(struct json_object *o, const char *key, bool fallback)
{
	struct json_object *value = js_get(o, key);
	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value);
	const char *text = js_string(o, key);
	if (text && !strcasecmp(text, "true"))
		return true;
	if (text && !strcasecmp(text, "false"))
		return false;
	return fallback;
}

bool js_has_nul(struct json_object *o)
{
	return json_object_is_type(o, json_type_string) &&
	       strlen(json_object_get_string(o)) != (size_t)json_object_get_string_len(o);
}

void js_set(struct json_object *o, const char *key, struct json_object *value)
{
	if (json_object_object_add(o, key, value) != 0)
		abort();
}

void js_set_string(struct json_object *o, const char *key, const char *value)
{
	js_set(o, key, value ? json_object_new_string(value) : NULL);
}

void js_set_int(struct json_object *o, const char *key, int64_t value)
{
	js_set(o, key, json_object_new_int64(value));
}

void js_set_double(struct json_object *o, const char *key, double value)
{
	js_set(o, key, json_object_new_double(value));
}

void js_set_bool(struct json_object *o, const char *key, bool value)
{
	js_set(o, key, json_object_new_boolean(value));
}
