/* delay: waits, then passes its input on. One that was broken off waits for what was left of it. */
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"

enum { DEFAULT_S = 5, MAX_S = 300 };

static double duration_of(struct node_run *run)
{
	double duration = js_number(run->config, "duration", DEFAULT_S);
	if (duration > MAX_S)
		node_note(run, "A delay is %d seconds at most; %g were asked for", MAX_S, duration);
	return duration > MAX_S ? MAX_S : duration < 0 ? 0 : duration;
}

static struct err *run_delay(struct node_run *run, struct json_object **ret_output)
{
	char started[CLOCK_ISO_SIZE], completed[CLOCK_ISO_SIZE];
	double duration = duration_of(run);
	int64_t left_ms = (int64_t)(duration * 1000) - run->elapsed_ms;
	clock_iso(clock_ms() - run->elapsed_ms, started);
	if (left_ms > 0 && !stop_sleep(run->stop, left_ms))
		return err_new(ERR_CANCELLED, "The delay was stopped");
	struct json_object *output = json_object_new_object();
	js_set_bool(output, "delayed", true);
	js_set_double(output, "durationSeconds", duration);
	js_set_string(output, "startedAt", started);
	js_set_string(output, "completedAt", clock_iso(clock_ms(), completed));
	js_set(output, "data", json_object_get(input_value(run->inputs)));
	*ret_output = output;
	return NULL;
}

const struct node_type delay_node = {
	.name = "delay",
	.category = "logic",
	.title = "Delay",
	.description = "Waits, then passes its input on",
	.inputs = node_input,
	.outputs = node_output,
	.fields =
		(const struct node_field[]){
			{ .name = "duration",
			  .label = "Duration (seconds)",
			  .kind = FIELD_NUMBER,
			  .fallback = "5",
			  .max = MAX_S,
			  .help = "How long to wait. The output's data is what came in" },
			{ 0 },
		},
	.run = run_delay,
};
