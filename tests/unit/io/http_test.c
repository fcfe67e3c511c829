#include "jobs/io/http.h"

#include "tests/unit/check.h"
#include "tests/unit/http_server.h"

#include <sys/mman.h>

#define OK(body_len, body) "HTTP/1.1 200 OK\r\nContent-Length: " #body_len "\r\n\r\n" body

static struct http *http;
static struct http_server server;
static struct http_response response;

/* Starts the server with a script; what the last one left is dropped. */
static void serve(const struct http_answer *answers, size_t count)
{
	http_server_clear(&server);
	http_response_clear(&response);
	http_server_start(&server, answers, count);
}

/* Serves the script `answers` while `request` is made to it once. */
static struct err *perform(const struct http_answer *answers, size_t count,
			   struct http_request request, bool *ret_answered)
{
	serve(answers, count);
	if (!request.method)
		request.method = "GET";
	if (!request.url)
		request.url = server.url;
	struct err *e = http_perform(http, &request, &response, ret_answered);
	http_server_stop(&server);
	return e;
}

static struct err *get(const char *answer, bool *ret_answered)
{
	const struct http_answer answers[] = { { answer, HTTP_CLOSE } };
	return perform(answers, 1, (struct http_request){ 0 }, ret_answered);
}

static const char *request_text(size_t i)
{
	assert_in_range(i, 0, server.request_count - 1);
	return server.requests[i].data;
}

