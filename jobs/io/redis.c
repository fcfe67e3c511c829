#include "jobs/io/redis.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/mem.h"
#include "jobs/io/redis_url.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { SHA1_SIZE = 20, REFUSAL_SIZE = 33 };

struct redis {
	struct redis_url url;
	char *name; /* of the connection; NULL for none */
	int64_t timeout_ms;

	redisContext *context; /* NULL while not connected */
	int64_t deadline_ms;   /* what the socket is set to */
	int64_t retry_at;      /* monotonic; no new attempt before */

	pthread_mutex_t lock; /* guards the two below, which redis_interrupt shares */
	int fd;               /* of the context; -1 while not connected */
	bool interrupted;
};

struct err *redis_new(const char *url, struct redis **ret)
{
	cleanup(cleanup_redis) struct redis *r = mem_alloc(sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	r->fd = -1;
	r->timeout_ms = REDIS_COMMAND_MS;
	TRY(redis_url_parse(url, &r->url));
	*ret = take(r);
	return NULL;
}

static void set_fd(struct redis *r, int fd)
{
	pthread_mutex_lock(&r->lock);
	r->fd = fd;
	if (fd >= 0 && r->interrupted)
		shutdown(fd, SHUT_RDWR);
	pthread_mutex_unlock(&r->lock);
}

static void disconnect(struct redis *r)
{
	set_fd(r, -1);
	redisFree(r->context);
	r->context = NULL;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	disconnect(r);
	pthread_mutex_destroy(&r->lock);
	redis_url_clear(&r->url);
	free(r->name);
	free(r);
}

void redis_set_name(struct redis *r, const char *name)
{
	free(r->name);
	r->name = mem_strdup(name);
}

void redis_set_timeout(struct redis *r, int64_t ms)
{
	r->timeout_ms = ms;
}

void redis_interrupt(struct redis *r)
{
	pthread_mutex_lock(&r->lock);
	r->interrupted = true;
	if (r->fd >= 0)
		shutdown(r->fd, SHUT_RDWR);
	pthread_mutex_unlock(&r->lock);
}

static bool take_interrupt(struct redis *r)
{
	pthread_mutex_lock(&r->lock);
	bool interrupted = r->interrupted;
	r->interrupted = false;
	pthread_mutex_unlock(&r->lock);
	return interrupted;
}

void redis_arg_bytes(struct redis_args *a, const void *bytes, size_t len)
{
	buf_addf(&a->wire, "$%zu\r\n", len);
	buf_add(&a->wire, bytes, len);
	buf_adds(&a->wire, "\r\n");
	a->count++;
}

void redis_arg(struct redis_args *a, const char *text)
{
	redis_arg_bytes(a, text, strlen(text));
}

void redis_arg_int(struct redis_args *a, int64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%lld", (long long)number);
	redis_arg(a, text);
}

void redis_args_clear(struct redis_args *a)
{
	buf_clear(&a->wire);
	a->count = 0;
}

static struct err *cancelled(void)
{
	return err_new(ERR_CANCELLED, "Waiting for Redis was interrupted");
}

/* The error of a connection that broke under a command; closes it. */
static struct err *broken(struct redis *r)
{
	bool timed_out = r->context->err == REDIS_ERR_IO && errno == EAGAIN;
	char why[sizeof(r->context->errstr)];
	snprintf(why, sizeof(why), "%s", timed_out ? "no answer in time" : r->context->errstr);
	disconnect(r);
	if (take_interrupt(r))
		return cancelled();
	return err_new(ERR_UNAVAILABLE, "The connection to Redis at %s broke: %s", r->url.label,
		       why);
}

static struct timeval timeval_of(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

static void set_deadline(struct redis *r, int64_t ms)
{
	if (r->deadline_ms == ms)
		return;
	redisSetTimeout(r->context, timeval_of(ms));
	r->deadline_ms = ms;
}

static void append(struct redis *r, const char *bytes, size_t len)
{
	if (redisAppendFormattedCommand(r->context, bytes, len) != REDIS_OK)
		abort();
}

/* Sends one command, `head` and `tail` together, and reads its reply, which may be an error. */
static struct err *exchange(struct redis *r, const struct redis_args *head,
			    const struct redis_args *tail, redisReply **ret)
{
	assert(r->context);
	char count[16];
	int n = snprintf(count, sizeof(count), "*%d\r\n", head->count + tail->count);
	append(r, count, (size_t)n);
	append(r, head->wire.data, head->wire.len);
	append(r, tail->wire.data, tail->wire.len);

	void *reply = NULL;
	if (redisGetReply(r->context, &reply) != REDIS_OK || !reply)
		return broken(r);
	*ret = reply;
	return NULL;
}

/* One command of the greeting; `ret_refusal` receives an error reply's first word. */
static struct err *greet(struct redis *r, const struct redis_args *args,
			 char ret_refusal[static REFUSAL_SIZE])
{
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(exchange(r, args, &REDIS_ARGS, &reply));
	assert(reply);
	if (reply->type == REDIS_REPLY_ERROR)
		snprintf(ret_refusal, REFUSAL_SIZE, "%.*s", (int)strcspn(reply->str, " "),
			 reply->str);
	return NULL;
}

static struct err *log_in(struct redis *r)
{
	if (!r->url.password)
		return NULL;
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "AUTH");
	if (r->url.user)
		redis_arg(&args, r->url.user);
	redis_arg(&args, r->url.password);
	char refusal[REFUSAL_SIZE] = "";
	struct err *e = greet(r, &args, refusal);
	OPENSSL_cleanse(args.wire.data, args.wire.len);
	if (e || !*refusal)
		return e;
	/* The rest of the reply may repeat the password, where AUTH is an unknown command. */
	return err_new(ERR_UNAVAILABLE, "Redis at %s refused the login (%s)", r->url.label,
		       refusal);
}

static struct err *select_database(struct redis *r)
{
	if (r->url.database == 0)
		return NULL;
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "SELECT");
	redis_arg_int(&args, r->url.database);
	char refusal[REFUSAL_SIZE] = "";
	TRY(greet(r, &args, refusal));
	if (*refusal)
		return err_new(ERR_UNAVAILABLE, "Redis at %s refused database %d (%s)",
			       r->url.label, r->url.database, refusal);
	return NULL;
}

