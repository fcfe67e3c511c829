/* The triggers: how a run begins. What set it off is not their concern; they say that it was. */
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/nodes/node.h"

static struct err *run_trigger(struct node_run *run, struct json_object **ret_output)
{
	char now[CLOCK_ISO_SIZE];
	struct json_object *output = json_object_new_object();
	js_set_bool(output, "triggered", true);
	js_set_string(output, "type", run->type);
	js_set_string(output, "timestamp", clock_iso(clock_ms(), now));
	*ret_output = output;
	return NULL;
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
	.run = run_trigger,
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
			{ 0 },
		},
	.run = run_trigger,
};
