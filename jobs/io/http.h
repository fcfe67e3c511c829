/* HTTP calls to the outside, through libcurl. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/stop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A client with its kept connections. It belongs to one thread. */
struct http;

/* Prepares libcurl; once, before any thread starts. */
void http_init(void);

struct http *http_new(void) __attribute__((returns_nonnull));
void http_free(struct http *h); /* takes NULL */

/* `length` bytes of an open file from `offset` on. */
struct http_file {
	int fd;
	uint64_t offset, length;
};

/* One part of a multipart/form-data body: text, or a file with its name and type. */
struct http_part {
	const char *name;
	const char *text;
	const struct http_file *file;
	const char *filename, *content_type;
};

/* Everything is borrowed for the call. */
struct http_request {
	const char *method, *url;
	const char *const *headers; /* NULL-terminated "Name: value" lines, or NULL */

	/* The body, at most one of: bytes in memory, a file's, or `part_count` form parts. */
	const void *body;
	size_t body_len;
	const struct http_file *body_file;
	const struct http_part *parts;
	size_t part_count;

	const struct http_file *save_to; /* write a 2xx body here; `length` is its limit */
	size_t max_response;             /* limit of a body in memory; 0: 1 MiB */
	int timeout_s;                   /* of the whole call; 0: 60 */
	int stall_s;                     /* of silence that ends the call; 0: 60 */
	bool http_1_1;                   /* where the reason phrase matters */
	const struct stop *stop;         /* ends the call within a second once due; or NULL */

	/*
	 * Decides on every address just before it is connected to. A call that has it goes through
	 * no proxy and uses no connection that another call has left, nor leaves one.
	 */
	bool (*admit)(void *arg, const struct sockaddr *address);
	void *admit_arg;
};

struct http_response {
	int status;
	char reason[200]; /* of the status line; "" in HTTP/2 */
	char *body;       /* never NULL after success; NUL-terminated */
	size_t body_len;  /* in memory or saved */
};

/*
 * Makes one call; redirects are not followed. NULL means that a whole answer came, whatever its
 * status; http_response_clear frees it. Otherwise ERR_CANCELLED, ERR_TOO_LARGE, ERR_INVALID (the
 * URL), or ERR_UPSTREAM with a sentence that names the host: refused, unknown host, timed out, cut
 * off. With *ret_answered (may be NULL) it tells whether the answer had begun by then, which means
 * that the other side has done its work.
 */
must_check struct err *http_perform(struct http *h, const struct http_request *request,
				    struct http_response *ret, bool *ret_answered);

/* True if any of the last call's request went out: the other side may have acted on it. */
bool http_was_sent(struct http *h);

/* A header of the last answer by its name in any case; borrowed until the next call, or NULL. */
const char *http_header(struct http *h, const char *name);

/* A header line of the last answer; both are borrowed until the next call. */
struct http_header {
	const char *name, *value;
	void *at; /* where http_next_header is */
};

/* Steps to the next header, from the first on where `header` is zeroed; false after the last. */
bool http_next_header(struct http *h, struct http_header *header);

/*
 * Seconds that the last answer asked to wait in Retry-After (RFC 9110, 10.2.3: seconds or a date);
 * 0 where it did not.
 */
int http_retry_after(struct http *h);

void http_response_clear(struct http_response *r);

static inline void cleanup_http(struct http **h)
{
	http_free(*h);
}
