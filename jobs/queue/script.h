/* The queue's transitions: Lua scripts, each atomic and one round trip. */
#pragma once
#include "jobs/io/redis.h"

enum script {
	SCRIPT_ADD,
	SCRIPT_RESTORE,
	SCRIPT_FETCH,
	SCRIPT_REARM,
	SCRIPT_EXTEND,
	SCRIPT_FINISH,
	SCRIPT_RETRY_LATER,
	SCRIPT_RETRY_NOW,
	SCRIPT_GIVE_BACK,
	SCRIPT_RECOVER,
	SCRIPT_PROGRESS,
	SCRIPT_LOG,
	SCRIPT_REMOVE,
	SCRIPT_PAUSE,
	SCRIPT_RESUME,
	SCRIPT_COUNTS,
	SCRIPT_LIST,
	SCRIPT_RETRY_FAILED,
};
enum { SCRIPTS = SCRIPT_RETRY_FAILED + 1 };

/* Assembles script `which` from the files it is made of; the caller owns it. */
struct redis_script script_new(enum script which);

/* The name of the transition: that of its file. */
const char *script_name(enum script which);