/* An open file without a name that holds `content`. */
static int new_file(const char *content)
{
	int fd = memfd_create("test", 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

static void whole_answer(void **state)
{
	(void)state;
	bool answered = false;
	assert_ok(get("HTTP/1.1 201 Created\r\nX-Request-Id: 7 \r\nContent-Length: 5\r\n\r\nhello",
		      &answered));
	assert_int_equal(response.status, 201);
	assert_string_equal(response.body, "hello");
	assert_int_equal(response.body_len, 5);
	assert_true(answered);
	assert_true(http_was_sent(http));
	assert_string_equal(http_header(http, "x-request-ID"), "7");
	assert_null(http_header(http, "x-request"));
	assert_has(request_text(0), "GET / HTTP/1.1\r\n");
	assert_has(request_text(0), "User-Agent: voiceover");
	assert_hasnt(request_text(0), "Expect:");
}

static void every_way_to_delimit_a_body(void **state)
{
	(void)state;
	static const char *const answers[] = {
		OK(5, "hello"),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
	};
	for (size_t i = 0; i < COUNT(answers); i++) {
		assert_ok(get(answers[i], NULL));
		assert_string_equal(response.body, "hello");
	}
}

static void answers_without_a_body(void **state)
{
	(void)state;
	assert_ok(get("HTTP/1.1 204 No Content\r\n\r\n", NULL));
	assert_string_equal(response.body, "");
	const struct http_answer head[] = { { "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
					      HTTP_CLOSE } };
	assert_ok(perform(head, 1, (struct http_request){ .method = "HEAD" }, NULL));
	assert_int_equal(response.status, 200);
	assert_int_equal(response.body_len, 0);
	assert_has(request_text(0), "HEAD / HTTP");
}

static void an_answer_that_is_cut_short(void **state)
{
	(void)state;
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello",
	};
	for (size_t i = 0; i < COUNT(answers); i++) {
		bool answered = false;
		assert_error(get(answers[i], &answered), ERR_UPSTREAM,
			     "Cannot reach 127.0.0.1: the answer was cut off");
		assert_true(answered);
		assert_null(response.body);
	}
}

static void no_answer_at_all(void **state)
{
	(void)state;
	bool answered = true;
	assert_error(get("", &answered), ERR_UPSTREAM, "closed the connection without an answer");
	assert_false(answered);
	assert_true(http_was_sent(http));
	const struct http_answer reset[] = { { "", HTTP_RESET } };
	assert_error(perform(reset, 1, (struct http_request){ 0 }, &answered), ERR_UPSTREAM,
		     "the connection was cut off");
	assert_false(answered);
}

static void a_reset_within_the_answer(void **state)
{
	(void)state;
	bool answered = false;
	const struct http_answer reset[] = { { "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel",
					       HTTP_RESET } };
	assert_error(perform(reset, 1, (struct http_request){ 0 }, &answered), ERR_UPSTREAM,
		     "cut off");
}

static void nobody_listens(void **state)
{
	(void)state;
	serve(NULL, 0);
	http_server_stop(&server);
	bool answered = true;
	const struct http_request request = { .method = "GET", .url = server.url };
	assert_error(http_perform(http, &request, &response, &answered), ERR_UPSTREAM,
		     "Cannot reach 127.0.0.1: it refused the connection");
	assert_false(answered);
	assert_false(http_was_sent(http));
}

static void unusable_urls(void **state)
{
	(void)state;
	static const char *const urls[] = { "",
					    "http://",
					    "ftp://127.0.0.1/x",
					    "file:///etc/passwd",
					    "http://127.0.0.1:99999/",
					    "http://a b/" };
	for (size_t i = 0; i < COUNT(urls); i++) {
		const struct http_request request = { .method = "GET", .url = urls[i] };
		assert_error(http_perform(http, &request, &response, NULL), ERR_INVALID,
			     "Not a usable http or https URL");
	}
}

static void a_message_names_the_host_and_no_secret(void **state)
{
	(void)state;
	serve(NULL, 0);
	http_server_stop(&server);
	cleanup(cleanup_free) char *url =
		mem_printf("http://user:geheim@%s/geheim?key=geheim", server.url + 7);
	const struct http_request request = { .method = "GET", .url = url };
	cleanup(cleanup_err) struct err *e = http_perform(http, &request, &response, NULL);
	assert_non_null(e);
	cleanup(cleanup_free) char *stack = err_stack(e);
	assert_hasnt(stack, "geheim");
	assert_has(stack, "127.0.0.1");
}

static void the_time_is_limited(void **state)
{
	(void)state;
	const struct http_answer stall[] = { { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
					       HTTP_STALL } };
	bool answered = false;
	assert_error(perform(stall, 1, (struct http_request){ .timeout_s = 1 }, &answered),
		     ERR_UPSTREAM, "it took too long");
	assert_true(answered);
}

static void a_stalled_call_is_cancelled(void **state)
{
	(void)state;
	const struct http_answer stall[] = { { "", HTTP_STALL } };
	const struct stop stop = { .asked = &server.stalled };
	assert_error(perform(stall, 1, (struct http_request){ .stop = &stop }, NULL), ERR_CANCELLED,
		     "The call to 127.0.0.1 was cancelled");
}

static void a_body_has_a_limit(void **state)
{
	(void)state;
	const struct http_answer five[] = { { OK(5, "hello"), HTTP_CLOSE } };
	assert_ok(perform(five, 1, (struct http_request){ .max_response = 5 }, NULL));
	assert_string_equal(response.body, "hello");
	assert_error(perform(five, 1, (struct http_request){ .max_response = 4 }, NULL),
		     ERR_TOO_LARGE, "The answer of 127.0.0.1 is larger than allowed");
	assert_null(response.body);
}

static void reason_phrases(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *reason;
	} cases[] = {
		{ "HTTP/1.1 400 Unsupported voice en-US-X.\r\n\r\n", "Unsupported voice en-US-X." },
		{ "HTTP/1.1 404 \r\n\r\n", "" },
		{ "HTTP/1.1 404\r\n\r\n", "" },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\n\r\n", "Fine" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_ok(get(cases[i].answer, NULL));
		assert_string_equal(response.reason, cases[i].reason);
	}
	char line[400] = "HTTP/1.1 400 ";
	memset(line + 13, 'x', 300);
	memcpy(line + 313, "\r\n\r\n", 5);
	assert_ok(get(line, NULL));
	assert_int_equal(strlen(response.reason), sizeof(response.reason) - 1);
}

