#include "jobs/queue/scheduler.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/cron.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The id of a scheduler's job is repeat:<scheduler>:<ms at which it was due>. */
static struct err *due_of(const struct queue_job *job, int64_t *ret)
{
	const char *last = strrchr(job->id, ':');
	char *end = NULL;
	*ret = last ? strtoll(last + 1, &end, 10) : 0;
	if (!last || *end || *ret <= 0)
		return err_new(ERR_INVALID, "it is a repeatable job of an older kind");
	return NULL;
}

/* The first multiple of `every`, moved by `offset`, that is not over; from `last` while that keeps
 * up. */
static int64_t next_of_every(int64_t every, int64_t offset, int64_t last, int64_t now)
{
	int64_t next = last + every;
	if (next >= now)
		return next;
	int64_t slot = now / every * every + offset;
	return slot <= now ? slot + every : slot;
}

static struct err *next_due(struct json_object *repeat, const struct scheduler_times *t,
			    int64_t last, int64_t *ret)
{
	int64_t now = t->now_ms;
	int64_t every = (int64_t)js_number(repeat, "every", 0);
	const char *pattern = js_string(repeat, "pattern");
	if (every > 0) {
		*ret = next_of_every(every, t->offset_ms, last, now);
		return NULL;
	}
	if (!pattern)
		return err_new(ERR_INVALID, "it has neither a distance nor a pattern");
	return err_wrap(
		cron_next_named(pattern, js_string(repeat, "tz"), last > now ? last : now, ret),
		"pattern %s", pattern);
}

static bool has_ended(struct json_object *repeat, int64_t now)
{
	double limit = js_number(repeat, "limit", 0), end = js_number(repeat, "endDate", 0);
	return (limit > 0 && js_number(repeat, "count", 0) + 1 > limit) ||
	       (end > 0 && (double)now > end);
}

/* The opts of the next job: those of this one, moved on. */
static void move_on(struct json_object *opts, struct json_object *repeat,
		    const struct queue_job *job, int64_t now, int64_t due)
{
	const char *scheduler = queue_job_field(job, FIELD_SCHEDULER);
	cleanup(cleanup_free) char *id =
		mem_printf("repeat:%s:%lld", scheduler ? scheduler : "", (long long)due);
	js_set_int(repeat, "count", (int64_t)js_number(repeat, "count", 0) + 1);
	js_set_string(opts, "jobId", id);
	js_set_int(opts, "delay", due > now ? due - now : 0);
	js_set_int(opts, "timestamp", now);
	js_set_string(opts, "repeatJobKey", scheduler);
	if (!js_get(opts, "attempts"))
		js_set_int(opts, "attempts", 0);
	if (js_get(repeat, "pattern"))
		js_set_int(opts, "prevMillis", due);
}

struct err *scheduler_next(const struct queue_job *job, const struct scheduler_times *times,
			   struct scheduler_next *ret)
{
	int64_t last = 0, due = 0;
	const char *text = queue_job_field(job, FIELD_OPTS);
	cleanup(cleanup_json) struct json_object *opts = NULL;
	*ret = (struct scheduler_next){ 0 };
	TRY(due_of(job, &last));
	TRY(js_parse(text ? text : "{}", strlen(text ? text : "{}"), &opts));
	struct json_object *repeat = js_get(opts, "repeat");
	if (has_ended(repeat, times->now_ms))
		return NULL;
	TRY(next_due(repeat, times, last, &due));
	move_on(opts, repeat, job, times->now_ms, due);
	ret->due_ms = due;
	ret->opts = js_text(opts);
	return NULL;
}

void scheduler_next_clear(struct scheduler_next *n)
{
	free(n->opts);
	*n = (struct scheduler_next){ 0 };
}