/* A refusal does no harm: dashboards miss the connection, nothing else does. */
static struct err *tell_name(struct redis *r)
{
	if (!r->name)
		return NULL;
	cleanup(cleanup_redis_args) struct redis_args args = REDIS_ARGS;
	redis_arg(&args, "CLIENT");
	redis_arg(&args, "SETNAME");
	redis_arg(&args, r->name);
	char refusal[REFUSAL_SIZE] = "";
	return greet(r, &args, refusal);
}

static struct err *connect_once(struct redis *r)
{
	struct timeval limit = timeval_of(REDIS_CONNECT_MS);
	r->context = r->url.socket ? redisConnectUnixWithTimeout(r->url.socket, limit)
				   : redisConnectWithTimeout(r->url.host, r->url.port, limit);
	if (!r->context)
		abort();
	if (r->context->err) {
		struct err *e = err_new(ERR_UNAVAILABLE, "Redis at %s cannot be reached: %s",
					r->url.label, r->context->errstr);
		disconnect(r);
		return e;
	}
	set_fd(r, r->context->fd);
	r->deadline_ms = 0;
	set_deadline(r, REDIS_CONNECT_MS);
	TRY(log_in(r));
	TRY(select_database(r));
	return tell_name(r);
}

/*
 * A connection that the server closed meanwhile is readable; nothing has been sent, so it can be
 * replaced without harm.
 */
static bool is_stale(const struct redis *r)
{
	struct pollfd p = { .fd = r->context->fd, .events = POLLIN };
	return poll(&p, 1, 0) != 0;
}

static struct err *ensure_connected(struct redis *r)
{
	if (take_interrupt(r))
		return cancelled();
	if (r->context && !is_stale(r))
		return NULL;
	disconnect(r);
	if (clock_monotonic_ms() < r->retry_at)
		return err_new(ERR_UNAVAILABLE, "Redis at %s could not be reached a moment ago",
			       r->url.label);
	struct err *e = connect_once(r);
	if (!e)
		return NULL;
	if (r->context)
		disconnect(r);
	r->retry_at = clock_monotonic_ms() + REDIS_BACKOFF_MS;
	return e;
}

