/* A request as nginx handed it over. Its strings are borrowed from libfcgi until it is finished. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"
#include "jobs/model/execution.h"

#include <fcgiapp.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	REQUEST_MAX_IDS = 2,
	REQUEST_NUMBER_SIZE = 10, /* nine digits and the NUL */
	REQUEST_MAX_JSON = 5 * 1024 * 1024,
	REQUEST_MAX_MS = 110 * 1000, /* of one that calls a provider; nginx waits a little longer */
	REQUEST_MAX_UPLOAD = 26 * 1024 * 1024, /* a 25 MB file with its envelope */
};

struct request {
	FCGX_Request *fcgi;
	const char *method, *path, *query, *content_type, *origin, *authorization;
	const char *idempotency_key; /* "" where there is none */
	const char *id;              /* X-Request-Id, from nginx */
	const char *body_file;       /* where nginx spooled the body; NULL: it comes on stdin */
	uint64_t content_length;

	char ids[REQUEST_MAX_IDS][ID_SIZE]; /* what stood in place of the route's `:` parts */
	char number[REQUEST_NUMBER_SIZE];   /* and in place of its `#` part; "" where it has none */
	char user_id[ID_SIZE];              /* who is signed in; "" on public routes */

	struct json_object *body; /* of a JSON request: an object; NULL on routes without a body */
	char *body_text;          /* and as it was sent; content_length bytes and a NUL */
	int body_fd;              /* an open file with the body; -1 before it is asked for */

	/* The execution that it started, its id "" for none: handed over when the handler's work
	 * holds. */
	struct execution_ticket launched;
};

/* Reads the parameters; nothing can fail. request_clear frees what was read later. */
void request_init(struct request *r, FCGX_Request *fcgi);
void request_clear(struct request *r);

/* The value of a header, borrowed, by its CGI name (HTTP_USER_AGENT); "" where it was not sent. */
const char *request_header(const struct request *r, const char *cgi_name);

/*
 * Reads a body of at most `max` bytes, whatever it is, into body_text. ERR_TOO_LARGE, or
 * ERR_INVALID where it is cut off.
 */
must_check struct err *request_read_text(struct request *r, uint64_t max);

/*
 * Reads a JSON body into body and body_text. None at all reads as {}. ERR_MEDIA_TYPE,
 * ERR_TOO_LARGE, or ERR_INVALID where it is malformed, cut off, or no object.
 */
must_check struct err *request_read_json(struct request *r);

/*
 * An open file with the whole body, at most `max` bytes: the one that nginx spooled, or a nameless
 * one filled from stdin; it can be opened again. The caller closes *ret_fd. ERR_INVALID where the
 * body is missing or cut off.
 */
must_check struct err *request_open_body(struct request *r, uint64_t max, int *ret_fd,
					 uint64_t *ret_size);
