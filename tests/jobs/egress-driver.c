/*
 * Runs the nodes that call URLs for tests/jobs/egress.test.js: one JSON request a line on stdin,
 * one JSON answer a line on stdout.
 *
 * { type: "http-request" | "notification" | "unguarded", config, inputs, allow, fresh }
 * -> { ok: true, output, notes } or { ok: false, kind, message, retryAfter }
 *
 * One client serves all requests, as a runner's thread does; `fresh` asks for one of its own. What
 * is "unguarded" is a plain GET of config.url, as providers and the storage are called.
 */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/io/http.h"
#include "jobs/nodes/node.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

extern const struct node_type http_request_node, notification_node;

static const char *const kinds[ERR_KINDS] = {
	[ERR_INVALID] = "invalid",           [ERR_UNAUTHORIZED] = "unauthorized",
	[ERR_FORBIDDEN] = "forbidden",       [ERR_NOT_FOUND] = "not-found",
	[ERR_CONFLICT] = "conflict",         [ERR_OUTDATED] = "outdated",
	[ERR_TOO_LARGE] = "too-large",       [ERR_MEDIA_TYPE] = "media-type",
	[ERR_RATE_LIMITED] = "rate-limited", [ERR_UPSTREAM] = "upstream",
	[ERR_REFUSED] = "refused",           [ERR_UNAVAILABLE] = "unavailable",
	[ERR_CANCELLED] = "cancelled",       [ERR_INTERNAL] = "internal",
};

static struct err *run_unguarded(struct node_run *run, struct json_object **ret_output)
{
	const struct http_request request = { .method = "GET",
					      .url = js_string(run->config, "url") };
	cleanup(http_response_clear) struct http_response answer = { 0 };
	TRY(http_perform(run->http, &request, &answer, NULL));
	*ret_output = json_object_new_object();
	js_set_int(*ret_output, "statusCode", answer.status);
	return NULL;
}

static const struct node_type unguarded = { .name = "unguarded", .run = run_unguarded };

static const struct node_type *const types[] = { &http_request_node, &notification_node,
						 &unguarded };

static struct err *run_node(struct node_run *run, const char *wanted,
			    struct json_object **ret_output)
{
	for (size_t i = 0; wanted && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i]->name, wanted))
			return types[i]->run(run, ret_output);
	return err_new(ERR_INTERNAL, "The test asked for no known type");
}

static void answer(struct http *http, struct json_object *in)
{
	cleanup(cleanup_json) struct json_object *output = NULL, *out = json_object_new_object();
	cleanup(cleanup_http) struct http *own = http_new();
	const char *allow = js_string(in, "allow");
	const struct conf conf = { .egress_allow = allow ? allow : "" };
	const struct services services = { .conf = &conf };
	struct node_run run = { .services = &services,
				.http = js_bool(in, "fresh", false) ? own : http,
				.run_id = "7f3c",
				.file_name = "step-1",
				.config = js_get(in, "config"),
				.inputs = js_get(in, "inputs") };
	cleanup(cleanup_err) struct err *e = run_node(&run, js_string(in, "type"), &output);
	js_set_bool(out, "ok", !e);
	js_set(out, "output", json_object_get(output));
	js_set(out, "notes", run.notes);
	if (e) {
		js_set_string(out, "kind", kinds[err_kind(e)]);
		js_set_string(out, "message", err_message(e));
		js_set_int(out, "retryAfter", err_retry_after(e));
	}
	cleanup(cleanup_free) char *text = js_text(out);
	puts(text);
	fflush(stdout);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	http_init();
	js_init();
	cleanup(cleanup_http) struct http *http = http_new();
	cleanup(cleanup_free) char *line = NULL;
	size_t room = 0;
	for (ssize_t len; (len = getline(&line, &room, stdin)) > 0;) {
		cleanup(cleanup_json) struct json_object *in = NULL;
		err_free(js_parse(line, (size_t)len, &in));
		answer(http, in);
	}
	return 0;
}
