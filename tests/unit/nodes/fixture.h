/* What the tests of jobs/nodes share. */
#pragma once
#include "tests/unit/check.h"

#include "jobs/base/js.h"
#include "jobs/nodes/node.h"

/* The value that a JSON text stands for; the caller owns it. */
static inline struct json_object *parsed(const char *text)
{
	struct json_object *value = NULL;
	assert_ok(js_parse(text, strlen(text), &value));
	return value;
}

/* `value` is what the JSON text says, members in any order. */
#define assert_json(value, text) assert_json_at(__FILE__, __LINE__, value, text)

static inline void assert_json_at(const char *file, int line, struct json_object *value,
				  const char *text)
{
	cleanup(cleanup_json) struct json_object *wanted = parsed(text);
	if (json_object_equal(value, wanted))
		return;
	cleanup(cleanup_free) char *is = js_text(value);
	print_error("%s is not %s\n", is, text);
	_fail(file, line);
}

/* A node with all that its run needs; fixture_clear frees it. */
struct fixture {
	struct node_run run;
	struct json_object *output;
};

static inline void fixture_clear(struct fixture *f)
{
	json_object_put(f->run.config);
	json_object_put(f->run.inputs);
	json_object_put(f->run.notes);
	json_object_put(f->output);
}

/* Runs a node with settings and inputs given as JSON, under a stop that may be NULL. */
static inline struct err *run_under(struct fixture *f, const char *type, const char *config,
				    const char *inputs, const struct stop *stop)
{
	const struct node_type *found = node_type_find(type);
	assert_non_null(found);
	f->run = (struct node_run){ .type = type,
				    .node_id = "node",
				    .config = parsed(config),
				    .inputs = parsed(inputs),
				    .stop = stop };
	return found->run(&f->run, &f->output);
}

static inline struct err *run_node(struct fixture *f, const char *type, const char *config,
				   const char *inputs)
{
	return run_under(f, type, config, inputs, NULL);
}

/* The node gives that output, notes aside. */
#define assert_output(type, config, inputs, text)                                                  \
	assert_output_at(__FILE__, __LINE__, type, config, inputs, text)

static inline void assert_output_at(const char *file, int line, const char *type,
				    const char *config, const char *inputs, const char *text)
{
	cleanup(fixture_clear) struct fixture f = { 0 };
	assert_ok_at(file, line, run_node(&f, type, config, inputs));
	assert_json_at(file, line, f.output, text);
}

/* The node fails with that kind of error, which has that in its message. */
#define assert_refused(type, config, inputs, part)                                                 \
	assert_refused_at(__FILE__, __LINE__, type, config, inputs, part)

static inline void assert_refused_at(const char *file, int line, const char *type,
				     const char *config, const char *inputs, const char *part)
{
	cleanup(fixture_clear) struct fixture f = { 0 };
	assert_error_at(file, line, run_node(&f, type, config, inputs), ERR_INVALID, part);
	assert_null(f.output);
}
