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

enum {
	SHA1_SIZE = 20,
	REFUSAL_SIZE = 33,
	MAX_KEPT = 256 << 10, /* bytes of a buffer that stay between two exchanges */
};

struct redis {
	struct redis_url url;
	char *name; /* of the connection; NULL for none */
	int64_t timeout_ms;

	redisContext *context; /* NULL while not connected */
	struct buf out;        /* written, to be sent */
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
	r->out = BUF(SIZE_MAX);
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
	buf_clear(&r->out);
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

static void add_length(struct buf *wire, char kind, int64_t length)
{
	buf_add(wire, &kind, 1);
	buf_add_int(wire, length);
	buf_adds(wire, "\r\n");
}

static void add_word(struct buf *wire, const void *bytes, size_t len)
{
	add_length(wire, '$', (int64_t)len);
	buf_add(wire, bytes, len);
	buf_adds(wire, "\r\n");
}

static void add_number(struct buf *wire, int64_t number)
{
	char space[24];
	struct buf text = { .data = space, .cap = sizeof(space), .max = sizeof(space) };
	buf_add_int(&text, number);
	add_word(wire, text.data, text.len);
}

void redis_arg_bytes(struct redis_args *a, const void *bytes, size_t len)
{
	add_word(&a->wire, bytes, len);
	a->count++;
}

void redis_arg(struct redis_args *a, const char *text)
{
	redis_arg_bytes(a, text, strlen(text));
}

void redis_arg_int(struct redis_args *a, int64_t number)
{
	add_number(&a->wire, number);
	a->count++;
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

/* Writes a call behind those that are to be sent. */
static void write_call(struct redis *r, const struct redis_call *call, bool with_text)
{
	const struct redis_script *script = call->script;
	add_length(&r->out, '*', call->args->count + (script ? 3 : 0));
	if (script) {
		const char *command = with_text ? "EVAL" : "EVALSHA";
		const char *which = with_text ? script->text : script->sha1;
		add_word(&r->out, command, strlen(command));
		add_word(&r->out, which, strlen(which));
		add_number(&r->out, call->keys);
	}
	buf_add(&r->out, call->args->wire.data, call->args->wire.len);
}

/* Hands over to hiredis what was written, to be sent when the first reply is wanted. */
static void send_written(struct redis *r)
{
	if (redisAppendFormattedCommand(r->context, r->out.data, r->out.len) != REDIS_OK)
		abort();
	r->out.len = 0;
	if (r->out.cap > MAX_KEPT)
		buf_clear(&r->out);
}

/* The next reply, which may be an error. */
static struct err *receive(struct redis *r, redisReply **ret)
{
	assert(r->context);
	void *reply = NULL;
	if (redisGetReply(r->context, &reply) != REDIS_OK || !reply)
		return broken(r);
	*ret = reply;
	return NULL;
}

/* One command of the greeting, which may hold a secret; `ret_refusal` receives an error reply's
 * first word. */
static struct err *greet(struct redis *r, const struct redis_args *args,
			 char ret_refusal[static REFUSAL_SIZE])
{
	cleanup(cleanup_reply) redisReply *reply = NULL;
	write_call(r, &(struct redis_call){ .args = args }, false);
	OPENSSL_cleanse(args->wire.data, args->wire.len);
	send_written(r);
	OPENSSL_cleanse(r->out.data, r->out.cap);
	TRY(receive(r, &reply));
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
	r->context->reader->maxbuf = MAX_KEPT;
	redis_reply_setup(r->context->reader);
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

/* Gives `call` the error of a connection that broke, of which there is one for many calls. */
static void fail_call(struct redis_call *call, const struct err *e)
{
	call->error = err_new(err_kind(e), "%s", err_message(e));
}

static bool is_open(const struct redis_call *call, bool with_text)
{
	return !call->error &&
	       (with_text ? call->reply && is_error(call->reply, "NOSCRIPT") : !call->reply);
}

/*
 * Sends the calls that have no reply yet, or, `with_text`, those whose script the server turned out
 * not to know; and then reads their replies.
 */
static void exchange(struct redis *r, struct redis_call *const *calls, size_t count, bool with_text)
{
	cleanup(cleanup_err) struct err *failed =
		r->context ? NULL
			   : err_new(ERR_UNAVAILABLE, "The connection to Redis at %s broke",
				     r->url.label);
	bool sent[REDIS_MAX_CALLS];
	for (size_t i = 0; i < count; i++) {
		sent[i] = is_open(calls[i], with_text);
		if (!sent[i])
			continue;
		redis_reply_free(calls[i]->reply);
		calls[i]->reply = NULL;
		if (!failed)
			write_call(r, calls[i], with_text);
	}
	if (!failed)
		send_written(r);
	for (size_t i = 0; i < count; i++) {
		if (!sent[i])
			continue;
		if (!failed)
			failed = receive(r, &calls[i]->reply);
		if (failed)
			fail_call(calls[i], failed);
	}
}

static bool needs_text(struct redis_call *const *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_open(calls[i], true))
			return true;
	return false;
}

static bool is_too_big(const struct redis_call *call)
{
	return call->args->wire.too_big;
}

static void begin(struct redis *r, struct redis_call *const *calls, size_t count)
{
	int64_t block_ms = 0;
	cleanup(cleanup_err) struct err *e = ensure_connected(r);
	for (size_t i = 0; i < count; i++) {
		calls[i]->reply = NULL;
		calls[i]->error = NULL;
		if (is_too_big(calls[i]))
			calls[i]->error =
				err_new(ERR_TOO_LARGE, "A Redis command may have %d bytes at most",
					REDIS_MAX_COMMAND);
		else if (e)
			fail_call(calls[i], e);
		if (calls[i]->args->block_ms > block_ms)
			block_ms = calls[i]->args->block_ms;
	}
	if (!e)
		set_deadline(r, block_ms ? block_ms + 1000 : r->timeout_ms);
}

void redis_run(struct redis *r, struct redis_call *const *calls, size_t count)
{
	assert(count <= REDIS_MAX_CALLS);
	begin(r, calls, count);
	exchange(r, calls, count, false);
	if (needs_text(calls, count))
		exchange(r, calls, count, true);
	for (size_t i = 0; i < count; i++)
		if (!calls[i]->error)
			calls[i]->error = check_reply(r, take(calls[i]->reply), &calls[i]->reply);
}

static struct err *run_one(struct redis *r, struct redis_call *call, redisReply **ret)
{
	redis_run(r, &call, 1);
	*ret = call->reply;
	return call->error;
}

struct err *redis_command(struct redis *r, const struct redis_args *args, redisReply **ret)
{
	return run_one(r, &(struct redis_call){ .args = args }, ret);
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
