/*
 * An answer: a status, JSON or a file, and how errors become both. Errors are {"error": sentence},
 * below /v1/ as OpenAI's clients expect them: {"error": {"message", "type", "code"}}.
 */
#pragma once
#include "fcgi/request.h"
#include "jobs/base/conf.h"

#include <stdint.h>

/* What a handler gives on success: a status and a JSON text or a file, which the response owns. */
struct response {
	int status; /* 200 unless a handler says otherwise */
	char *body;
	char *headers; /* further ones, as complete lines; NULL for none */

	/* In place of a JSON body, where a type is set: `file_size` bytes of `file` from its start.
	 */
	const char *file_type;
	int file; /* which the response closes */
	uint64_t file_size;
};
void response_clear(struct response *r);

/* {"message": text} */
void response_message(struct response *r, const char *text);

/* Hands `json` over; the status is `status`. */
void response_json(struct response *r, int status, char *json);

/* Adds a header line. */
void response_header(struct response *r, const char *name, const char *value);

/* A path that is known, but not with this method: 405, naming the ones that are. */
void response_wrong_method(struct response *r, const struct request *request, const char *allow);

/* Sends a response, with the CORS headers that `origin` may see. */
void response_send(const struct request *request, const struct conf *conf,
		   const struct response *r);

/*
 * Sends an error by its kind: the status, {"error":…} with the details if it has any, Retry-After
 * and WWW-Authenticate where they belong. Bugs are answered with a general sentence, and logged.
 */
void response_send_error(const struct request *request, const struct conf *conf,
			 const struct err *e);

/*
 * The error of a call that a request made to a provider: what the provider throttles is its fault
 * (502), as a 429 would say that the client asks us too often. NULL stays NULL.
 */
must_check struct err *response_blame_provider(struct err *e);

/* Answers a CORS preflight. */
void response_send_preflight(const struct request *request, const struct conf *conf);
