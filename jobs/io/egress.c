#include "jobs/io/egress.h"

#include "jobs/base/allow_list.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/mem.h"
#include "jobs/io/hop.h"

enum { DEFAULT_TIMEOUT_S = 60 };

/* What is decided for one call, and has been. */
struct guard {
	const char *allow;
	bool host_is_allowed, admitted, refused;
};

/* An address that carries another needs the permission for both. */
static bool is_admitted(const char *allow, const struct address *a)
{
	struct address carried;
	if (address_is_special(a, &carried) && !allow_list_has_address(allow, a))
		return false;
	return carried.family == 0 || is_admitted(allow, &carried);
}

static bool admit(void *arg, const struct sockaddr *to)
{
	struct guard *guard = arg;
	struct address a;
	bool admitted =
		guard->host_is_allowed || (address_of(to, &a) && is_admitted(guard->allow, &a));
	guard->admitted |= admitted;
	guard->refused |= !admitted;
	return admitted;
}

/* One call of the chain. */
static struct err *call(struct http *h, const char *allow, struct hop *hop,
			struct http_response *ret)
{
	struct guard guard = { .allow = allow,
			       .host_is_allowed = allow_list_has_host(allow, hop->host) };
	hop->request.admit = admit;
	hop->request.admit_arg = &guard;
	struct err *e = http_perform(h, &hop->request, ret, NULL);
	if (!e || !guard.refused || guard.admitted)
		return e;
	err_free(e);
	return err_new(ERR_FORBIDDEN,
		       "%s may not be called: its address is not on the public internet. Whoever "
		       "runs this system can allow it in EGRESS_ALLOW",
		       hop->host);
}

/* Seconds until `deadline`, rounded up; 0 once it is over. */
static int seconds_until(int64_t deadline_ms)
{
	int64_t left = deadline_ms - clock_monotonic_ms();
	return left > 0 ? (int)((left + 999) / 1000) : 0;
}

/* Where the answer sends us; NULL where it is the end of the chain. */
static const char *next_location(struct http *h, const struct http_response *answer)
{
	return hop_is_redirect(answer->status) ? http_header(h, "Location") : NULL;
}

static struct err *go_on(struct hop *hop, int made, const char *location,
			 struct http_response *answer)
{
	if (made == EGRESS_MAX_REDIRECTS)
		return err_new(ERR_REFUSED, "%s redirects too often (%d times)", hop->host, made);
	TRY(hop_follow(hop, answer->status, location));
	http_response_clear(answer);
	return NULL;
}

static struct err *fetch(struct http *h, const char *allow, struct hop *hop,
			 struct http_response *ret)
{
	int limit = hop->request.timeout_s ? hop->request.timeout_s : DEFAULT_TIMEOUT_S;
	int64_t deadline = clock_monotonic_ms() + (int64_t)limit * 1000;
	for (int made = 0;; made++) {
		hop->request.timeout_s = seconds_until(deadline);
		if (hop->request.timeout_s == 0)
			return err_new(ERR_UPSTREAM, "Cannot reach %s: the redirects took too long",
				       hop->host);
		TRY(call(h, allow, hop, ret));
		const char *location = next_location(h, ret);
		if (!location)
			return NULL;
		TRY(go_on(hop, made, location, ret));
	}
}

struct err *egress_fetch(struct http *h, const char *allow, const struct http_request *request,
			 struct http_response *ret, char **ret_url)
{
	cleanup(hop_clear) struct hop hop = { 0 };
	*ret = (struct http_response){ 0 };
	TRY(hop_begin(&hop, request));
	struct err *e = fetch(h, allow, &hop, ret);
	if (e)
		http_response_clear(ret);
	else if (ret_url)
		*ret_url = mem_strdup(hop.text);
	return e;
}
