/* http-request: calls a URL, guarded (jobs/io/egress.h), and gives its answer. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/io/egress.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"
#include "jobs/nodes/policy.h"
#include "jobs/nodes/url_template.h"

#include <ctype.h>
#include <string.h>

enum {
	DEFAULT_TIMEOUT_MS = 30000,
	MAX_TIMEOUT_MS = 3600 * 1000,
	MAX_RESPONSE = 5 * 1024 * 1024,
	MAX_TEXT = 5000, /* characters */
	MAX_HEADERS = 100,
};

static const char *const methods[] = { "GET",    "POST", "PUT",     "PATCH",
				       "DELETE", "HEAD", "OPTIONS", NULL };

/* What is sent, from the node's settings and its input. */
struct outgoing {
	const char *method;
	char *url, *body;
	char *headers[MAX_HEADERS +
		      2]; /* "Name: value" lines; room for the body's type and a NULL */
	size_t header_count;
};

static void outgoing_clear(struct outgoing *o)
{
	for (size_t i = 0; i < o->header_count; i++)
		free(o->headers[i]);
	free(o->url);
	free(o->body);
}

static bool is_blank(const char *text)
{
	return !text || !text[strspn(text, " \t\r\n")];
}

static struct err *find_method(const struct node_run *run, const char **ret)
{
	const char *wanted = js_string(run->config, "method");
	if (is_blank(wanted))
		wanted = methods[0];
	for (size_t i = 0; methods[i]; i++)
		if (!strcasecmp(wanted, methods[i]))
			return *ret = methods[i], NULL;
	return err_new(ERR_INVALID,
		       "\"%.20s\" is not one of the methods GET, POST, PUT, PATCH, "
		       "DELETE, HEAD and OPTIONS",
		       wanted);
}

/* A setting that is an object or array, be it as itself or as JSON text; NULL where it is neither.
 */
static struct json_object *container(struct json_object *config, const char *name)
{
	struct json_object *value = json_object_get(js_get(config, name));
	const char *text = js_string(config, name);
	if (text) {
		json_object_put(value);
		value = NULL;
		err_free(js_parse(text, strlen(text), &value));
	}
	if (json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return value;
	json_object_put(value);
	return NULL;
}

static void add_header(struct outgoing *out, const char *name, const char *value)
{
	out->headers[out->header_count++] = mem_printf("%s: %s", name, value);
}

static struct err *check_headers(const struct node_run *run, struct json_object *headers)
{
	const char *text = js_string(run->config, "headers");
	bool absent = text ? is_blank(text) : !js_get(run->config, "headers");
	if (!absent && !json_object_is_type(headers, json_type_object))
		return err_new(ERR_INVALID,
			       "The headers have to be a JSON object of names and values");
	if (headers && json_object_object_length(headers) > MAX_HEADERS)
		return err_new(ERR_INVALID, "There are more than %d headers", MAX_HEADERS);
	return NULL;
}

static struct err *read_headers(const struct node_run *run, struct outgoing *out)
{
	cleanup(cleanup_json) struct json_object *wanted = container(run->config, "headers");
	TRY(check_headers(run, wanted));
	if (!wanted)
		return NULL;
	cleanup(cleanup_json) struct json_object *headers = NULL;
	TRY(input_fill_json(wanted, run->inputs, &headers));
	json_object_object_foreach(headers, name, value)
	{
		if (strchr(name, ':')) /* it would be read as a shorter name */
			return err_new(ERR_INVALID, "\"%.60s\" is not the name of a header", name);
		add_header(out, name, value ? json_object_get_string(value) : "");
	}
	return NULL;
}

static bool has_header(const struct outgoing *out, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < out->header_count; i++)
		if (!strncasecmp(out->headers[i], name, len) && out->headers[i][len] == ':')
			return true;
	return false;
}

/* JSON is filled as JSON, so that a value from upstream cannot break out of its place. */
static struct err *read_body(const struct node_run *run, struct outgoing *out)
{
	const char *text = js_string(run->config, "body");
	cleanup(cleanup_json) struct json_object *json = container(run->config, "body"),
						 *filled = NULL;
	const char *type = NULL;
	if (!strcmp(out->method, "GET") || !strcmp(out->method, "HEAD"))
		return NULL;
	if (json) {
		type = "application/json";
		TRY(input_fill_json(json, run->inputs, &filled));
		out->body = js_text(filled);
	} else if (text && *text) {
		type = "text/plain; charset=utf-8";
		TRY(input_fill(text, run->inputs, &out->body));
	}
	if (type && !has_header(out, "Content-Type"))
		add_header(out, "Content-Type", type);
	return NULL;
}

static struct err *prepare(const struct node_run *run, struct outgoing *out)
{
	const char *url = js_string(run->config, "url");
	if (is_blank(url))
		return err_new(ERR_INVALID, "Enter a URL in the node's settings");
	TRY(url_template_fill(url, run->inputs, &out->url));
	TRY(find_method(run, &out->method));
	TRY(read_headers(run, out));
	return read_body(run, out);
}

static int timeout_s(const struct node_run *run)
{
	double ms = js_number(run->config, "timeout", DEFAULT_TIMEOUT_MS);
	ms = ms < 1 ? 1 : ms > MAX_TIMEOUT_MS ? MAX_TIMEOUT_MS : ms;
	return ((int)ms + 999) / 1000;
}

/* What a server says, as UTF-8; "" for NULL. The caller frees it. */
static char *readable(const char *text)
{
	char *copy = mem_strdup(text ? text : "");
	utf8_repair(copy);
	return copy;
}

