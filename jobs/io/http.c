#include "jobs/io/http.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	DEFAULT_TIMEOUT_S = 60,
	CONNECT_TIMEOUT_S = 10,
	DEFAULT_MAX_RESPONSE = 1024 * 1024,
	STALL_TIME_S = 60, /* less than a byte a second for this long ends the call */
	MAX_RETRY_AFTER_S = 3600,
};

struct http {
	CURL *curl;
};

/* What the callbacks of one call share. */
struct call {
	const struct http_request *request;
	struct http_response *response;
	CURL *curl;
	struct buf body;
	uint64_t saved; /* bytes written to save_to */
	uint64_t sent;  /* bytes read of body_file, or of the part in turn */
	bool too_big;
};

/* A form part that is read from a file, by curl_mime_data_cb. */
struct part_reader {
	const struct http_file *file;
	uint64_t at;
};

void http_init(void)
{
	/* libcurl reads host names that are not ASCII in the locale's encoding. */
	setlocale(LC_CTYPE, "C.UTF-8"); /* NOLINT(concurrency-mt-unsafe): before any thread */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

struct http *http_new(void)
{
	struct http *h = mem_alloc(sizeof(*h));
	h->curl = curl_easy_init();
	if (!h->curl)
		abort();
	return h;
}

void http_free(struct http *h)
{
	if (h)
		curl_easy_cleanup(h->curl);
	free(h);
}

void http_response_clear(struct http_response *r)
{
	free(r->body);
	*r = (struct http_response){ 0 };
}

/* Keeps the reason phrase of the (last) status line: "HTTP/1.1 400 Unsupported voice". */
static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_response *response = arg;
	size_t len = size * n;
	if (len < 5 || memcmp(line, "HTTP/", 5) != 0)
		return len;
	const char *end = line + len;
	const char *reason = memchr(line, ' ', len);
	if (reason)
		reason = memchr(reason + 1, ' ', (size_t)(end - reason - 1));
	while (reason && end > reason && strchr(" \r\n", end[-1]))
		end--;
	int n_reason = reason && end > reason ? (int)(end - reason - 1) : 0;
	snprintf(response->reason, sizeof(response->reason), "%.*s", n_reason,
		 reason ? reason + 1 : "");
	return len;
}

static bool goes_to_file(const struct call *call)
{
	long status = 0;
	curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	return call->request->save_to && status >= 200 && status < 300;
}

/* Returning less than `n` ends the transfer with CURLE_WRITE_ERROR. */
static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct call *call = arg;
	size_t len = size * n;
	if (!goes_to_file(call)) {
		buf_add(&call->body, bytes, len);
		call->too_big = call->body.too_big;
		return call->too_big ? 0 : len;
	}
	const struct http_file *file = call->request->save_to;
	call->too_big = call->saved + len > file->length;
	if (call->too_big)
		return 0;
	for (size_t done = 0; done < len;) {
		ssize_t w = pwrite(file->fd, bytes + done, len - done,
				   (off_t)(file->offset + call->saved + done));
		if (w <= 0)
			return 0;
		done += (size_t)w;
	}
	call->saved += len;
	return len;
}

static size_t read_file(const struct http_file *file, uint64_t at, char *into, size_t room)
{
	uint64_t left = file->length - at;
	ssize_t n = pread(file->fd, into, left < room ? left : room, (off_t)(file->offset + at));
	return n < 0 || (n == 0 && left > 0) ? CURL_READFUNC_ABORT : (size_t)n;
}

static size_t on_send(char *into, size_t size, size_t n, void *arg)
{
	struct call *call = arg;
	size_t len = read_file(call->request->body_file, call->sent, into, size * n);
	if (len != CURL_READFUNC_ABORT)
		call->sent += len;
	return len;
}

static int on_rewind(void *arg, curl_off_t offset, int origin)
{
	(void)origin; /* libcurl only uses SEEK_SET */
	((struct call *)arg)->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t on_part(char *into, size_t size, size_t n, void *arg)
{
	struct part_reader *reader = arg;
	size_t len = read_file(reader->file, reader->at, into, size * n);
	if (len != CURL_READFUNC_ABORT)
		reader->at += len;
	return len;
}

static int on_part_rewind(void *arg, curl_off_t offset, int origin)
{
	(void)origin;
	((struct part_reader *)arg)->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Non-zero ends the transfer with CURLE_ABORTED_BY_CALLBACK. */
static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	const struct call *call = arg;
	return stop_is_due(call->request->stop);
}

static curl_socket_t on_connect(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	const struct http_request *request = arg;
	if (purpose != CURLSOCKTYPE_IPCXN || !request->admit(request->admit_arg, &to->addr))
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static void cleanup_slist(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static void cleanup_mime(curl_mime **mime)
{
	curl_mime_free(*mime);
}

/* "Expect:" goes without: servers that ignore it would cost a second each time. */
static struct curl_slist *header_list(const struct http_request *request)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	for (const char *const *header = request->headers; header && *header; header++)
		list = curl_slist_append(list, *header);
	return list;
}

static curl_mime *form(CURL *curl, const struct http_request *request, struct part_reader *readers)
{
	curl_mime *mime = curl_mime_init(curl);
	for (size_t i = 0; i < request->part_count; i++) {
		const struct http_part *from = &request->parts[i];
		curl_mimepart *part = curl_mime_addpart(mime);
		curl_mime_name(part, from->name);
		if (!from->file) {
			curl_mime_data(part, from->text, CURL_ZERO_TERMINATED);
			continue;
		}
		readers[i] = (struct part_reader){ .file = from->file };
		curl_mime_data_cb(part, (curl_off_t)from->file->length, on_part, on_part_rewind,
				  NULL, &readers[i]);
		curl_mime_filename(part, from->filename);
		curl_mime_type(part, from->content_type);
	}
	return mime;
}

static void set_body(CURL *curl, struct call *call)
{
	const struct http_request *request = call->request;
	if (request->body_file) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
		curl_easy_setopt(curl, CURLOPT_READDATA, call);
		curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_rewind);
		curl_easy_setopt(curl, CURLOPT_SEEKDATA, call);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
				 (curl_off_t)request->body_file->length);
	} else if (request->body || !strcmp(request->method, "POST") ||
		   !strcmp(request->method, "PUT")) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	} else if (!strcmp(request->method, "HEAD")) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_options(CURL *curl, struct call *call)
{
	const struct http_request *request = call->request;
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "voiceover/1");
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, call->response);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT,
			 (long)(request->timeout_s ? request->timeout_s : DEFAULT_TIMEOUT_S));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
			 (long)(request->stall_s ? request->stall_s : STALL_TIME_S));
	if (request->http_1_1)
		curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

