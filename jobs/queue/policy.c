#include "jobs/queue/policy.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/utf8.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* Longer delays would leave the range in which the scores of delayed jobs are exact. */
static const double max_delay_ms = 365.0 * 24 * 3600 * 1000;

/* Member `key` as a whole number from 0 to `max`; `fallback` for any other. */
static int64_t read_count(struct json_object *o, const char *key, int64_t max, int64_t fallback)
{
	double number = js_number(o, key, -1);
	return number >= 0 ? (int64_t)fmin(number, (double)max) : fallback;
}

/* true, false, a count, or an object. */
static struct policy_keep read_keep(struct json_object *opts, const char *key)
{
	struct json_object *rule = js_get(opts, key);
	if (json_object_is_type(rule, json_type_boolean))
		return POLICY_KEEP(json_object_get_boolean(rule) ? 0 : -1);
	if (!json_object_is_type(rule, json_type_object))
		return POLICY_KEEP(read_count(opts, key, INT_MAX, -1));
	struct policy_keep all = POLICY_KEEP(-1);
	return (struct policy_keep){
		.count = read_count(rule, "count", INT_MAX, all.count),
		.seconds = read_count(rule, "age", INT_MAX, all.seconds),
		.limit = read_count(rule, "limit", all.limit, all.limit),
	};
}

/* An object, or the bare delay of a fixed one. */
static void read_backoff(struct json_object *opts, struct policy *p)
{
	struct json_object *backoff = js_get(opts, "backoff");
	if (!json_object_is_type(backoff, json_type_object)) {
		p->backoff_ms = js_number(opts, "backoff", 0);
		return;
	}
	const char *type = js_string(backoff, "type");
	bool is_exponential = type && strcmp(type, "exponential") == 0;
	p->backoff = is_exponential ? BACKOFF_EXPONENTIAL : BACKOFF_FIXED;
	p->unknown_backoff = !is_exponential && (!type || strcmp(type, "fixed") != 0);
	p->backoff_ms = js_number(backoff, "delay", 0);
	p->jitter = fmax(0, fmin(js_number(backoff, "jitter", 0), 1));
}

struct policy policy_parse(struct json_object *opts)
{
	struct policy p = POLICY_DEFAULT;
	p.attempts = (int)read_count(opts, "attempts", INT_MAX, 0);
	read_backoff(opts, &p);
	p.lifo = js_bool(opts, "lifo", false);
	p.stack_limit = read_count(opts, "stackTraceLimit", INT_MAX, -1);
	p.log_limit = read_count(opts, "kl", INT_MAX, 0);
	p.keep_completed = read_keep(opts, "removeOnComplete");
	p.keep_failed = read_keep(opts, "removeOnFail");
	return p;
}

static void write_count(struct json_object *o, const char *key, int64_t count, int64_t fallback)
{
	if (count != fallback)
		js_set_int(o, key, count);
}

static void write_keep(struct json_object *opts, const char *key, const struct policy_keep *keep)
{
	struct policy_keep all = POLICY_KEEP(-1);
	if (keep->count == all.count && keep->seconds == all.seconds)
		return;
	struct json_object *rule = json_object_new_object();
	write_count(rule, "count", keep->count, all.count);
	write_count(rule, "age", keep->seconds, all.seconds);
	write_count(rule, "limit", keep->limit, all.limit);
	js_set(opts, key, rule);
}

static void write_backoff(struct json_object *opts, const struct policy *p)
{
	if (p->backoff_ms == 0)
		return;
	struct json_object *backoff = json_object_new_object();
	bool is_exponential = p->backoff == BACKOFF_EXPONENTIAL;
	js_set_string(backoff, "type", is_exponential ? "exponential" : "fixed");
	js_set_int(backoff, "delay", (int64_t)p->backoff_ms);
	if (p->jitter > 0)
		js_set_double(backoff, "jitter", p->jitter);
	js_set(opts, "backoff", backoff);
}

struct json_object *policy_json(const struct policy *p)
{
	struct json_object *opts = json_object_new_object();
	if (!opts)
		abort();
	js_set_int(opts, "attempts", p->attempts);
	write_backoff(opts, p);
	if (p->lifo)
		js_set_bool(opts, "lifo", true);
	write_count(opts, "stackTraceLimit", p->stack_limit, -1);
	write_count(opts, "kl", p->log_limit, 0);
	write_keep(opts, "removeOnComplete", &p->keep_completed);
	write_keep(opts, "removeOnFail", &p->keep_failed);
	return opts;
}

int64_t policy_retry_delay(const struct policy *p, int64_t made, double chance)
{
	if (made >= p->attempts || p->backoff_ms < 0)
		return -1;
	if (p->backoff_ms == 0)
		return 0;
	double delay = p->backoff_ms;
	if (p->backoff == BACKOFF_EXPONENTIAL)
		delay = round(delay * exp2((double)(made - 1)));
	if (p->jitter > 0)
		delay = floor(chance * delay * p->jitter + delay * (1 - p->jitter));
	return (int64_t)fmin(delay, max_delay_ms);
}

static struct json_object *parse_array(const char *text)
{
	struct json_object *list = NULL;
	cleanup(cleanup_err) struct err *e = text ? js_parse(text, strlen(text), &list) : NULL;
	if (json_object_is_type(list, json_type_array))
		return list;
	json_object_put(list);
	return json_object_new_array();
}

char *policy_stacks(const char *old, const char *stack, int64_t limit)
{
	cleanup(cleanup_json) struct json_object *list = parse_array(old);
	cleanup(cleanup_free) char *text = policy_utf8(stack);
	if (json_object_array_add(list, json_object_new_string(text)) != 0)
		abort();
	size_t len = json_object_array_length(list);
	if (limit >= 0 && len > (uint64_t)limit)
		json_object_array_del_idx(list, 0, len - (size_t)limit);
	return js_text(list);
}

char *policy_utf8(const char *text)
{
	size_t len = strlen(text);
	struct buf b = BUF(len * 3 + 2); /* U+FFFD has three bytes */
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = utf8_next(text + i, len - i, &cp);
		if (n > 0)
			buf_add(&b, text + i, n);
		else
			buf_adds(&b, "\xef\xbf\xbd");
		i += n > 0 ? n : 1;
	}
	return buf_take(&b);
}
