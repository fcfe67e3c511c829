#include "jobs/nodes/path.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <stdbool.h>
#include <string.h>

size_t path_part(const char *path, const char **ret_name, size_t *ret_name_len)
{
	size_t sign = *path == '.' || *path == '[';
	*ret_name = path + sign;
	*ret_name_len = strcspn(*ret_name, *path == '[' ? "]" : ".[");
	size_t len = sign + *ret_name_len;
	return *path == '[' && path[len] ? len + 1 : len;
}

static bool find_item(struct json_object *array, const char *name, struct json_object **ret)
{
	if (!*name || name[strspn(name, "0123456789")])
		return false;
	size_t index = strtoul(name, NULL, 10);
	*ret = json_object_array_get_idx(array, index);
	return index < json_object_array_length(array);
}

static bool step_into(struct json_object *value, const char *name, struct json_object **ret)
{
	if (json_object_is_type(value, json_type_array))
		return find_item(value, name, ret);
	return json_object_is_type(value, json_type_object) &&
	       json_object_object_get_ex(value, name, ret);
}

const char *path_follow(const char *path, struct json_object **value)
{
	while (*path) {
		const char *start;
		size_t name_len, len = path_part(path, &start, &name_len);
		cleanup(cleanup_free) char *name = mem_strndup(start, name_len);
		struct json_object *next = NULL;
		if (!step_into(*value, name, &next))
			break;
		*value = next;
		path += len;
	}
	return path;
}
