#include "jobs/nodes/url_template.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/input.h"

#include <string.h>

static const char blanks[] = " \t\r\n";

/* Where `text`, whose templates are passed over, has one of `set` first; its end if nowhere. */
static const char *find_outside(const char *text, const char *set)
{
	while (*text && !strchr(set, *text)) {
		const char *close = strncmp(text, "{{", 2) == 0 ? strstr(text, "}}") : NULL;
		text = close ? close + 2 : text + 1;
	}
	return text;
}

/* Where the host and port of a template begin: after a "//" of its own; NULL without one. */
static const char *find_authority(const char *text)
{
	const char *slash = find_outside(text, "/?#");
	return slash[0] == '/' && slash[1] == '/' ? slash + 2 : NULL;
}

/* Fills what stands from `begin` to `end`. */
static struct err *fill_part(const char *begin, const char *end, struct json_object *inputs,
			     char **ret)
{
	cleanup(cleanup_free) char *part = mem_strndup(begin, (size_t)(end - begin));
	return input_fill(part, inputs, ret);
}

struct err *url_template_fill(const char *text, struct json_object *inputs, char **ret)
{
	text += strspn(text, blanks);
	size_t len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]))
		len--;
	cleanup(cleanup_free) char *template = mem_strndup(text, len);
	const char *authority = find_authority(template);
	if (!authority)
		return input_fill(template, inputs, ret);
	const char *path = find_outside(authority, "/?#");
	cleanup(cleanup_free) char *scheme = NULL, *host = NULL, *rest = NULL;
	TRY(fill_part(template, authority, inputs, &scheme));
	TRY(fill_part(authority, path, inputs, &host));
	TRY(fill_part(path, path + strlen(path), inputs, &rest));
	bool is_filled = memmem(authority, (size_t)(path - authority), "{{", 2);
	if (is_filled && strpbrk(host, "/?#@\\"))
		return err_new(ERR_INVALID, "What fills in the host of the URL has to be a host; "
					    "put a slash between the host and what follows it");
	*ret = mem_printf("%s%s%s", scheme, host, rest);
	return NULL;
}
