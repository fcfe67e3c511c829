#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/node.h"
#include "jobs/nodes/policy.h"
#include "jobs/run.h"

#include <string.h>

enum {
	MAX_OUTPUT = 4 * 1024 * 1024,
	MAX_RUN_OUTPUT = 128 * 1024 * 1024, /* of all steps together */
	MAX_STEPS = 20000,
};

/* A step: a node's run, how it ended, and the texts for its log. step_clear frees it. */
struct step {
	const struct scope *scope;
	size_t index;
	const struct graph_node *node;
	struct step_policy policy;
	struct stop stop;
	struct node_run run;
	struct json_object *output;
	struct err *error;
	int attempts;
	int64_t started_ms, duration_ms;
	char *file_name, *input_text, *output_text, *error_stack, *cost, *notes;
};

static void step_clear(struct step *s)
{
	json_object_put(s->run.inputs);
	json_object_put(s->run.cost);
	json_object_put(s->run.notes);
	json_object_put(s->output);
	err_free(s->error);
	free(s->file_name);
	free(s->input_text);
	free(s->output_text);
	free(s->error_stack);
	free(s->cost);
	free(s->notes);
}

char *step_name(const char *node_id, int iteration)
{
	return mem_printf("%d#%s", iteration, node_id);
}

static struct step_key key_of(const struct step *s)
{
	return (struct step_key){
		.node_id = s->node->id,
		.node_type = s->node->type->name,
		.node_title = s->node->title,
		.position = s->index + 1,
		.iteration = s->scope->iteration,
	};
}

/* Writes how far the step is; of no consequence, so one that fails is left to the next. */
static void write_progress(void *arg, int done, int total)
{
	const struct step *s = arg;
	const struct run *r = s->scope->run;
	const struct step_key key = key_of(s);
	err_free(step_progress(r->engine->services->db, r->claim, &key, done, total));
}

/* Prepares a step; its inputs are copied under the run's lock. */
static void step_open(struct step *s, const struct scope *scope, size_t index, struct http *http)
{
	struct run *r = scope->run;
	const struct graph_node *node = &r->graph.nodes[index];
	*s = (struct step){
		.scope = scope,
		.index = index,
		.node = node,
		.policy = step_policy_of(node->config),
		.file_name = scope->iteration ? mem_printf("%s_%zu_%d", r->run_id, index + 1,
							   scope->iteration)
					      : mem_printf("%s_%zu", r->run_id, index + 1),
	};
	pthread_mutex_lock(&r->lock);
	struct json_object *inputs = scope_inputs(scope, index);
	pthread_mutex_unlock(&r->lock);
	s->run = (struct node_run){
		.services = r->engine->services,
		.http = http,
		.user_id = r->user_id,
		.run_id = r->run_id,
		.trigger = r->claim ? r->claim->trigger : NULL,
		.claim = r->claim ? r->claim->number : NULL,
		.iteration = scope->iteration,
		.progress = r->claim ? write_progress : NULL,
		.progress_arg = s,
		.node_id = node->id,
		.type = node->type->name,
		.file_name = s->file_name,
		.config = node->config,
		.inputs = inputs,
		.stop = &s->stop,
	};
	s->input_text = js_text(inputs);
}

static struct err *run_too_long(void)
{
	return err_new(ERR_INVALID, "The run took longer than a run may (WORKFLOW_TIMEOUT_S)");
}

/* An error that says whose time was over, the step's or the run's; NULL where something else ended
 * it. */
static struct err *too_late(const struct step *s)
{
	int64_t now = clock_monotonic_ms(), run_deadline = s->scope->run->deadline_ms;
	if (!s->error || err_kind(s->error) != ERR_CANCELLED || now < s->stop.deadline_ms ||
	    stop_is_asked(&s->stop))
		return NULL;
	if (run_deadline && now >= run_deadline)
		return run_too_long();
	return err_new(
		ERR_REFUSED,
		"The step did not end within its time limit of %lld seconds; its settings can "
		"give it more",
		(long long)(s->policy.timeout_ms / 1000));
}

static void run_once(struct step *s)
{
	struct run *r = s->scope->run;
	s->error = s->node->type->run(&s->run, &s->output);
	if (!s->error && s->node->type->loops && r->claim)
		s->error = loop_run(r, s->index, s->run.http, &s->stop, s->output);
	struct err *late = too_late(s);
	if (late) {
		err_free(s->error);
		s->error = late;
	}
	if (s->error) {
		json_object_put(s->output);
		s->output = NULL;
	}
}

/* Drops what a failed try left, and says that it was made. */
static void note_failed_try(struct step *s)
{
	node_note(&s->run, "Try %d of %d failed: %s", s->attempts, s->policy.attempts,
		  err_message(s->error));
	err_free(s->error);
	s->error = NULL;
}