static struct err *run(struct redis *r, const struct redis_args *head,
		       const struct redis_args *tail, redisReply **ret)
{
	if (head->wire.too_big || tail->wire.too_big)
		return err_new(ERR_TOO_LARGE, "A Redis command may have %d bytes at most",
			       REDIS_MAX_COMMAND);
	TRY(ensure_connected(r));
	set_deadline(r, head->block_ms ? head->block_ms + 1000 : r->timeout_ms);
	return exchange(r, head, tail, ret);
}

static bool is_error(const redisReply *reply, const char *code)
{
	assert(reply);
	size_t len = strlen(code);
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, len) == 0 &&
	       (reply->str[len] == ' ' || !reply->str[len]);
}

/* Replies of a server that serves nobody now: the next command should look for another one. */
static bool is_out_of_service(const redisReply *reply)
{
	static const char *const codes[] = { "LOADING",     "READONLY", "MASTERDOWN", "BUSY",
					     "CLUSTERDOWN", "TRYAGAIN", "OOM",        "MISCONF" };
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (is_error(reply, codes[i]))
			return true;
	return false;
}

/* Turns an error reply into an error; else hands the reply over. Takes `reply`. */
static struct err *check_reply(struct redis *r, redisReply *reply, redisReply **ret)
{
	cleanup(cleanup_reply) redisReply *owned = reply;
	if (is_error(reply, "UNBLOCKED")) {
		free(reply->str);
		reply->str = NULL;
		reply->type = REDIS_REPLY_NIL;
	}
	if (is_out_of_service(reply)) {
		disconnect(r);
		return err_new(ERR_UNAVAILABLE, "Redis at %s is out of service: %s", r->url.label,
			       reply->str);
	}
	if (reply->type == REDIS_REPLY_ERROR)
		return err_new(ERR_INTERNAL, "Redis refused a command: %s", reply->str);
	*ret = take(owned);
	return NULL;
}

struct err *redis_command(struct redis *r, const struct redis_args *args, redisReply **ret)
{
	redisReply *reply = NULL;
	TRY(run(r, args, &REDIS_ARGS, &reply));
	return check_reply(r, reply, ret);
}

struct err *redis_commandf(struct redis *r, redisReply **ret, const char *fmt, ...)
{
	char *wire = NULL;
	va_list ap;
	va_start(ap, fmt);
	int len = redisvFormatCommand(&wire, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	/* hiredis has put the count in front; ours is added when the command is sent. */
	struct redis_args args = REDIS_ARGS;
	args.count = (int)strtol(wire + 1, &args.wire.data, 10);
	args.wire.data += strlen("\r\n");
	args.wire.len = (size_t)(wire + len - args.wire.data);
	struct err *e = redis_command(r, &args, ret);
	redisFreeCommand(wire);
	return e;
}

struct redis_script redis_script_new(char *text)
{
	struct redis_script script = { .text = text };
	unsigned char digest[SHA1_SIZE];
	if (!EVP_Digest(text, strlen(text), digest, NULL, EVP_sha1(), NULL))
		abort();
	for (size_t i = 0; i < SHA1_SIZE; i++)
		snprintf(script.sha1 + i * 2, 3, "%02x", digest[i]);
	return script;
}

void redis_script_clear(struct redis_script *script)
{
	free(script->text);
	*script = (struct redis_script){ 0 };
}

static struct err *eval(struct redis *r, const char *const command[2], int keys,
			const struct redis_args *args, redisReply **ret)
{
	cleanup(cleanup_redis_args) struct redis_args head = REDIS_ARGS;
	redis_arg(&head, command[0]);
	redis_arg(&head, command[1]);
	redis_arg_int(&head, keys);
	return run(r, &head, args, ret);
}

struct err *redis_eval(struct redis *r, const struct redis_script *script, int keys,
		       const struct redis_args *args, redisReply **ret)
{
	redisReply *reply = NULL;
	TRY(eval(r, (const char *[]){ "EVALSHA", script->sha1 }, keys, args, &reply));
	if (is_error(reply, "NOSCRIPT")) {
		freeReplyObject(reply);
		TRY(eval(r, (const char *[]){ "EVAL", script->text }, keys, args, &reply));
	}
	return check_reply(r, reply, ret);
}
