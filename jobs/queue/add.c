/* Adding jobs. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/utf8.h"
#include "jobs/queue/internal.h"

#include <string.h>

enum { ADD_AT_ONCE = 100 }; /* jobs a script: it holds up the server for a millisecond */

/* BullMQ takes numbers for ids of its own making. */
static bool is_integer(const char *id)
{
	const char *digits = id + (*id == '-');
	size_t len = strspn(digits, "0123456789");
	return len > 0 && !digits[len] && (*digits != '0' || len == 1);
}

/* The key of a job is its id behind the queue's prefix, like that of everything else. */
static bool is_reserved(const char *id)
{
	static const char *const names[] = {
		"id",        "meta",    "wait",     "paused", "active",  "prioritized",
		"pc",        "delayed", "failed",   "marker", "stalled", "waiting-children",
		"completed", "limiter", "events",   "repeat", "de",      "stalled-check",
		"dn",        "metrics", "priority", "delay",  "added",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(id, names[i]) == 0)
			return true;
	return false;
}

static struct err *check_spec(const struct queue_spec *spec)
{
	const char *id = spec->id;
	if (!*id || strchr(id, ':') || is_integer(id) || is_reserved(id) ||
	    !utf8_is_valid(id, strlen(id)))
		return err_new(ERR_INVALID, "A job cannot have the id \"%s\"", id);
	if (!utf8_is_valid(spec->name, strlen(spec->name)))
		return err_new(ERR_INVALID, "The name of job %s is not valid UTF-8", id);
	if (spec->priority < 0 || spec->priority > QUEUE_MAX_PRIORITY || spec->delay_ms < 0)
		return err_new(ERR_INVALID, "The priority or delay of job %s is out of range", id);
	return queue_check_json("the data of a job", spec->data);
}

static char *opts_text(const struct queue_spec *spec)
{
	cleanup(cleanup_json) struct json_object *opts = policy_json(&spec->policy);
	js_set_string(opts, "jobId", spec->id);
	if (spec->delay_ms > 0)
		js_set_int(opts, "delay", spec->delay_ms);
	if (spec->priority > 0)
		js_set_int(opts, "priority", spec->priority);
	return js_text(opts);
}

static void add_spec(struct redis_args *args, const struct queue_spec *spec)
{
	cleanup(cleanup_free) char *opts = opts_text(spec);
	redis_arg(args, spec->id);
	redis_arg(args, spec->name);
	redis_arg(args, spec->data);
	redis_arg(args, opts);
	redis_arg_int(args, spec->delay_ms);
	redis_arg_int(args, spec->priority);
	redis_arg(args, queue_side(&spec->policy));
}

static struct err *add_batch(struct queue *q, enum script which, const struct queue_spec *specs,
			     size_t count, bool *ret_added)
{
	cleanup(cleanup_redis_args) struct redis_args args = queue_args(q);
	for (size_t i = 0; i < count; i++)
		add_spec(&args, &specs[i]);
	cleanup(cleanup_reply) redisReply *reply = NULL;
	TRY(queue_run(q, which, &args, &reply));
	for (size_t i = 0; i < count; i++)
		ret_added[i] = reply->element[i]->integer;
	return NULL;
}

static struct err *add_all(struct queue *q, enum script which, const struct queue_spec *specs,
			   size_t count, bool *ret_added)
{
	for (size_t i = 0; i < count; i++)
		TRY(check_spec(&specs[i]));
	for (size_t i = 0; i < count; i += ADD_AT_ONCE) {
		size_t left = count - i;
		TRY(add_batch(q, which, specs + i, left < ADD_AT_ONCE ? left : ADD_AT_ONCE,
			      ret_added + i));
	}
	return NULL;
}

struct err *queue_add_many(struct queue *q, const struct queue_spec *specs, size_t count,
			   bool *ret_added)
{
	return add_all(q, SCRIPT_ADD, specs, count, ret_added);
}

struct err *queue_restore_many(struct queue *q, const struct queue_spec *specs, size_t count,
			       bool *ret_restored)
{
	return add_all(q, SCRIPT_RESTORE, specs, count, ret_restored);
}

struct err *queue_add(struct queue *q, const struct queue_spec *spec, bool *ret_added)
{
	return queue_add_many(q, spec, 1, ret_added);
}
