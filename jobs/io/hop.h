/* One request of a chain of redirects: how each follows from the one before (RFC 9110, 15.4). */
#pragma once
#include "jobs/io/http.h"

struct hop {
	struct http_request request; /* to be sent now; borrows from the first one */
	void *url;                   /* libcurl's parsed form of it */
	char *text, *host;           /* the URL as it is sent; its host in ASCII */
	const char **headers;
};

/*
 * Begins a chain at `first`, which is borrowed for its whole length. ERR_INVALID with a sentence
 * where the URL is malformed, not of http or https, or holds a user name or password, or where a
 * header is not a "Name: value" line or is one that only the client itself may set.
 */
must_check struct err *hop_begin(struct hop *hop, const struct http_request *first);

/* True for the statuses that ask for another request at the address in Location. */
bool hop_is_redirect(int status);

/*
 * Turns `hop` into the request that an answer of `status` and `location` asks for: 303, and 301 or
 * 302 after a POST, make a GET of it without its body. Headers whose names sound like credentials
 * are left behind for good when host or port change. Fails as hop_begin does, with ERR_REFUSED, and
 * where it would leave https for http.
 */
must_check struct err *hop_follow(struct hop *hop, int status, const char *location);

void hop_clear(struct hop *hop); /* takes a zeroed one */
