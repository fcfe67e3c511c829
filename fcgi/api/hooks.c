/* /api/hooks/:id, where other systems start workflows, and the list of a workflow's addresses. */
#include "fcgi/idempotency.h"
#include "fcgi/query.h"
#include "fcgi/routes.h"
#include "fcgi/webhook_signature.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/launch.h"
#include "jobs/model/trigger.h"
#include "jobs/model/workflow.h"
#include "jobs/triggers.h"

#include <ctype.h>
#include <string.h>

enum { MAX_BODY = 256 * 1024, MAX_HEADER = 1024, MAX_NAME = 64 };

static const char node_type[] = "webhook-trigger";

/* The method that a node's address is called with. */
static const char *method_of(struct json_object *node)
{
	static const char *const methods[] = { "POST", "GET", "PUT" };
	const char *set = js_string(trigger_config(node), "method");
	for (size_t i = 0; set && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcasecmp(set, methods[i]))
			return methods[i];
	return methods[0];
}

/* The secret that calls are signed with; "" for none. One that cannot be used lets nobody in. */
static const char *secret_of(struct json_object *node)
{
	struct json_object *set = js_get(trigger_config(node), "secret");
	const char *secret = js_string(trigger_config(node), "secret");
	if (!set || (secret && !*secret))
		return "";
	return secret && !js_has_nul(set) ? secret : NULL;
}

static struct err *check_signature(const struct request *r, struct json_object *node)
{
	const struct webhook_call call = {
		.id = request_header(r, "HTTP_WEBHOOK_ID"),
		.timestamp = request_header(r, "HTTP_WEBHOOK_TIMESTAMP"),
		.signature = request_header(r, "HTTP_WEBHOOK_SIGNATURE"),
		.hub_signature = request_header(r, "HTTP_X_HUB_SIGNATURE_256"),
		.body = r->body_text,
		.body_len = r->content_length,
	};
	const char *secret = secret_of(node);
	if (!secret)
		return err_new(ERR_UNAUTHORIZED,
			       "The secret of this hook has to be a text; until it "
			       "is mended nobody can call it");
	if (!*secret || webhook_is_signed(&call, secret, clock_ms() / 1000))
		return NULL;
	if (!*call.signature && !*call.hub_signature)
		return err_new(
			ERR_UNAUTHORIZED,
			"This hook has a secret: sign the call, by webhook-id, "
			"webhook-timestamp and webhook-signature, or by X-Hub-Signature-256");
	return err_new(ERR_UNAUTHORIZED,
		       "The signature is wrong, or was made more than %d minutes "
		       "before or after now",
		       WEBHOOK_TOLERANCE_S / 60);
}

