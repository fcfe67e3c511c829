#include "fcgi/request.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 8192 };

/* The parameter's value; "" where nginx did not send it. */
static const char *param(const FCGX_Request *fcgi, const char *name)
{
	const char *value = FCGX_GetParam(name, fcgi->envp);
	return value ? value : "";
}

const char *request_header(const struct request *r, const char *cgi_name)
{
	return param(r->fcgi, cgi_name);
}

void request_init(struct request *r, FCGX_Request *fcgi)
{
	const char *file = param(fcgi, "REQUEST_BODY_FILE");
	*r = (struct request){
		.fcgi = fcgi,
		.method = param(fcgi, "REQUEST_METHOD"),
		.path = param(fcgi, "DOCUMENT_URI"),
		.query = param(fcgi, "QUERY_STRING"),
		.content_type = param(fcgi, "CONTENT_TYPE"),
		.origin = param(fcgi, "HTTP_ORIGIN"),
		.authorization = param(fcgi, "HTTP_AUTHORIZATION"),
		.idempotency_key = param(fcgi, "HTTP_IDEMPOTENCY_KEY"),
		.id = param(fcgi, "REQUEST_ID"),
		.body_file = *file ? file : NULL,
		.content_length = strtoull(param(fcgi, "CONTENT_LENGTH"), NULL, 10),
		.body_fd = -1,
	};
}

void request_clear(struct request *r)
{
	json_object_put(r->body);
	free(r->body_text);
	if (r->body_fd >= 0)
		close(r->body_fd);
	*r = (struct request){ .body_fd = -1 };
}

/* Matches "application/json" with or without parameters, in any case. */
static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	size_t len = sizeof(json) - 1;
	return !strncasecmp(content_type, json, len) && strchr("; \t", content_type[len]);
}

static struct err *read_stdin(struct request *r, char *into, size_t len)
{
	size_t done = 0;
	while (done < len) {
		size_t left = len - done;
		int n = FCGX_GetStr(into + done, left > CHUNK ? CHUNK : (int)left, r->fcgi->in);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done < len || FCGX_GetError(r->fcgi->in) != 0)
		return err_new(ERR_INVALID, "The request's body was cut off");
	return NULL;
}

struct err *request_read_text(struct request *r, uint64_t max)
{
	if (r->content_length > max)
		return err_new(ERR_TOO_LARGE, "The request is larger than %llu KB",
			       (unsigned long long)max / 1024);
	r->body_text = mem_alloc(r->content_length + 1);
	return read_stdin(r, r->body_text, r->content_length);
}

struct err *request_read_json(struct request *r)
{
	if (r->content_length > REQUEST_MAX_JSON)
		return err_new(ERR_TOO_LARGE, "The request is larger than 5 MB");
	if (r->content_length == 0) {
		r->body_text = mem_strdup("{}");
		r->body = json_object_new_object();
		return NULL;
	}
	if (!is_json(r->content_type))
		return err_new(ERR_MEDIA_TYPE, "Send the request's body as application/json");
	TRY(request_read_text(r, REQUEST_MAX_JSON));
	TRY(js_parse(r->body_text, r->content_length, &r->body));
	if (!json_object_is_type(r->body, json_type_object))
		return err_new(ERR_INVALID, "The request's body has to be a JSON object");
	return NULL;
}

/* Copies stdin into a file without a name, so that both ways of delivery end alike. */
static struct err *spool_stdin(struct request *r, int fd)
{
	cleanup(cleanup_free) char *chunk = mem_alloc(CHUNK);
	for (uint64_t left = r->content_length; left > 0;) {
		size_t len = left < CHUNK ? (size_t)left : CHUNK;
		TRY(read_stdin(r, chunk, len));
		if (write(fd, chunk, len) != (ssize_t)len)
			return err_new(ERR_UNAVAILABLE, "The upload could not be kept: %m");
		left -= len;
	}
	return NULL;
}

/* Opens the body as body_fd, unless it is open. */
static struct err *open_either(struct request *r, uint64_t max)
{
	if (r->body_fd >= 0)
		return NULL;
	if (r->body_file) {
		r->body_fd = open(r->body_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (r->body_fd < 0)
			return err_new(ERR_INTERNAL, "a spooled upload cannot be opened: %m");
		return NULL;
	}
	if (r->content_length > max)
		return err_new(ERR_TOO_LARGE, "The upload is larger than allowed");
	TRY(scratch_open(&r->body_fd));
	return spool_stdin(r, r->body_fd);
}

struct err *request_open_body(struct request *r, uint64_t max, int *ret_fd, uint64_t *ret_size)
{
	struct stat st;
	TRY(open_either(r, max));
	if (fstat(r->body_fd, &st) != 0)
		return err_new(ERR_INTERNAL, "a spooled upload cannot be measured: %m");
	if ((uint64_t)st.st_size > max)
		return err_new(ERR_TOO_LARGE, "The upload is larger than allowed");
	int fd = fcntl(r->body_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_new(ERR_UNAVAILABLE, "A spooled upload cannot be opened: %m");
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return NULL;
}