static void waits_that_are_asked_for(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		int seconds;
	} cases[] = {
		{ "", 0 },
		{ "Retry-After: 7\r\n", 7 },
		{ "retry-after:   7\r\n", 7 },
		{ "Retry-After: 0\r\n", 0 },
		{ "Retry-After: 86400\r\n", 3600 },
		{ "Retry-After: Fri, 31 Dec 2199 23:59:59 GMT\r\n", 3600 },
		{ "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0 },
		{ "Retry-After: soon\r\n", 0 },
		{ "Retry-After: -5\r\n", 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *answer =
			mem_printf("HTTP/1.1 429 Slow down\r\n%s\r\n", cases[i].header);
		assert_ok(get(answer, NULL));
		if (http_retry_after(http) != cases[i].seconds)
			fail_msg("%s is %d", cases[i].header, http_retry_after(http));
	}
}

static void a_redirect_is_an_answer(void **state)
{
	(void)state;
	const struct http_answer answers[] = {
		{ "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
		  HTTP_KEEP },
		{ OK(5, "other"), HTTP_CLOSE },
	};
	assert_ok(perform(answers, 2, (struct http_request){ 0 }, NULL));
	assert_int_equal(response.status, 302);
	assert_string_equal(http_header(http, "Location"), "/other");
	assert_int_equal(server.request_count, 1);
}

static void the_path_goes_as_it_is(void **state)
{
	(void)state;
	const struct http_answer answers[] = { { OK(0, ""), HTTP_CLOSE } };
	serve(answers, 1);
	cleanup(cleanup_free) char *url = mem_printf("%s/a/../b/./c%%20d", server.url);
	const struct http_request request = { .method = "GET", .url = url };
	assert_ok(http_perform(http, &request, &response, NULL));
	http_server_stop(&server);
	assert_has(request_text(0), "GET /a/../b/./c%20d HTTP");
}

static void a_body_in_memory(void **state)
{
	(void)state;
	static const char *const headers[] = { "Content-Type: application/json", "X-Key: 7", NULL };
	const struct http_answer answers[] = { { OK(0, ""), HTTP_CLOSE } };
	assert_ok(perform(
		answers, 1,
		(struct http_request){
			.method = "POST", .headers = headers, .body = "{\"a\":1}", .body_len = 7 },
		NULL));
	assert_has(request_text(0), "POST / HTTP");
	assert_has(request_text(0), "Content-Type: application/json\r\n");
	assert_has(request_text(0), "X-Key: 7\r\n");
	assert_has(request_text(0), "Content-Length: 7\r\n");
	assert_string_equal(http_server_body(&server.requests[0]), "{\"a\":1}");
	assert_ok(perform(answers, 1, (struct http_request){ .method = "POST" }, NULL));
	assert_has(request_text(0), "Content-Length: 0\r\n");
	assert_ok(perform(answers, 1, (struct http_request){ .method = "DELETE" }, NULL));
	assert_has(request_text(0), "DELETE / HTTP");
	assert_hasnt(request_text(0), "Content-Length");
}

static void a_body_from_a_file(void **state)
{
	(void)state;
	const struct http_answer answers[] = { { OK(0, ""), HTTP_CLOSE } };
	int fd = new_file("before, the body, after");
	const struct http_file part = { fd, 8, 8 }, beyond = { fd, 8, 8000 };
	assert_ok(perform(answers, 1, (struct http_request){ .method = "PUT", .body_file = &part },
			  NULL));
	assert_has(request_text(0), "PUT / HTTP");
	assert_has(request_text(0), "Content-Length: 8\r\n");
	assert_string_equal(http_server_body(&server.requests[0]), "the body");
	struct err *e = perform(
		answers, 1, (struct http_request){ .method = "PUT", .body_file = &beyond }, NULL);
	assert_non_null(e);
	err_free(e);
	close(fd);
}

static void a_form_with_files(void **state)
{
	(void)state;
	const struct http_answer answers[] = { { OK(0, ""), HTTP_CLOSE } };
	int fd = new_file("first|second");
	const struct http_file first = { fd, 0, 5 }, second = { fd, 6, 6 };
	const struct http_part parts[] = {
		{ .name = "name", .text = "Gr\xc3\xbc\xc3\x9f" },
		{ .name = "files",
		  .file = &first,
		  .filename = "1.mp3",
		  .content_type = "audio/mpeg" },
		{ .name = "files",
		  .file = &second,
		  .filename = "2.wav",
		  .content_type = "audio/wav" },
	};
	assert_ok(perform(answers, 1,
			  (struct http_request){
				  .method = "POST", .parts = parts, .part_count = COUNT(parts) },
			  NULL));
	close(fd);
	assert_has(request_text(0), "Content-Type: multipart/form-data; boundary=");
	assert_has(request_text(0), "name=\"name\"\r\n\r\nGr\xc3\xbc\xc3\x9f\r\n--");
	assert_has(request_text(0), "name=\"files\"; filename=\"1.mp3\"\r\n"
				    "Content-Type: audio/mpeg\r\n\r\nfirst\r\n--");
	assert_has(request_text(0), "name=\"files\"; filename=\"2.wav\"\r\n"
				    "Content-Type: audio/wav\r\n\r\nsecond\r\n--");
}

static void saves_to_a_file(void **state)
{
	(void)state;
	const struct http_answer five[] = { { OK(5, "hello"), HTTP_CLOSE } }, refused[] = {
		{ "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nsorry", HTTP_CLOSE }
	};
	int fd = new_file("........");
	const struct http_file file = { fd, 2, 5 }, small = { fd, 2, 4 };
	assert_ok(perform(five, 1, (struct http_request){ .save_to = &file }, NULL));
	char content[9] = { 0 };
	assert_int_equal(pread(fd, content, 8, 0), 8);
	assert_string_equal(content, "..hello.");
	assert_int_equal(response.body_len, 5);
	assert_string_equal(response.body, "");

	assert_error(perform(five, 1, (struct http_request){ .save_to = &small }, NULL),
		     ERR_TOO_LARGE, "larger than allowed");
	assert_ok(perform(refused, 1, (struct http_request){ .save_to = &file }, NULL));
	assert_string_equal(response.body, "sorry");
	assert_int_equal(pread(fd, content, 8, 0), 8);
	assert_has(content, "..hell");
	close(fd);
}

static void make_calls(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct http_request request = { .method = "GET", .url = server.url };
		http_response_clear(&response);
		assert_ok(http_perform(http, &request, &response, NULL));
		assert_string_equal(response.body, "hello");
	}
	http_server_stop(&server);
	assert_int_equal(server.request_count, count);
}

