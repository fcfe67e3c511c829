/*
 * An HTTP server of the test's own on a free port of the loopback: it answers one request after
 * the other from a script, and keeps what it was asked.
 */
#pragma once
#include "jobs/base/buf.h"
#include "jobs/base/mem.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HTTP_SERVER_MAX = 8, HTTP_SERVER_REQUEST = 4 << 20 };

/* What is sent, as it is, and what happens to the connection then. */
struct http_answer {
	const char *text;
	enum { HTTP_KEEP, HTTP_CLOSE, HTTP_RESET, HTTP_STALL } then;
};

struct http_server {
	char url[40]; /* "http://127.0.0.1:12345" */
	const struct http_answer *answers;
	size_t count;
	atomic_bool stalled; /* an answer has stopped; it goes on only when the client hangs up */

	/* To be looked at after http_server_stop. */
	struct buf requests[HTTP_SERVER_MAX]; /* head and body as they came */
	size_t request_count, connection_count;

	int listener, stop[2]; /* closing the pipe's second end stops the server */
	pthread_t thread;
};

/* The value of a header of a request; the caller frees it. NULL where there is none. */
static inline char *http_server_header(const struct buf *request, const char *name)
{
	for (const char *line = request->data; line && *line != '\r'; line++) {
		size_t len = strlen(name);
		if (!strncasecmp(line, name, len) && line[len] == ':') {
			line += len + 1;
			line += strspn(line, " ");
			return mem_strndup(line, strcspn(line, "\r"));
		}
		line = strchr(line, '\n');
		if (!line)
			break;
	}
	return NULL;
}

/* The body of a request, borrowed; NULL while its head is not complete. */
static inline const char *http_server_body(const struct buf *request)
{
	const char *end = request->data ? strstr(request->data, "\r\n\r\n") : NULL;
	return end ? end + 4 : NULL;
}

static inline bool http_server_is_complete(const struct buf *request)
{
	const char *body = http_server_body(request);
	if (!body)
		return false;
	char *length = http_server_header(request, "Content-Length");
	size_t want = length ? strtoul(length, NULL, 10) : 0;
	free(length);
	return request->len - (size_t)(body - request->data) >= want;
}

/* Waits until `fd` has something; false at the server's end. */
static inline bool http_server_wait(const struct http_server *s, int fd)
{
	struct pollfd fds[] = { { fd, POLLIN, 0 }, { s->stop[0], POLLIN, 0 } };
	while (poll(fds, 2, -1) < 0)
		;
	return !fds[1].revents;
}

/* False where the client hung up before its request was whole, or at the server's end. */
static inline bool http_server_read(const struct http_server *s, int fd, struct buf *request)
{
	char chunk[16384];
	buf_clear(request);
	while (!http_server_is_complete(request)) {
		ssize_t n = http_server_wait(s, fd) ? recv(fd, chunk, sizeof(chunk), 0) : 0;
		if (n <= 0)
			return false;
		buf_add(request, chunk, (size_t)n);
	}
	return true;
}

/* Reads the next request on the kept connection, or on a new one; returns it, or -1 at the end. */
static inline int http_server_next(struct http_server *s, int fd)
{
	struct buf *request = &s->requests[s->request_count];
	while (fd < 0 || !http_server_read(s, fd, request)) {
		if (fd >= 0)
			close(fd);
		if (!http_server_wait(s, s->listener))
			return -1;
		fd = accept(s->listener, NULL, NULL);
		s->connection_count++;
	}
	return fd;
}

/* Returns the connection, or -1 where it is closed. */
static inline int http_server_answer(struct http_server *s, int fd,
				     const struct http_answer *answer)
{
	char ignored[1024];
	size_t len = strlen(answer->text);
	while (len > 0) {
		ssize_t n = send(fd, answer->text + strlen(answer->text) - len, len, MSG_NOSIGNAL);
		if (n < 0)
			break;
		len -= (size_t)n;
	}
	if (answer->then == HTTP_KEEP)
		return fd;
	if (answer->then == HTTP_STALL) {
		atomic_store(&s->stalled, true);
		while (http_server_wait(s, fd) && recv(fd, ignored, sizeof(ignored), 0) > 0)
			;
	}
	struct linger abrupt = { .l_onoff = 1 };
	if (answer->then == HTTP_RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt));
	close(fd);
	return -1;
}

static inline void *http_server_run(void *arg)
{
	struct http_server *s = arg;
	int fd = -1;
	while (s->request_count < s->count) {
		fd = http_server_next(s, fd);
		if (fd < 0)
			return NULL;
		fd = http_server_answer(s, fd, &s->answers[s->request_count++]);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* Starts the server with its script, which must outlive it. */
static inline void http_server_start(struct http_server *s, const struct http_answer *answers,
				     size_t count)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	*s = (struct http_server){ .answers = answers, .count = count };
	for (size_t i = 0; i < HTTP_SERVER_MAX; i++)
		s->requests[i] = BUF(HTTP_SERVER_REQUEST);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (count > HTTP_SERVER_MAX || bind(s->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(s->listener, 16) != 0 ||
	    getsockname(s->listener, (struct sockaddr *)&address, &len) != 0 || pipe(s->stop) != 0)
		abort();
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	pthread_create(&s->thread, NULL, http_server_run, s);
}

/* Stops it, whether or not all answers were asked for; the requests stay until the clearing. */
static inline void http_server_stop(struct http_server *s)
{
	close(s->stop[1]);
	pthread_join(s->thread, NULL);
	close(s->stop[0]);
	close(s->listener);
}

static inline void http_server_clear(struct http_server *s)
{
	for (size_t i = 0; i < HTTP_SERVER_MAX; i++)
		buf_clear(&s->requests[i]);
}
