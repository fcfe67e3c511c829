#include "fcgi/response.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_HEAD = 4096, CHUNK = 64 * 1024 };

/* The only place that knows which kind of error is which status. */
static const struct {
	int status;
	const char *header; /* that always goes with it */
} kinds[ERR_KINDS] = {
	[ERR_INVALID] = { 400, "" },
	[ERR_UNAUTHORIZED] = { 401, "WWW-Authenticate: Bearer\r\n" },
	[ERR_FORBIDDEN] = { 403, "" },
	[ERR_NOT_FOUND] = { 404, "" },
	[ERR_CONFLICT] = { 409, "" },
	[ERR_OUTDATED] = { 412, "" },
	[ERR_TOO_LARGE] = { 413, "" },
	[ERR_MEDIA_TYPE] = { 415, "" },
	[ERR_UNPROCESSABLE] = { 422, "" },
	[ERR_RATE_LIMITED] = { 429, "" },
	[ERR_UPSTREAM] = { 502, "" },
	[ERR_REFUSED] = { 502, "" },
	[ERR_UNAVAILABLE] = { 503, "" },
	[ERR_CANCELLED] = { 503, "" },
	[ERR_INTERNAL] = { 500, "" },
};

static const char *phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
	};
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

void response_clear(struct response *r)
{
	free(r->body);
	free(r->headers);
	if (r->file_type)
		close(r->file);
	*r = (struct response){ 0 };
}

void response_message(struct response *r, const char *text)
{
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_string(o, "message", text);
	response_json(r, 200, js_text(o));
}

void response_json(struct response *r, int status, char *json)
{
	free(r->body);
	r->status = status;
	r->body = json;
}

void response_header(struct response *r, const char *name, const char *value)
{
	char *before = r->headers;
	r->headers = mem_printf("%s%s: %s\r\n", before ? before : "", name, value);
	free(before);
}

/* True for an origin of the comma-separated list. */
static bool is_allowed(const char *list, const char *origin)
{
	size_t len = strlen(origin);
	while (*list) {
		list += strspn(list, ", ");
		size_t item = strcspn(list, ", ");
		if (item == len && len > 0 && !memcmp(list, origin, len))
			return true;
		list += item;
	}
	return false;
}

static void add_cors(struct buf *head, const struct request *request, const struct conf *conf)
{
	if (!*conf->cors_origin)
		return;
	buf_adds(head, "Vary: Origin\r\n");
	if (is_allowed(conf->cors_origin, request->origin))
		buf_addf(head,
			 "Access-Control-Allow-Origin: %s\r\n"
			 "Access-Control-Allow-Credentials: true\r\n"
			 "Access-Control-Expose-Headers: X-Request-Id, Retry-After, "
			 "Idempotent-Replayed, ETag\r\n",
			 request->origin);
}

/* Writes the head; `type` is NULL where no body follows, `headers` are complete lines. */
static void send_head(const struct request *request, const struct conf *conf, int status,
		      const char *headers, const char *type, uint64_t len)
{
	cleanup(buf_clear) struct buf head = BUF(MAX_HEAD);
	buf_addf(&head, "Status: %d %s\r\n", status, phrase(status));
	if (type)
		buf_addf(&head, "Content-Type: %s\r\nContent-Length: %llu\r\n", type,
			 (unsigned long long)len);
	add_cors(&head, request, conf);
	buf_adds(&head, headers);
	buf_adds(&head, "\r\n");
	FCGX_PutStr(head.data, (int)head.len, request->fcgi->out);
}

/* Writes head and body. A client that has gone is not our concern. */
static void send_answer(const struct request *request, const struct conf *conf, int status,
			const char *headers, const char *body)
{
	size_t len = body ? strlen(body) : 0;
	send_head(request, conf, status, headers, body ? "application/json; charset=utf-8" : NULL,
		  len);
	if (body && strcmp(request->method, "HEAD") != 0)
		FCGX_PutStr(body, (int)len, request->fcgi->out);
}