static void connections_are_kept(void **state)
{
	(void)state;
	const struct http_answer answers[] = { { OK(5, "hello"), HTTP_KEEP },
					       { OK(5, "hello"), HTTP_KEEP },
					       { OK(5, "hello"), HTTP_CLOSE } };
	serve(answers, COUNT(answers));
	make_calls(COUNT(answers));
	assert_int_equal(server.connection_count, 1);
}

static void a_connection_that_was_closed_meanwhile_is_replaced(void **state)
{
	(void)state;
	const struct http_answer answers[] = { { OK(5, "hello"), HTTP_CLOSE },
					       { OK(5, "hello"), HTTP_CLOSE } };
	serve(answers, COUNT(answers));
	make_calls(COUNT(answers));
	assert_int_equal(server.connection_count, 2);
}

static int start(void **state)
{
	(void)state;
	http_init();
	http = http_new();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_server_clear(&server);
	http_response_clear(&response);
	http_free(http);
	http_free(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_answer),
		cmocka_unit_test(every_way_to_delimit_a_body),
		cmocka_unit_test(answers_without_a_body),
		cmocka_unit_test(an_answer_that_is_cut_short),
		cmocka_unit_test(no_answer_at_all),
		cmocka_unit_test(a_reset_within_the_answer),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(unusable_urls),
		cmocka_unit_test(a_message_names_the_host_and_no_secret),
		cmocka_unit_test(the_time_is_limited),
		cmocka_unit_test(a_stalled_call_is_cancelled),
		cmocka_unit_test(a_body_has_a_limit),
		cmocka_unit_test(reason_phrases),
		cmocka_unit_test(waits_that_are_asked_for),
		cmocka_unit_test(a_redirect_is_an_answer),
		cmocka_unit_test(the_path_goes_as_it_is),
		cmocka_unit_test(a_body_in_memory),
		cmocka_unit_test(a_body_from_a_file),
		cmocka_unit_test(a_form_with_files),
		cmocka_unit_test(saves_to_a_file),
		cmocka_unit_test(connections_are_kept),
		cmocka_unit_test(a_connection_that_was_closed_meanwhile_is_replaced),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
