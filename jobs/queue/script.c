#include "jobs/queue/script.h"

#include "jobs/base/buf.h"
#include "lua.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SCRIPT = 64 << 10, MAX_PARTS = 5 };

/* The file of lua/ that is the transition, and before it those with functions for it. */
static const char *const parts[SCRIPTS][MAX_PARTS] = {
	[SCRIPT_ADD] = { "enqueue", "add" },
	[SCRIPT_RESTORE] = { "enqueue", "restore" },
	[SCRIPT_FETCH] = { "next", "fetch" },
	[SCRIPT_REARM] = { "enqueue", "rearm" },
	[SCRIPT_EXTEND] = { "extend" },
	[SCRIPT_FINISH] = { "enqueue", "family", "next", "metrics", "finish" },
	[SCRIPT_RETRY_LATER] = { "retry_later" },
	[SCRIPT_RETRY_NOW] = { "retry_now" },
	[SCRIPT_GIVE_BACK] = { "give_back" },
	[SCRIPT_RECOVER] = { "recover" },
	[SCRIPT_PROGRESS] = { "progress" },
	[SCRIPT_LOG] = { "log" },
	[SCRIPT_REMOVE] = { "remove" },
	[SCRIPT_PAUSE] = { "pause" },
	[SCRIPT_RESUME] = { "resume" },
	[SCRIPT_COUNTS] = { "counts" },
	[SCRIPT_LIST] = { "list" },
	[SCRIPT_RETRY_FAILED] = { "retry_failed" },
};

static const char *text_of(const char *name)
{
	for (size_t i = 0; i < sizeof(lua) / sizeof(lua[0]); i++)
		if (strcmp(lua[i].name, name) == 0)
			return lua[i].text;
	abort();
}

const char *script_name(enum script which)
{
	size_t last = 0;
	while (last + 1 < MAX_PARTS && parts[which][last + 1])
		last++;
	return parts[which][last];
}

struct redis_script script_new(enum script which)
{
	struct buf text = BUF(MAX_SCRIPT);
	buf_adds(&text, text_of("common"));
	for (size_t i = 0; i < MAX_PARTS && parts[which][i]; i++)
		buf_adds(&text, text_of(parts[which][i]));
	return redis_script_new(buf_take(&text));
}
