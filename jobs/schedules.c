#include "jobs/schedules.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/cron.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/enqueue.h"
#include "jobs/launch.h"
#include "jobs/model/trigger.h"

enum { MAX_AT_ONCE = 100 };

/* One schedule on its way to an execution. */
struct firing {
	int64_t now_ms;
	char now[CLOCK_ISO_SIZE];
	bool found;
	struct schedule schedule;
	struct execution_created created; /* its id "" where there is none */
};

static void firing_clear(struct firing *f)
{
	schedule_clear(&f->schedule);
	execution_created_clear(&f->created);
}

/* Gives the schedule its next time; one that is never due again goes. */
static struct err *move_on(struct db *db, const struct firing *f)
{
	const struct schedule *s = &f->schedule;
	char next[CLOCK_ISO_SIZE];
	int64_t next_ms = 0;
	cleanup(cleanup_err) struct err *e =
		cron_next_named(s->cron, s->timezone, f->now_ms, &next_ms);
	if (e)
		log_warn("workflow %s: its schedule ends: %s", s->workflow_id, err_message(e));
	return schedule_fired(db, s, f->now, e ? NULL : clock_iso(next_ms, next));
}

/* What the trigger's output says of this run. */
static char *describe(const struct firing *f)
{
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_bool(o, "triggered", true);
	js_set_string(o, "type", "schedule-trigger");
	js_set_string(o, "nodeId", f->schedule.node_id);
	js_set_string(o, "timestamp", f->now);
	js_set_string(o, "scheduledAt", f->schedule.due_at);
	return js_text(o);
}

static struct err *fire(struct db *db, void *arg)
{
	struct firing *f = arg;
	TRY(schedule_due(db, f->now, &f->schedule, &f->found));
	if (!f->found)
		return NULL;
	TRY(move_on(db, f));
	const struct schedule *s = &f->schedule;
	cleanup(cleanup_free) char *trigger = describe(f);
	const struct execution_plan plan = {
		.workflow_id = s->workflow_id,
		.user_id = s->user_id,
		.nodes = s->nodes,
		.edges = s->edges,
		.trigger = trigger,
	};
	return launch(db, &plan, &f->created);
}

static struct err *fire_one(struct db *db, struct queue *queue, struct firing *f)
{
	struct err *e = db_transaction(db, fire, f);
	if (e && f->found && !err_is_retryable(e)) { /* it must not be in the way of the others */
		log_warn("workflow %s: its schedule is due, but it cannot run: %s",
			 f->schedule.workflow_id, err_message(e));
		err_free(e);
		execution_created_clear(&f->created);
		return move_on(db, f);
	}
	if (!e && f->found)
		launch_hand_over(queue, NULL, &f->created.ticket);
	return e;
}

struct err *schedules_fire(const struct services *services, struct queue *queue, int64_t now_ms,
			   int *ret_count)
{
	struct err *e = NULL;
	bool found = true;
	for (int i = 0; i < MAX_AT_ONCE && found && !e; i++) {
		cleanup(firing_clear) struct firing f = { .now_ms = now_ms };
		clock_iso(now_ms, f.now);
		e = fire_one(services->db, queue, &f);
		found = f.found;
		*ret_count += *f.created.ticket.id != '\0';
	}
	return e;
}