/* The answer's headers by their names in lower case; what comes twice is joined (RFC 9110, 5.3). */
static struct json_object *headers_json(struct http *http)
{
	struct json_object *headers = json_object_new_object();
	struct http_header header = { 0 };
	while (http_next_header(http, &header)) {
		cleanup(cleanup_free) char *name = readable(header.name);
		cleanup(cleanup_free) char *text = readable(header.value);
		for (char *p = name; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		const char *before = js_string(headers, name);
		cleanup(cleanup_free) char *value =
			mem_printf("%s%s%s", before ? before : "", before ? ", " : "", text);
		js_set_string(headers, name, value);
	}
	return headers;
}

/* At most MAX_TEXT characters of `text`. */
static struct json_object *text_json(struct node_run *run, const char *text)
{
	size_t characters = 0, len = 0;
	for (; text[len] && characters <= MAX_TEXT; len++)
		characters += ((unsigned char)text[len] & 0xc0) != 0x80;
	if (characters <= MAX_TEXT)
		return json_object_new_string_len(text, (int)len);
	node_note(run, "The answer has %zu characters; the first %d were kept", utf8_length(text),
		  MAX_TEXT);
	return json_object_new_string_len(text, (int)len - 1);
}

/* By its type, or else by its looks: a text such as 0010 is to stay one. */
static bool looks_like_json(const char *type, const char *body)
{
	const char first = body[strspn(body, " \t\r\n")];
	return first == '{' || first == '[' || strcasestr(type, "json");
}

static struct json_object *body_json(struct node_run *run, const struct http_response *answer)
{
	cleanup(cleanup_free) char *type = readable(http_header(run->http, "Content-Type"));
	struct json_object *value = NULL;
	if (looks_like_json(type, answer->body)) {
		cleanup(cleanup_err) struct err *e =
			js_parse(answer->body, answer->body_len, &value);
		if (!e)
			return value;
	}
	bool is_text = strlen(answer->body) == answer->body_len &&
		       utf8_is_valid(answer->body, answer->body_len);
	if (is_text)
		return text_json(run, answer->body);
	node_note(run, "The answer's body (%zu bytes, type \"%.80s\") is not text and was left out",
		  answer->body_len, type);
	return NULL;
}

/* With more than one try, the statuses that ask for another one are errors. */
static struct err *check_status(const struct node_run *run, int status)
{
	bool may_pass = status == 429 || status >= 500;
	if (!may_pass || step_policy_of(run->config).attempts < 2)
		return NULL;
	struct err *e = err_new(status == 429 ? ERR_RATE_LIMITED : ERR_UPSTREAM,
				"The server answered with status %d", status);
	err_set_retry_after(e, http_retry_after(run->http));
	return e;
}

static struct json_object *describe(struct node_run *run, const struct outgoing *out,
				    const struct http_response *answer, const char *url)
{
	cleanup(cleanup_free) char *reason = readable(answer->reason);
	struct json_object *output = json_object_new_object();
	js_set_int(output, "statusCode", answer->status);
	js_set_string(output, "statusText", reason);
	js_set(output, "headers", headers_json(run->http));
	js_set(output, "body", body_json(run, answer));
	js_set_string(output, "url", url);
	js_set_string(output, "method", out->method);
	return output;
}

static struct err *run_http_request(struct node_run *run, struct json_object **ret_output)
{
	cleanup(outgoing_clear) struct outgoing out = { 0 };
	TRY(prepare(run, &out));
	const struct http_request request = {
		.method = out.method,
		.url = out.url,
		.headers = (const char *const *)out.headers,
		.body = out.body,
		.body_len = out.body ? strlen(out.body) : 0,
		.max_response = MAX_RESPONSE,
		.timeout_s = timeout_s(run),
		.http_1_1 = true,
		.stop = run->stop,
	};
	cleanup(http_response_clear) struct http_response answer = { 0 };
	cleanup(cleanup_free) char *url = NULL;
	TRY(egress_fetch(run->http, run->services->conf->egress_allow, &request, &answer, &url));
	TRY(check_status(run, answer.status));
	*ret_output = describe(run, &out, &answer, url);
	return NULL;
}

const struct node_type http_request_node = {
	.name = "http-request",
	.category = "utility",
	.title = "HTTP Request",
	.description = "Calls a URL and gives its answer",
	.inputs = node_input,
	.outputs = (const struct node_port[]){ { "response", "Response" }, { 0 } },
	.fields =
		(const struct node_field[]){
			{ .name = "method",
			  .label = "Method",
			  .kind = FIELD_SELECT,
			  .fallback = "\"GET\"",
			  .options = methods,
			  .help = "An answer of any status is output; with more than one try, "
				  "statuses 429 and 5xx are errors" },
			{ .name = "url",
			  .label = "URL",
			  .kind = FIELD_TEXT,
			  .required = true,
			  .help = "An address on the public internet. {{input}} and "
				  "{{nodeId.path}} are replaced" },
			{ .name = "headers",
			  .label = "Headers",
			  .kind = FIELD_JSON,
			  .help = "An object of names and values; references in the values are "
				  "replaced" },
			{ .name = "body",
			  .label = "Body",
			  .kind = FIELD_LONG_TEXT,
			  .help = "JSON is sent as such, with references in its texts replaced; "
				  "anything else as text. Not for GET and HEAD" },
			{ .name = "timeout",
			  .label = "Time limit (ms)",
			  .kind = FIELD_NUMBER,
			  .fallback = "30000",
			  .min = 1,
			  .max = MAX_TIMEOUT_MS,
			  .help = "Of the call with all its redirects, rounded up to seconds" },
			{ 0 },
		},
	.run = run_http_request,
};
