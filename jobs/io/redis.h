/*
 * A connection to Redis, through hiredis.
 *
 * It connects at the first command and again after it broke, with login, database and name set
 * anew. A command that failed with ERR_UNAVAILABLE may or may not have run. A connection belongs
 * to one thread at a time; only redis_interrupt may be called from another. The process must
 * ignore SIGPIPE.
 */
#pragma once
#include "jobs/base/buf.h"
#include "jobs/base/err.h"
#include "jobs/io/redis_reply.h"

#include <stdint.h>

enum {
	REDIS_CONNECT_MS = 2000, /* how long one attempt to connect may take */
	REDIS_COMMAND_MS =
		5000,           /* how long the server may take to answer, unless it was asked to */
	REDIS_BACKOFF_MS = 250, /* after a failed attempt, commands fail at once for this long */
	REDIS_MAX_COMMAND = 64 << 20, /* bytes */
	REDIS_MAX_CALLS = 64,         /* in one redis_run */
	REDIS_SHA1_HEX_SIZE = 41,
};

struct redis;

/*
 * Does not connect yet. `url` is redis:// or unix:// (see redis_url_parse); not rediss://, since
 * hiredis 0.14 has no TLS. Fails with ERR_INVALID. The caller owns *ret (redis_free).
 */
must_check struct err *redis_new(const char *url, struct redis **ret);
void redis_free(struct redis *r);

/* Names every later connection (CLIENT SETNAME): printable ASCII without blanks; copied. */
void redis_set_name(struct redis *r, const char *name);

/* Replaces REDIS_COMMAND_MS for this connection. */
void redis_set_timeout(struct redis *r, int64_t ms);

/* The words of one command, in the order they are added, and how the server may answer. */
struct redis_args {
	struct buf wire; /* encoded in RESP as they come */
	int count;
	int64_t block_ms; /* a blocking command's own time; its deadline is this and a second */
};
#define REDIS_ARGS ((struct redis_args){ .wire = BUF(REDIS_MAX_COMMAND) })

void redis_arg(struct redis_args *a, const char *text);
void redis_arg_bytes(struct redis_args *a, const void *bytes, size_t len);
void redis_arg_int(struct redis_args *a, int64_t number);
void redis_args_clear(struct redis_args *a);

/*
 * Runs one command. The caller owns *ret (redis_reply_free); it is never an error reply. A blocking
 * command that the server ended early ("UNBLOCKED", at a failover) yields nil, like one whose time
 * ran out.
 *
 * ERR_UNAVAILABLE: no connection, no answer in time, or a server that takes no commands now
 * (loading, read-only, busy). ERR_CANCELLED: redis_interrupt. ERR_INTERNAL: any other error reply.
 * ERR_TOO_LARGE: above REDIS_MAX_COMMAND.
 */
must_check struct err *redis_command(struct redis *r, const struct redis_args *args,
				     redisReply **ret);

/* The same for words without NUL bytes: blanks in `fmt` divide them, those in a %s do not. */
must_check struct err *redis_commandf(struct redis *r, redisReply **ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A Lua script and the name under which the server keeps it. */
struct redis_script {
	char *text; /* owned */
	char sha1[REDIS_SHA1_HEX_SIZE];
};

/* Takes over `text`. */
struct redis_script redis_script_new(char *text);
void redis_script_clear(struct redis_script *script);

/* A command, or with `script` the run of one; and what came of it. */
struct redis_call {
	const struct redis_script *script; /* NULL: args are the whole command */
	int keys;                          /* how many of the args are its KEYS; the rest is ARGV */
	const struct redis_args *args;
	redisReply *reply; /* the caller's (redis_reply_free); NULL where it failed */
	struct err *error; /* the caller's; fails like redis_command */
};

/*
 * Runs several calls, up to REDIS_MAX_CALLS, in one round trip (Redis calls it pipelining); each
 * succeeds or fails by itself. They run in their order, but for scripts that the server does not
 * know (yet, or any more): their text is sent then, and these come last.
 */
void redis_run(struct redis *r, struct redis_call *const *calls, size_t count);

/*
 * Makes the command under way, or else the next one, fail with ERR_CANCELLED. The connection is
 * closed by it; the command after that connects anew. Safe from any thread.
 */
void redis_interrupt(struct redis *r);

static inline void cleanup_redis(struct redis **r)
{
	redis_free(*r);
}

static inline void cleanup_redis_args(struct redis_args *a)
{
	redis_args_clear(a);
}