/* A kept connection would be one that nobody decides on. */
static void set_guard(CURL *curl, const struct http_request *request)
{
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_connect);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, request);
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

/* The host of `url` for a message; URLs themselves may carry signatures. The caller frees it. */
static char *host_of(const char *url)
{
	char *host = NULL;
	CURLU *parsed = curl_url();
	if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
		curl_url_get(parsed, CURLUPART_HOST, &host, 0);
	char *copy = mem_strdup(host ? host : "the server");
	curl_free(host);
	curl_url_cleanup(parsed);
	return copy;
}

/* What went wrong, in words; libcurl's own where there is no better one. */
static const char *reason_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		const char *text;
	} reasons[] = {
		{ CURLE_COULDNT_RESOLVE_HOST, "its name is not known" },
		{ CURLE_COULDNT_CONNECT, "it refused the connection" },
		{ CURLE_OPERATION_TIMEDOUT, "it took too long" },
		{ CURLE_PARTIAL_FILE, "the answer was cut off" },
		{ CURLE_RECV_ERROR, "the connection was cut off" },
		{ CURLE_SEND_ERROR, "the connection was cut off" },
		{ CURLE_GOT_NOTHING, "it closed the connection without an answer" },
		{ CURLE_PEER_FAILED_VERIFICATION, "its TLS certificate is not valid" },
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	return curl_easy_strerror(code);
}

static struct err *transport_error(const struct call *call, CURLcode code)
{
	cleanup(cleanup_free) char *host = host_of(call->request->url);
	if (call->too_big)
		return err_new(ERR_TOO_LARGE, "The answer of %s is larger than allowed", host);
	if (code == CURLE_ABORTED_BY_CALLBACK && stop_is_due(call->request->stop))
		return err_new(ERR_CANCELLED, "The call to %s was cancelled", host);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return err_new(ERR_INVALID, "Not a usable http or https URL (host %s)", host);
	return err_new(ERR_UPSTREAM, "Cannot reach %s: %s", host, reason_of(code));
}

static void finish(struct call *call)
{
	long status = 0;
	curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	call->response->status = (int)status;
	call->response->body_len = goes_to_file(call) ? call->saved : call->body.len;
	call->response->body = buf_take(&call->body);
}

struct err *http_perform(struct http *h, const struct http_request *request,
			 struct http_response *ret, bool *ret_answered)
{
	*ret = (struct http_response){ 0 };
	CURL *curl = h->curl;
	curl_easy_reset(curl);
	struct call call = {
		.request = request,
		.response = ret,
		.curl = curl,
		.body = BUF((request->max_response ? request->max_response : DEFAULT_MAX_RESPONSE) +
			    1),
	};
	set_options(curl, &call);
	set_body(curl, &call);
	if (request->admit)
		set_guard(curl, request);
	cleanup(cleanup_slist) struct curl_slist *headers = header_list(request);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	cleanup(cleanup_free) struct part_reader *readers =
		mem_alloc(request->part_count * sizeof(*readers));
	cleanup(cleanup_mime) curl_mime *mime = NULL;
	if (request->parts) {
		mime = form(curl, request, readers);
		curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
	}

	CURLcode code = curl_easy_perform(curl);
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (ret_answered)
		*ret_answered = status != 0;
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, NULL);
	if (code != CURLE_OK) {
		buf_clear(&call.body);
		return transport_error(&call, code);
	}
	finish(&call);
	return NULL;
}

bool http_was_sent(struct http *h)
{
	long sent = 0;
	curl_easy_getinfo(h->curl, CURLINFO_REQUEST_SIZE, &sent);
	return sent > 0;
}

const char *http_header(struct http *h, const char *name)
{
	struct curl_header *header;
	return curl_easy_header(h->curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
		       ? header->value
		       : NULL;
}

bool http_next_header(struct http *h, struct http_header *header)
{
	struct curl_header *next = curl_easy_nextheader(h->curl, CURLH_HEADER, -1, header->at);
	if (!next)
		return false;
	*header = (struct http_header){ next->name, next->value, next };
	return true;
}

int http_retry_after(struct http *h)
{
	curl_off_t seconds = 0;
	curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &seconds);
	return (int)(seconds < 0 ? 0 : seconds > MAX_RETRY_AFTER_S ? MAX_RETRY_AFTER_S : seconds);
}
