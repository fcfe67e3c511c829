/* voiceoverctl queue: what waits and what has failed, and what an administrator can do about it. */
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/conf.h"
#include "jobs/base/id.h"
#include "jobs/base/js.h"
#include "jobs/enqueue.h"
#include "jobs/model/execution.h"
#include "jobs/queue/admin.h"
#include "tools/voiceoverctl/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { SHOWN_FAILURES = 20 };

/* What an action works with. */
struct desk {
	struct queue *queue;
	struct db *db;
	bool json, all;
	char **ids;
	int count;
	int refused; /* ids with which nothing could be done */
};

static void desk_clear(struct desk *d)
{
	queue_free(d->queue);
	db_free(d->db);
}

static void print_json(struct json_object *o)
{
	cleanup(cleanup_free) char *text = js_text(o);
	puts(text);
}

/* "3 d", "2 h", "5 min", "12 s" */
static void print_age(int64_t seconds)
{
	static const struct {
		int64_t size;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;
	while (units[i].size > 1 && seconds < 2 * units[i].size)
		i++;
	printf("%lld %s", (long long)(seconds / units[i].size), units[i].name);
}

static struct err *show_counts(struct desk *d)
{
	struct queue_counts n;
	int64_t oldest = 0;
	TRY(queue_count(d->queue, &n));
	TRY(queue_oldest_ms(d->queue, &oldest));
	int64_t age = oldest ? (clock_ms() - oldest) / 1000 : 0;
	const struct {
		const char *name;
		int64_t count;
	} rows[] = {
		{ "waiting", n.waiting + n.prioritized },
		{ "delayed", n.delayed },
		{ "active", n.active },
		{ "completed", n.completed },
		{ "failed", n.failed },
	};
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		js_set(o, rows[i].name, json_object_new_int64(rows[i].count));
		if (!d->json)
			printf("%-10s %lld\n", rows[i].name, (long long)rows[i].count);
	}
	js_set(o, "oldestWaitingSec", oldest ? json_object_new_int64(age) : NULL);
	js_set_bool(o, "paused", n.is_paused);
	if (d->json) {
		print_json(o);
		return NULL;
	}
	if (oldest) {
		printf("oldest     ");
		print_age(age);
		printf("\n");
	}
	if (n.is_paused)
		printf("paused     nothing is started until `voiceoverctl queue resume`\n");
	return NULL;
}

static struct err *show_failed(struct desk *d)
{
	char when[CLOCK_ISO_SIZE];
	cleanup(queue_list_clear) struct queue_list failed = { 0 };
	TRY(queue_list(d->queue, QUEUE_FAILED, d->all ? QUEUE_LIST_MAX : SHOWN_FAILURES, &failed));
	cleanup(cleanup_json) struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < failed.count; i++) {
		const struct queue_entry *job = &failed.entries[i];
		struct json_object *o = json_object_new_object();
		js_set_string(o, "id", job->id);
		js_set_string(o, "failedAt", clock_iso(job->finished_ms, when));
		js_set(o, "attempts", json_object_new_int64(job->attempts));
		js_set_string(o, "reason", job->reason);
		json_object_array_add(list, o);
		if (!d->json)
			printf("%s  %s  %s\n", job->id, when, job->reason);
	}
	if (d->json)
		print_json(list);
	else if (failed.count == 0)
		printf("no job has failed\n");
	return NULL;
}

static void refuse(struct desk *d, const char *id, const char *why)
{
	d->refused++;
	fprintf(stderr, "voiceoverctl: %s: %s\n", id, why);
}

/* The execution is opened again first: a job without one would only be dropped. */
static struct err *retry(struct desk *d, const char *id)
{
	enum queue_result result;
	cleanup(cleanup_rows) struct rows *reopened = NULL;
	cleanup(cleanup_free) char *status = NULL;
	if (id_is_valid(id)) {
		TRY(execution_reopen(d->db, id, &reopened));
		TRY(execution_status(d->db, id, &status));
	}
	TRY(queue_retry_failed(d->queue, id, &result));
	if (rows_count(reopened) > 0) {
		const struct execution_ticket ticket = execution_ticket(reopened, 0);
		TRY(enqueue_execution(d->queue, &ticket));
		printf("%s goes on from its failed step\n", id);
	} else if (result == QUEUE_DONE) {
		printf("%s waits again\n", id);
	} else if (status) {
		refuse(d, id, strcmp(status, "RUNNING") ? "it has not failed" : "it runs or waits");
	} else {
		refuse(d, id, "there is no failed job and no execution of that id");
	}
	return NULL;
}

/* An execution that has not begun is cancelled with its job, or the job would be put back. */
static struct err *discard(struct desk *d, const char *id)
{
	enum queue_result result;
	cleanup(cleanup_free) char *before = NULL;
	cleanup(cleanup_free) char *after = NULL;
	if (id_is_valid(id)) {
		TRY(execution_status(d->db, id, &before));
		TRY(execution_withdraw(d->db, id));
		TRY(execution_status(d->db, id, &after));
	}
	TRY(queue_remove(d->queue, id, &result));
	bool cancelled = before && strcmp(before, after) != 0;
	if (result == QUEUE_DONE || cancelled)
		printf("%s removed%s\n", id, cancelled ? ", its execution is cancelled" : "");
	else if (result == QUEUE_REFUSED)
		refuse(d, id, "it is running, or belongs to a flow or a scheduler");
	else
		refuse(d, id, "there is no job of that id");
	return NULL;
}

typedef struct err *job_action(struct desk *d, const char *id);