/* True for headers that may carry a secret, which has no business in a log. */
static bool is_secret(const char *name)
{
	static const char *const words[] = { "AUTH",      "COOKIE", "TOKEN",    "SECRET",
					     "SIGNATURE", "KEY",    "PASSWORD", "SESSION" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

/* HTTP_USER_AGENT to user-agent. */
static void header_name(const char *cgi_name, size_t len, char ret[static MAX_NAME])
{
	snprintf(ret, MAX_NAME, "%.*s", (int)len, cgi_name);
	for (char *c = ret; *c; c++)
		*c = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
}

static struct json_object *headers_of(const struct request *r)
{
	static const char prefix[] = "HTTP_";
	struct json_object *o = json_object_new_object();
	if (*r->content_type)
		js_set_string(o, "content-type", r->content_type);
	for (char **param = r->fcgi->envp; *param; param++) {
		char name[MAX_NAME];
		const char *value = strchr(*param, '=');
		if (!value || strncmp(*param, prefix, sizeof(prefix) - 1) != 0)
			continue;
		header_name(*param + sizeof(prefix) - 1,
			    (size_t)(value - *param) - (sizeof(prefix) - 1), name);
		cleanup(cleanup_free) char *upper = mem_strndup(*param, (size_t)(value - *param));
		size_t len = strlen(++value);
		if (!is_secret(upper + sizeof(prefix) - 1) && len <= MAX_HEADER &&
		    utf8_is_valid(value, len))
			js_set_string(o, name, value);
	}
	return o;
}

/* The body as JSON, a form's fields, or text; NULL for none. */
static struct err *read_body(const struct request *r, struct json_object **ret)
{
	size_t len = r->content_length, type = strcspn(r->content_type, ";");
	cleanup(cleanup_free) char *media = mem_strndup(r->content_type, type);
	if (len == 0)
		return NULL;
	if (strcasestr(media, "json"))
		return js_parse(r->body_text, len, ret);
	if (!utf8_is_valid(r->body_text, len))
		return err_new(ERR_INVALID, "The body has to be JSON or UTF-8 text");
	if (strcasestr(media, "x-www-form-urlencoded"))
		*ret = query_object(r->body_text);
	else
		*ret = json_object_new_string_len(r->body_text, (int)len);
	return NULL;
}

/* The text that the call brings, for nodes that take the first upstream text; NULL for none. */
static const char *text_of(struct json_object *body)
{
	if (json_object_is_type(body, json_type_string))
		return json_object_get_string(body);
	return js_string(body, "text");
}

/* What the trigger's output says of this run; the caller frees *ret. */
static struct err *describe(const struct request *r, const char *node_id, char **ret)
{
	char now[CLOCK_ISO_SIZE];
	struct json_object *body = NULL;
	TRY(read_body(r, &body));
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_bool(o, "triggered", true);
	js_set_string(o, "type", node_type);
	js_set_string(o, "nodeId", node_id);
	js_set_string(o, "timestamp", clock_iso(clock_ms(), now));
	js_set_string(o, "method", r->method);
	js_set_string(o, "path", r->path);
	js_set(o, "query", query_object(r->query));
	js_set(o, "headers", headers_of(r));
	js_set(o, "body", body);
	if (text_of(body))
		js_set_string(o, "text", text_of(body));
	cleanup(cleanup_free) char *text = js_text(o);
	if (js_depth(text) > JS_MAX_DEPTH)
		return err_new(ERR_INVALID, "The body is nested too deep");
	*ret = take(text);
	return NULL;
}

static struct err *start(struct app *app, struct request *request, struct response *response)
{
	cleanup(execution_created_clear) struct execution_created created = { 0 };
	cleanup(hook_clear) struct hook hook = { 0 };
	cleanup(cleanup_free) char *trigger = NULL;
	TRY(hook_get(app->db, request->ids[0], &hook));
	TRY(describe(request, hook.node_id, &trigger));
	const struct execution_plan plan = {
		.workflow_id = hook.workflow_id,
		.user_id = hook.user_id,
		.nodes = hook.nodes,
		.edges = hook.edges,
		.request_id = request->id,
		.trigger = trigger,
	};
	TRY(launch(app->db, &plan, &created));
	request->launched = created.ticket;
	response_json(response, 202, mem_printf("{\"executionId\":\"%s\"}", created.ticket.id));
	return NULL;
}

/* Whose hook it is, once the call has proved that it may start it. */
static struct err *admit(struct app *app, struct request *request, struct response *response,
			 bool *ret_admitted)
{
	cleanup(hook_clear) struct hook hook = { 0 };
	cleanup(cleanup_json) struct json_object *nodes = NULL;
	TRY(hook_get(app->db, request->ids[0], &hook));
	TRY(js_parse(hook.nodes, strlen(hook.nodes), &nodes));
	struct json_object *node = trigger_find(nodes, hook.node_id, node_type);
	if (!node)
		return err_new(ERR_NOT_FOUND, "Hook not found");
	*ret_admitted = !strcmp(request->method, method_of(node));
	if (!*ret_admitted) {
		response_wrong_method(response, request, method_of(node));
		return NULL;
	}
	TRY(request_read_text(request, MAX_BODY));
	TRY(check_signature(request, node));
	memcpy(request->user_id, hook.user_id, sizeof(request->user_id));
	return NULL;
}

/*
 * Senders repeat a delivery whose answer they missed, under the same webhook-id: that id makes the
 * repetition one with the first. It counts for this address only, since an event may go to several.
 */
struct err *hooks_call(struct app *app, struct request *request, struct response *response)
{
	bool is_admitted = false;
	TRY(admit(app, request, response, &is_admitted));
	if (!is_admitted)
		return NULL;
	const char *delivery = request_header(request, "HTTP_WEBHOOK_ID");
	if (*delivery)
		request->idempotency_key = delivery;
	const struct route once = { request->method, request->path, ROUTE_ATOMIC, start };
	return *request->idempotency_key ? idempotency_run(app, &once, request, response)
					 : start(app, request, response);
}

/* One hook as its owner sees it; NULL where its node is disabled or gone. */
static struct json_object *hook_json(struct json_object *nodes, const char *node_id, const char *id)
{
	struct json_object *node = trigger_find(nodes, node_id, node_type);
	if (!node)
		return NULL;
	struct json_object *o = json_object_new_object();
	cleanup(cleanup_free) char *path = mem_printf("/api/hooks/%s", id);
	js_set_string(o, "nodeId", node_id);
	js_set_string(o, "path", path);
	js_set_string(o, "method", method_of(node));
	const char *secret = secret_of(node);
	js_set_bool(o, "hasSecret", !secret || *secret);
	return o;
}

struct err *hooks_list(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *nodes_text = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	cleanup(cleanup_json) struct json_object *nodes = NULL;
	cleanup(cleanup_rows) struct rows *hooks = NULL;
	TRY(workflow_graph(app->db, request->user_id, request->ids[0], &nodes_text, &edges));
	TRY(js_parse(nodes_text, strlen(nodes_text), &nodes));
	TRY(hook_list(app->db, request->ids[0], &hooks));
	cleanup(cleanup_json) struct json_object *list = json_object_new_array();
	for (int i = 0; i < rows_count(hooks); i++) {
		struct json_object *o =
			hook_json(nodes, rows_get(hooks, i, 0), rows_get(hooks, i, 1));
		if (o)
			json_object_array_add(list, o);
	}
	response_json(response, 200, js_text(list));
	return NULL;
}
