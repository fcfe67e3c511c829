/* The triggers: how a run begins. The one that set it off says what it was set off by. */
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/cron.h"
#include "jobs/base/js.h"
#include "jobs/nodes/node.h"

#include <string.h>

/* What started the run, if that was this node; NULL for others. The caller owns it. */
static struct json_object *own_trigger(const struct node_run *run)
{
	struct json_object *trigger = NULL;
	if (run->trigger)
		err_free(js_parse_own(run->trigger, &trigger)); /* we wrote it ourselves */
	const char *id = js_string(trigger, "nodeId");
	if (id && !strcmp(id, run->node_id))
		return trigger;
	json_object_put(trigger);
	return NULL;
}

static struct err *run_trigger(struct node_run *run, struct json_object **ret_output)
{
	char now[CLOCK_ISO_SIZE];
	struct json_object *output = own_trigger(run);
	if (!output) {
		output = json_object_new_object();
		js_set_bool(output, "triggered", true);
		js_set_string(output, "type", run->type);
		js_set_string(output, "timestamp", clock_iso(clock_ms(), now));
	}
	*ret_output = output;
	return NULL;
}

/* As above; a schedule that is not followed is noted, since saving it was no error. */
static struct err *run_schedule_trigger(struct node_run *run, struct json_object **ret_output)
{
	int64_t next;
	cleanup(cleanup_err) struct err *e =
		cron_next_named(js_string(run->config, "cron"), js_string(run->config, "timezone"),
				clock_ms(), &next);
	if (e)
		node_note(run, "This schedule does not start the workflow: %s", err_message(e));
	return run_trigger(run, ret_output);
}

const struct node_type manual_trigger_node = {
	.name = "manual-trigger",
	.category = "trigger",
	.title = "Manual Trigger",
	.description = "Starts the workflow when you press Run",
	.inputs = node_no_ports,
	.outputs = node_output,
	.fields = node_no_fields,
	.run = run_trigger,
};

const struct node_type schedule_trigger_node = {
	.name = "schedule-trigger",
	.category = "trigger",
	.title = "Schedule Trigger",
	.description = "Starts the workflow by the clock, while it is active",
	.inputs = node_no_ports,
	.outputs = node_output,
	.fields =
		(const struct node_field[]){
			{ .name = "cron",
			  .label = "Schedule",
			  .kind = FIELD_TEXT,
			  .required = true,
			  .help = "Five fields: minute, hour, day of the month, month, day of the "
				  "week; 0 9 * * 1-5 is at nine on workdays" },
			{ .name = "timezone",
			  .label = "Time zone",
			  .kind = FIELD_TEXT,
			  .fallback = "\"UTC\"",
			  .help = "An IANA name, such as Europe/Berlin" },
			{ 0 },
		},
	.run = run_schedule_trigger,
};

const struct node_type webhook_trigger_node = {
	.name = "webhook-trigger",
	.category = "trigger",
	.title = "Webhook Trigger",
	.description = "Starts the workflow when another system calls its address",
	.inputs = node_no_ports,
	.outputs = node_output,
	.fields =
		(const struct node_field[]){
			{ .name = "method",
			  .label = "Method",
			  .kind = FIELD_SELECT,
			  .fallback = "\"POST\"",
			  .options = (const char *const[]){ "POST", "GET", "PUT", NULL },
			  .help = "How the address has to be called" },
			{ .name = "path",
			  .label = "Path",
			  .kind = FIELD_TEXT,
			  .help = "A label for yourself; the address itself cannot be guessed" },
			{ .name = "secret",
			  .label = "Secret",
			  .kind = FIELD_TEXT,
			  .help = "With one, calls have to be signed with it: by the headers of "
				  "Standard Webhooks, or by X-Hub-Signature-256" },
			{ 0 },
		},
	.run = run_trigger,
};