/* Runs the node until it succeeds, fails for good, or is stopped; its time limit is for all tries.
 */
static void run_tries(struct step *s)
{
	struct run *r = s->scope->run;
	int64_t begin = clock_monotonic_ms(), deadline = begin + s->policy.timeout_ms;
	bool unlimited = s->node->type->loops && !js_get(s->node->config, "stepTimeout");
	if (r->deadline_ms && (unlimited || deadline > r->deadline_ms))
		deadline =
			r->deadline_ms; /* a loop takes as long as its items do, unless it says */
	s->started_ms = clock_ms();
	s->stop = (struct stop){ .asked = r->engine->cancel, .deadline_ms = deadline };
	for (s->attempts = 1;; s->attempts++) {
		run_once(s);
		int64_t wait = s->error ? step_retry_delay(&s->policy, s->error, s->attempts) : -1;
		if (wait < 0 || !stop_sleep(&s->stop, wait))
			break;
		note_failed_try(s);
	}
	s->duration_ms = clock_monotonic_ms() - begin;
}

/* Counts `bytes` to what the run has put out; true while that is not too much. */
static bool has_room(struct run *r, size_t bytes)
{
	pthread_mutex_lock(&r->lock);
	r->output_bytes += bytes;
	bool fits = r->output_bytes <= MAX_RUN_OUTPUT;
	pthread_mutex_unlock(&r->lock);
	return fits;
}

/* An output has to be one that can be stored, and read again by whoever resumes the run. */
static void check_output(struct step *s)
{
	if (s->error)
		return;
	s->output_text = js_text(s->output);
	size_t bytes = strlen(s->output_text);
	if (bytes > MAX_OUTPUT)
		s->error = err_new(ERR_INVALID, "The step's output has %zu bytes; %d are allowed",
				   bytes, MAX_OUTPUT);
	else if (js_depth(s->output_text) > JS_MAX_DEPTH)
		s->error = err_new(ERR_INVALID,
				   "The step's output is nested more than %d levels deep; take a "
				   "part of it by a template instead of passing on the whole",
				   JS_MAX_DEPTH);
	else if (!has_room(s->scope->run, bytes))
		s->error = err_new(ERR_INVALID,
				   "The steps of this run have put out more than %d MiB together",
				   MAX_RUN_OUTPUT / 1024 / 1024);
}

static void run_node(struct step *s)
{
	run_tries(s);
	check_output(s);
	s->error = err_wrap(s->error, "node %s (%s)", s->node->id, s->node->type->name);
	if (s->error) {
		free(s->output_text);
		s->output_text = NULL;
		s->error_stack = err_stack(s->error);
	}
	if (s->error && err_kind(s->error) == ERR_INTERNAL)
		log_error("%s", s->error_stack);
	s->cost = s->run.cost ? js_text(s->run.cost) : NULL;
	s->notes = s->run.notes && json_object_array_length(s->run.notes) ? js_text(s->run.notes)
									  : NULL;
}

