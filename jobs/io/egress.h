/*
 * Calls to URLs that users give, which must not reach what only this server can reach.
 *
 * The decision is made on the address that is connected to, when it is connected to: what a name
 * meant before, or how an address is written, does not count.
 */
#pragma once
#include "jobs/io/http.h"

enum { EGRESS_MAX_REDIRECTS = 5 };

/*
 * Makes a call as http_perform does, and follows redirects (hop.h), all within request->timeout_s
 * (0: 60). `allow` is the list of exceptions (jobs/base/allow_list.h). `*ret_url`, unless NULL, is
 * the URL that answered; the caller frees it.
 *
 * Beside http_perform's errors: ERR_INVALID for a URL or header that is not taken, ERR_FORBIDDEN
 * where no address of the host may be called, ERR_REFUSED for a redirect that is not followed.
 */
must_check struct err *egress_fetch(struct http *h, const char *allow,
				    const struct http_request *request, struct http_response *ret,
				    char **ret_url);
