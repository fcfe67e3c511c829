#include "jobs/io/hop.h"

#include "jobs/base/mem.h"
#include "tests/unit/check.h"

static const struct http_request *get(const char *url)
{
	static struct http_request request;
	request = (struct http_request){ .method = "GET", .url = url };
	return &request;
}

static void leads_from_address_to_address(void **state)
{
	(void)state;
	static const struct {
		const char *from, *location, *to;
	} cases[] = {
		{ "http://a.example/b/c?d", "e", "http://a.example/b/e" },
		{ "http://a.example/b/c?d", "/e?f", "http://a.example/e?f" },
		{ "http://a.example/b/c?d", "//g.example/", "http://g.example/" },
		{ "http://a.example/", "https://a.example/", "https://a.example/" },
		{ "https://a.example:8443/b", "/c", "https://a.example:8443/c" },
		{ "http://a.example/", "/two words", "http://a.example/two%20words" },
		{ "http://a.example/", "http://0x7f.1/", "http://127.0.0.1/" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(hop_clear) struct hop hop;
		assert_ok(hop_begin(&hop, get(cases[i].from)));
		assert_ok(hop_follow(&hop, 302, cases[i].location));
		assert_string_equal(hop.request.url, cases[i].to);
	}
}

static void does_not_lead_away_from_https(void **state)
{
	(void)state;
	cleanup(hop_clear) struct hop hop;
	assert_ok(hop_begin(&hop, get("https://a.example/")));
	assert_ok(hop_follow(&hop, 302, "//b.example/"));
	assert_error(hop_follow(&hop, 302, "http://b.example/"), ERR_REFUSED,
		     "A redirect by b.example was not followed. It would go on without encryption");
}

static void refuses_what_is_no_url_to_call(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "", "http:// or https://" },
		{ "a.example", "http:// or https://" },
		{ "ftp://a.example/", "http:// or https://" },
		{ "file:///etc/passwd", "http:// or https://" },
		{ "unheard-of://a.example/", "http:// or https://" },
		{ "http://user@a.example/", "user name or password" },
		{ "http://user:password@a.example/", "user name or password" },
		{ "http://a.example:99999/", "not valid" },
		{ "http://[::1/", "not valid" },
		{ "http://a.example/\r\nHost: b", "not valid" },
		{ "http://a b.example/", "not valid" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(hop_clear) struct hop hop;
		struct err *e = hop_begin(&hop, get(cases[i][0]));
		if (!e)
			fail_msg("\"%s\" is taken", cases[i][0]);
		assert_error(e, ERR_INVALID, cases[i][1]);
	}
}

/* Begins with a body and credentials, follows one redirect, and joins the headers that are left. */
static char *headers_after(const char *method, int status, const char *location)
{
	static const char *const headers[] = { "Authorization: a", "cookie: b",
					       "X-Api-Key: c",     "X-Keep: d",
					       "CONTENT-TYPE: e",  NULL };
	const struct http_request request = { .method = method,
					      .url = "http://a.example/",
					      .headers = headers,
					      .body = "body",
					      .body_len = 4 };
	cleanup(hop_clear) struct hop hop;
	assert_ok(hop_begin(&hop, &request));
	assert_ok(hop_follow(&hop, status, location));
	cleanup(cleanup_free) char *text =
		mem_printf("%s %zu", hop.request.method, hop.request.body_len);
	for (const char *const *line = hop.request.headers; *line; line++) {
		char *longer = mem_printf("%s, %.1s", text, strchr(*line, ' ') + 1);
		free(text);
		text = longer;
	}
	return take(text);
}

static void changes_method_and_headers_by_the_rules(void **state)
{
	(void)state;
	static const struct {
		const char *method;
		int status;
		const char *location, *result;
	} cases[] = {
		{ "POST", 301, "/", "GET 0, a, b, c, d" },
		{ "POST", 302, "/", "GET 0, a, b, c, d" },
		{ "POST", 303, "/", "GET 0, a, b, c, d" },
		{ "POST", 307, "/", "POST 4, a, b, c, d, e" },
		{ "POST", 308, "/", "POST 4, a, b, c, d, e" },
		{ "PUT", 301, "/", "PUT 4, a, b, c, d, e" },
		{ "PATCH", 302, "/", "PATCH 4, a, b, c, d, e" },
		{ "PUT", 303, "/", "GET 0, a, b, c, d" },
		{ "HEAD", 303, "/", "HEAD 4, a, b, c, d, e" },
		{ "POST", 307, "http://A.EXAMPLE:80/", "POST 4, a, b, c, d, e" },
		{ "POST", 307, "http://b.example/", "POST 4, d, e" },
		{ "POST", 307, "http://a.example:8080/", "POST 4, d, e" },
		{ "POST", 307, "https://a.example/", "POST 4, d, e" },
		{ "POST", 303, "http://b.example/", "GET 0, d" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *result =
			headers_after(cases[i].method, cases[i].status, cases[i].location);
		assert_string_equal(result, cases[i].result);
	}
}

static void refuses_headers(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"no colon",
		": no name",
		"two words: x",
		"X-Name: a\r\nX-Other: b",
		"X-Name: a\nb",
		"X-Name: a\x7f",
		"X\nY: a",
		"Host: b.example",
		"HOST:b.example",
		"Content-Length: 1",
		"Transfer-Encoding: chunked",
		"connection: close",
	};
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *const headers[] = { "Accept: */*", lines[i], NULL };
		const struct http_request request = { .method = "GET",
						      .url = "http://a.example/",
						      .headers = headers };
		cleanup(hop_clear) struct hop hop;
		assert_error(hop_begin(&hop, &request), ERR_INVALID, "eader");
	}
}

static void knows_the_statuses(void **state)
{
	(void)state;
	static const int redirects[] = { 301, 302, 303, 307, 308 };
	for (int status = 100, found = 0; status < 600; status++) {
		bool expected = found < (int)COUNT(redirects) && redirects[found] == status;
		assert_int_equal(hop_is_redirect(status), expected);
		found += expected;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_from_address_to_address),
		cmocka_unit_test(does_not_lead_away_from_https),
		cmocka_unit_test(refuses_what_is_no_url_to_call),
		cmocka_unit_test(changes_method_and_headers_by_the_rules),
		cmocka_unit_test(refuses_headers),
		cmocka_unit_test(knows_the_statuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
