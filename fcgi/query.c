#include "fcgi/query.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The byte that two hexadecimal digits stand for; 0, which no text may hold, for anything else. */
static char hex_byte(const char *digits)
{
	if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
		return '\0';
	return (char)strtol((char[]){ digits[0], digits[1], '\0' }, NULL, 16);
}

bool percent_decode(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++, to++) {
		*to = *from;
		if (*from != '%')
			continue;
		*to = hex_byte(from + 1);
		if (!*to)
			return false;
		from += 2;
	}
	*to = '\0';
	return utf8_is_valid(text, (size_t)(to - text));
}

/* One name or value; NULL where it cannot be decoded. */
static char *form_decode(const char *encoded, size_t len)
{
	cleanup(cleanup_free) char *text = mem_strndup(encoded, len);
	for (char *plus = text; (plus = strchr(plus, '+'));)
		*plus = ' ';
	return percent_decode(text) ? take(text) : NULL;
}

char *query_get(const char *query_string, const char *name)
{
	const char *pair = query_string ? query_string : "";
	while (*pair) {
		size_t len = strcspn(pair, "&"), name_len = strcspn(pair, "=&");
		cleanup(cleanup_free) char *key = form_decode(pair, name_len);
		if (key && strcmp(key, name) == 0) {
			size_t skip = name_len + (pair[name_len] == '=');
			return form_decode(pair + skip, len - skip);
		}
		pair += len + (pair[len] == '&');
	}
	return NULL;
}

struct json_object *query_object(const char *query_string)
{
	struct json_object *o = json_object_new_object();
	const char *pair = query_string;
	while (*pair) {
		size_t len = strcspn(pair, "&"), name_len = strcspn(pair, "=&");
		size_t skip = name_len + (pair[name_len] == '=');
		cleanup(cleanup_free) char *name = form_decode(pair, name_len);
		cleanup(cleanup_free) char *value = form_decode(pair + skip, len - skip);
		if (name && *name && value)
			js_set_string(o, name, value);
		pair += len + (pair[len] == '&');
	}
	return o;
}