/* The ids given, or else every job of the container, a list's worth at a time. */
static struct err *each(struct desk *d, enum queue_container container, job_action *act)
{
	for (int i = 0; i < d->count; i++)
		TRY(act(d, d->ids[i]));
	for (bool more = d->count == 0; more;) {
		cleanup(queue_list_clear) struct queue_list list = { 0 };
		TRY(queue_list(d->queue, container, QUEUE_LIST_MAX, &list));
		int refused = d->refused;
		for (size_t i = 0; i < list.count; i++)
			TRY(act(d, list.entries[i].id));
		more = list.count == QUEUE_LIST_MAX && d->refused - refused < QUEUE_LIST_MAX;
	}
	return NULL;
}

static struct err *retry_jobs(struct desk *d)
{
	return each(d, QUEUE_FAILED, retry);
}

static struct err *remove_jobs(struct desk *d)
{
	return each(d, QUEUE_FAILED, discard);
}

static struct err *drain(struct desk *d)
{
	static const enum queue_container waiting[] = { QUEUE_WAIT, QUEUE_PAUSED, QUEUE_PRIORITIZED,
							QUEUE_WAS_DELAYED };
	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++)
		TRY(each(d, waiting[i], discard));
	return NULL;
}

static struct err *pause_queue(struct desk *d)
{
	TRY(queue_pause(d->queue));
	printf("paused: what runs goes on, nothing new is started\n");
	return NULL;
}

static struct err *resume_queue(struct desk *d)
{
	TRY(queue_resume(d->queue));
	printf("resumed\n");
	return NULL;
}

/* Whether an action takes ids, and whether --all may stand for them. */
enum takes { NOTHING, ALL, IDS_OR_ALL, CONFIRMED };

static const struct action {
	const char *name, *arguments, *help;
	enum takes takes;
	struct err *(*run)(struct desk *d);
} actions[] = {
	{ "counts", "", "how many jobs there are, and how long the oldest waits", NOTHING,
	  show_counts },
	{ "failed", "[--all]", "the latest failed jobs with their reasons", ALL, show_failed },
	{ "retry", "ID...|--all", "let failed executions go on from their failed steps", IDS_OR_ALL,
	  retry_jobs },
	{ "remove", "ID...|--all",
	  "remove jobs (--all: the failed ones); one that waits is cancelled", IDS_OR_ALL,
	  remove_jobs },
	{ "pause", "", "start nothing new; what runs goes on", NOTHING, pause_queue },
	{ "resume", "", "start again", NOTHING, resume_queue },
	{ "drain", "--all", "cancel all that waits", CONFIRMED, drain },
};

static int usage(int code)
{
	FILE *out = code == EX_OK ? stdout : stderr;
	fprintf(out, "usage: voiceoverctl queue [ACTION] [--json]\n\n");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		fprintf(out, "  %-7s %-12s %s\n", actions[i].name, actions[i].arguments,
			actions[i].help);
	fprintf(out,
		"\nWithout an action: counts. A job's id is its execution's. --json is for counts "
		"and failed.\nExit status: 0; 1 where nothing could be done with an id; 75 where "
		"Redis or "
		"the\ndatabase is away.\n");
	return code;
}

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(name, actions[i].name))
			return &actions[i];
	return NULL;
}

/* Options may stand anywhere; what is left are ids, moved to the front. False for a wrong one. */
static bool read_arguments(struct desk *d, int argc, char **argv)
{
	d->ids = argv;
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			d->json = true;
		else if (!strcmp(argv[i], "--all"))
			d->all = true;
		else if (argv[i][0] == '-')
			return false;
		else
			d->ids[d->count++] = argv[i];
	}
	return true;
}

static bool fits(const struct action *action, const struct desk *d)
{
	switch (action->takes) {
	case NOTHING:
		return d->count == 0 && !d->all;
	case ALL:
		return d->count == 0;
	case IDS_OR_ALL:
		return (d->count > 0) != d->all;
	case CONFIRMED:
		return d->count == 0 && d->all;
	}
	return false;
}

static struct err *open_desk(struct desk *d, const struct conf *conf)
{
	if (!*conf->redis_url)
		return err_new(ERR_INVALID, "There is no queue without REDIS_URL: workflows run "
					    "inside the responders");
	const struct queue_options options = {
		.url = conf->redis_url,
		.prefix = conf->queue_prefix,
		.name = QUEUE_EXECUTIONS,
	};
	TRY(queue_new(&options, &d->queue));
	d->db = db_new(conf->database_url, "voiceoverctl");
	return NULL;
}

int ctl_queue(int argc, char **argv)
{
	bool named = argc > 1 && argv[1][0] != '-';
	const struct action *action = find_action(named ? argv[1] : "counts");
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(EX_OK);
	cleanup(desk_clear) struct desk d = { 0 };
	int used = named ? 2 : 1;
	if (!action || !read_arguments(&d, argc - used, argv + used) || !fits(action, &d))
		return usage(EX_USAGE);
	static struct conf conf; /* its strings live as long as the process */
	cleanup(cleanup_err) struct err *e = conf_load(CONF_NEEDS_DATABASE, &conf);
	if (!e)
		e = open_desk(&d, &conf);
	if (e) {
		fprintf(stderr, "voiceoverctl: %s\n", err_message(e));
		return EX_CONFIG;
	}
	js_init();
	e = action->run(&d);
	if (e) {
		fprintf(stderr, "voiceoverctl: %s\n", err_message(e));
		return err_kind(e) == ERR_UNAVAILABLE ? EX_TEMPFAIL : EX_SOFTWARE;
	}
	return d.refused > 0 ? 1 : EX_OK;
}