/* Copies the file; one that ends early leaves the client with less than Content-Length says. */
static void send_file(const struct request *request, const struct response *r)
{
	cleanup(cleanup_free) char *chunk = mem_alloc(CHUNK);
	for (uint64_t at = 0; at < r->file_size;) {
		uint64_t left = r->file_size - at;
		ssize_t n = pread(r->file, chunk, left < CHUNK ? (size_t)left : CHUNK, (off_t)at);
		if (n <= 0) {
			log_error("an answer was cut off, its file cannot be read: %m");
			return;
		}
		if (FCGX_PutStr(chunk, (int)n, request->fcgi->out) < 0)
			return;
		at += (uint64_t)n;
	}
}

void response_send(const struct request *request, const struct conf *conf, const struct response *r)
{
	const char *headers = r->headers ? r->headers : "";
	if (r->file_type) {
		send_head(request, conf, r->status, headers, r->file_type, r->file_size);
		send_file(request, r);
		return;
	}
	send_answer(request, conf, r->status, headers, r->body);
}

/* OpenAI's {"error": {"message", "type", "code"}} (its API reference, "Error codes"). */
static char *openai_error_body(int status, const char *message)
{
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	struct json_object *error = json_object_new_object();
	js_set_string(error, "message", message);
	js_set_string(error, "type", status >= 500 ? "server_error" : "invalid_request_error");
	js_set(error, "code", status == 401 ? json_object_new_string("invalid_api_key") : NULL);
	js_set(o, "error", error);
	return js_text(o);
}

/* {"error": message, "details": […]}, or as OpenAI has it; the caller frees it. */
static char *error_body(const struct request *request, int status, const char *message,
			const char *details)
{
	if (!strncmp(request->path, "/v1/", 4))
		return openai_error_body(status, message);
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_string(o, "error", message);
	struct json_object *list = NULL;
	if (details)
		err_free(js_parse(details, strlen(details), &list));
	if (list)
		js_set(o, "details", list);
	return js_text(o);
}

static void log_fault(const struct err *e)
{
	cleanup(cleanup_free) char *stack = err_stack(e);
	if (err_kind(e) == ERR_INTERNAL)
		log_error("%s", stack);
	else
		log_warn("answered %d: %s", kinds[err_kind(e)].status, stack);
}

void response_send_error(const struct request *request, const struct conf *conf,
			 const struct err *e)
{
	int status = kinds[err_kind(e)].status;
	if (status >= 500)
		log_fault(e);
	const char *message =
		err_kind(e) == ERR_INTERNAL
			? "Something went wrong on the server; its log has the details"
			: err_message(e);
	cleanup(buf_clear) struct buf headers = BUF(MAX_HEAD);
	buf_adds(&headers, kinds[err_kind(e)].header);
	int retry_after = err_retry_after(e);
	if (status == 503 && retry_after == 0)
		retry_after = 5;
	if (retry_after > 0)
		buf_addf(&headers, "Retry-After: %d\r\n", retry_after);
	cleanup(cleanup_free) char *body = error_body(request, status, message, err_details(e));
	send_answer(request, conf, status, headers.data ? headers.data : "", body);
}

struct err *response_blame_provider(struct err *e)
{
	if (!e || err_kind(e) != ERR_RATE_LIMITED)
		return e;
	cleanup(cleanup_err) struct err *throttled = e;
	struct err *blame = err_new(ERR_UPSTREAM, "%s", err_message(throttled));
	err_set_retry_after(blame, err_retry_after(throttled));
	return blame;
}

void response_wrong_method(struct response *r, const struct request *request, const char *allow)
{
	cleanup(cleanup_free) char *message =
		mem_printf("This path does not take %.20s, only %s", request->method, allow);
	response_json(r, 405, error_body(request, 405, message, NULL));
	response_header(r, "Allow", allow);
}

void response_send_preflight(const struct request *request, const struct conf *conf)
{
	send_answer(request, conf, 204,
		    "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r\n"
		    "Access-Control-Allow-Headers: Authorization, Content-Type, "
		    "Idempotency-Key, If-Match\r\n"
		    "Access-Control-Max-Age: 86400\r\n",
		    NULL);
}