static struct err *write_start(struct run *r, struct db *db, void *arg)
{
	struct step *s = arg;
	const struct step_key key = key_of(s);
	struct step_started started;
	TRY(step_start(db, r->claim, &key, s->input_text, &started));
	s->run.elapsed_ms = started.elapsed_ms;
	pthread_mutex_lock(&r->lock);
	r->cancelled |= started.cancel;
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static struct step_end end_of(const struct step *s)
{
	return (struct step_end){
		.failed = s->error != NULL,
		.attempts = s->attempts,
		.duration_ms = s->duration_ms,
		.output = s->output_text,
		.error = s->error ? err_message(s->error) : NULL,
		.error_stack = s->error_stack,
		.cost = s->cost,
		.notes = s->notes,
	};
}

static struct err *write_end(struct run *r, struct db *db, void *arg)
{
	const struct step *s = arg;
	const struct step_key key = key_of(s);
	const struct step_end end = end_of(s);
	return step_finish(db, r->claim, &key, &end);
}

/* Writes the end of the step and that of the run. */
static struct err *write_both_ends(struct run *r, struct db *db, void *arg)
{
	const struct step *s = arg;
	const struct step_key key = key_of(s);
	const struct step_end end = end_of(s);
	return execution_finish(db, r->claim, engine_result_name(run_result(r)), r->error, &key,
				&end);
}

/* Stores the result where the nodes after this one look for it. */
static void settle(struct step *s)
{
	struct run *r = s->scope->run;
	pthread_mutex_lock(&r->lock);
	struct node_result *result = scope_result(s->scope, s->index);
	result->status = s->error ? NODE_FAILED : NODE_DONE;
	result->output = s->error ? NULL : take(s->output);
	if (s->error && !s->scope->results) {
		r->failed = true;
		if (!r->error)
			r->error = mem_strdup(err_message(s->error));
	}
	pthread_mutex_unlock(&r->lock);
	if (s->error)
		log_info("node %s (%s) failed: %s", s->node->id, s->node->type->name,
			 err_message(s->error));
}

/*
 * True where the run ends with this step: both ends can be written as one then, as nobody else runs
 * who could build on what it gave before that is written.
 */
static bool ends_run(struct step *s)
{
	struct run *r = s->scope->run;
	pthread_mutex_lock(&r->lock);
	struct node_result *result = scope_result(s->scope, s->index), before = *result;
	bool ends = !s->scope->results && r->running == 1 && !run_is_over(r) &&
		    !atomic_load(r->engine->by_user);
	if (ends) {
		*result = (struct node_result){ s->error ? NODE_FAILED : NODE_DONE, s->output };
		ends = crew_is_done(r);
		*result = before;
	}
	pthread_mutex_unlock(&r->lock);
	return ends;
}

/* A stop by a shutdown leaves the step as it is, and so does a database that is away in the middle:
 * it will be run again, here or elsewhere, under a claim that knows what was begun. */
static bool was_interrupted(struct step *s)
{
	struct run *r = s->scope->run;
	if (db_was_away(s->error))
		return true;
	if (!s->error || err_kind(s->error) != ERR_CANCELLED)
		return false;
	pthread_mutex_lock(&r->lock);
	r->cancelled |= atomic_load(r->engine->by_user);
	bool by_user = r->cancelled;
	pthread_mutex_unlock(&r->lock);
	return !by_user;
}

/* Counts a step; an error where the run has had too many of them, or too much time. */
static struct err *check_limits(struct run *r)
{
	pthread_mutex_lock(&r->lock);
	int steps = ++r->steps;
	pthread_mutex_unlock(&r->lock);
	if (steps > MAX_STEPS)
		return err_new(ERR_INVALID, "The run has more than %d steps", MAX_STEPS);
	if (r->deadline_ms && clock_monotonic_ms() > r->deadline_ms)
		return run_too_long();
	return NULL;
}

static struct err *run_and_log(struct step *s)
{
	struct run *r = s->scope->run;
	TRY(run_persist(r, write_start, s));
	pthread_mutex_lock(&r->lock);
	bool cancelled = r->cancelled;
	pthread_mutex_unlock(&r->lock);
	if (cancelled)
		return NULL;
	s->error = check_limits(r);
	if (s->error)
		s->error_stack = err_stack(s->error);
	else
		run_node(s);
	FAULT_POINT("step", "run", "after");
	if (was_interrupted(s))
		return take(s->error);
	if (!ends_run(s)) {
		TRY(run_persist(r, write_end, s));
		settle(s);
		return NULL;
	}
	settle(s);
	TRY(run_persist(r, write_both_ends, s));
	r->finished = true;
	return NULL;
}

static void note_broken(struct run *r, struct err *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&r->lock);
	if (!r->broke)
		r->broke = take(e);
	pthread_mutex_unlock(&r->lock);
	err_free(e);
}

void step_run(const struct scope *scope, size_t node, struct http *http)
{
	cleanup(step_clear) struct step s;
	step_open(&s, scope, node, http);
	note_broken(scope->run, run_and_log(&s));
}

char *step_try(const struct scope *scope, size_t node, struct http *http)
{
	char time[CLOCK_ISO_SIZE];
	cleanup(step_clear) struct step s;
	cleanup(cleanup_json) struct json_object *log = json_object_new_object();
	step_open(&s, scope, node, http);
	run_node(&s);
	js_set_string(log, "nodeId", s.node->id);
	js_set_string(log, "nodeType", s.node->type->name);
	js_set_string(log, "nodeTitle", s.node->title);
	js_set_string(log, "status", s.error ? "error" : "success");
	js_set_string(log, "startedAt", clock_iso(s.started_ms, time));
	js_set_string(log, "completedAt", clock_iso(s.started_ms + s.duration_ms, time));
	js_set_int(log, "durationMs", s.duration_ms);
	js_set_int(log, "attempts", s.attempts);
	js_set(log, "input", json_object_get(s.run.inputs));
	if (s.error) {
		js_set_string(log, "error", err_message(s.error));
		js_set_string(log, "errorStack", s.error_stack);
	} else {
		js_set(log, "output", json_object_get(s.output));
	}
	if (s.cost)
		js_set(log, "cost", json_object_get(s.run.cost));
	if (s.notes)
		js_set(log, "notes", json_object_get(s.run.notes));
	return js_text(log);
}
