#include "jobs/model/file_key.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <string.h>

bool file_key_is_own(const char *key, const char *user_id)
{
	static const char *const folders[] = { "voice-output", "voice-segments", "voice-assets" };
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		cleanup(cleanup_free) char *prefix = mem_printf("%s/%s/", folders[i], user_id);
		size_t len = strlen(prefix);
		if (!strncmp(key, prefix, len) && key[len] && !strstr(key, "..") &&
		    !strstr(key, "//"))
			return true;
	}
	return false;
}
