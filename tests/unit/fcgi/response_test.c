#include "fcgi/response.h"

#include "jobs/base/buf.h"
#include "jobs/base/mem.h"
#include "tests/unit/capture.h"
#include "tests/unit/check.h"

#include <sys/mman.h>

enum { STDOUT_STREAM = 6, RECORD_HEADER = 8 }; /* of FastCGI 1.0, sections 3.3 and 8 */

static struct conf conf = { .cors_origin = "" };

/* Where answers go instead of to nginx: a file, through libfcgi's own writer. */
static int answers;
static FCGX_Request fcgi;

static struct request begin(const char *method, const char *origin)
{
	assert_int_equal(ftruncate(answers, 0), 0);
	assert_int_equal(lseek(answers, 0, SEEK_SET), 0);
	return (struct request){
		.fcgi = &fcgi, .method = method, .path = "/api/x", .origin = origin
	};
}

/* What was sent since, without the records around it; the caller frees it. */
static char *end(void)
{
	FCGX_FFlush(fcgi.out);
	struct buf answer = BUF(1 << 20);
	uint8_t head[RECORD_HEADER];
	off_t at = 0;
	while (pread(answers, head, sizeof(head), at) == RECORD_HEADER) {
		size_t len = (size_t)(head[4] << 8 | head[5]);
		cleanup(cleanup_free) char *content = mem_alloc(len);
		assert_int_equal(head[1], STDOUT_STREAM);
		assert_int_equal(pread(answers, content, len, at + RECORD_HEADER), len);
		buf_add(&answer, content, len);
		at += RECORD_HEADER + (off_t)len + head[6];
	}
	return buf_take(&answer);
}

/* The answer to an error; what it logs goes to *ret_log. The caller frees both. */
static char *answer_of(struct err *e, char **ret_log)
{
	const struct request request = begin("GET", "");
	struct capture c = capture_start();
	response_send_error(&request, &conf, e);
	*ret_log = capture_end(&c);
	err_free(e);
	return end();
}

static void a_response_has_status_length_and_body(void **state)
{
	(void)state;
	const struct request request = begin("POST", "");
	struct response response = { 0 };
	response_message(&response, "replaced");
	response_json(&response, 201, mem_strdup("{\"a\":\"\xc3\xa4\"}"));
	response_send(&request, &conf, &response);
	response_clear(&response);
	cleanup(cleanup_free) char *answer = end();
	assert_string_equal(answer, "Status: 201 Created\r\n"
				    "Content-Type: application/json; charset=utf-8\r\n"
				    "Content-Length: 10\r\n\r\n{\"a\":\"\xc3\xa4\"}");
}

static void a_message_is_json(void **state)
{
	(void)state;
	struct response response = { 0 };
	response_message(&response, "API key \"x\" deleted");
	assert_int_equal(response.status, 200);
	assert_string_equal(response.body, "{\"message\":\"API key \\\"x\\\" deleted\"}");
	response_clear(&response);
	assert_null(response.body);
}

static void head_has_no_body(void **state)
{
	(void)state;
	const struct request request = begin("HEAD", "");
	struct response response = { 0 };
	response_json(&response, 200, mem_strdup("{}"));
	response_send(&request, &conf, &response);
	response_clear(&response);
	cleanup(cleanup_free) char *answer = end();
	assert_has(answer, "Content-Length: 2\r\n\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void every_kind_of_error_has_its_status(void **state)
{
	(void)state;
	static const struct {
		enum err_kind kind;
		const char *status, *header;
	} cases[] = {
		{ ERR_INVALID, "400 Bad Request", "" },
		{ ERR_UNAUTHORIZED, "401 Unauthorized", "WWW-Authenticate: Bearer\r\n" },
		{ ERR_FORBIDDEN, "403 Forbidden", "" },
		{ ERR_NOT_FOUND, "404 Not Found", "" },
		{ ERR_CONFLICT, "409 Conflict", "" },
		{ ERR_OUTDATED, "412 Precondition Failed", "" },
		{ ERR_TOO_LARGE, "413 Content Too Large", "" },
		{ ERR_MEDIA_TYPE, "415 Unsupported Media Type", "" },
		{ ERR_UNPROCESSABLE, "422 Unprocessable Content", "" },
		{ ERR_RATE_LIMITED, "429 Too Many Requests", "" },
		{ ERR_UPSTREAM, "502 Bad Gateway", "" },
		{ ERR_REFUSED, "502 Bad Gateway", "" },
		{ ERR_UNAVAILABLE, "503 Service Unavailable", "Retry-After: 5\r\n" },
		{ ERR_CANCELLED, "503 Service Unavailable", "Retry-After: 5\r\n" },
	};
	assert_int_equal(COUNT(cases) + 1, ERR_KINDS); /* all but ERR_INTERNAL */
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *log = NULL;
		cleanup(cleanup_free) char *answer =
			answer_of(err_new(cases[i].kind, "the \"reason\""), &log);
		assert_has(answer, cases[i].status);
		assert_has(answer, cases[i].header);
		assert_has(answer, "\r\n\r\n{\"error\":\"the \\\"reason\\\"\"}");
		assert_int_equal(*log != '\0', cases[i].status[0] == '5');
	}
}

static void a_bug_is_logged_and_not_shown(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *log = NULL;
	cleanup(cleanup_free) char *answer = answer_of(err_new(ERR_INTERNAL, "row 7 is odd"), &log);
	assert_has(answer, "Status: 500 Internal Server Error\r\n");
	assert_has(answer,
		   "{\"error\":\"Something went wrong on the server; its log has the details\"}");
	assert_hasnt(answer, "row 7");
	assert_has(log, "row 7 is odd");
	assert_has(log, "response_test.c");
}

static void details_and_waits_are_passed_on(void **state)
{
	(void)state;
	struct err *e = err_new(ERR_INVALID, "Validation failed");
	err_set_details(e, "[{\"path\":[\"name\"],\"message\":\"Name is required\"}]");
	cleanup(cleanup_free) char *log = NULL;
	cleanup(cleanup_free) char *answer = answer_of(e, &log);
	assert_has(answer, "{\"error\":\"Validation failed\",\"details\":[{\"path\":[\"name\"],"
			   "\"message\":\"Name is required\"}]}");
	struct err *later = err_new(ERR_RATE_LIMITED, "Slow down");
	err_set_retry_after(later, 17);
	cleanup(cleanup_free) char *no_log = NULL;
	cleanup(cleanup_free) char *waiting = answer_of(later, &no_log);
	assert_has(waiting, "Retry-After: 17\r\n");
}

static void a_wrong_method_names_the_right_ones(void **state)
{
	(void)state;
	const struct request request = begin("PATCH", "");
	cleanup(response_clear) struct response r = { 0 };
	response_wrong_method(&r, &request, "GET, HEAD");
	response_send(&request, &conf, &r);
	cleanup(cleanup_free) char *answer = end();
	assert_has(answer, "Status: 405 Method Not Allowed\r\n");
	assert_has(answer, "Allow: GET, HEAD\r\n");
	assert_has(answer, "{\"error\":\"This path does not take PATCH, only GET, HEAD\"}");
}

static void errors_below_v1_have_openais_shape(void **state)
{
	(void)state;
	struct request request = begin("POST", "");
	request.path = "/v1/audio/speech";
	cleanup(cleanup_err) struct err *e = err_new(ERR_UNAUTHORIZED, "Who are you?");
	response_send_error(&request, &conf, e);
	cleanup(cleanup_free) char *answer = end();
	assert_has(answer, "Status: 401 Unauthorized\r\n");
	assert_has(answer, "{\"error\":{\"message\":\"Who are you?\",\"type\":\"invalid_request_"
			   "error\",\"code\":\"invalid_api_key\"}}");
}

static void a_file_is_sent_whole(void **state)
{
	(void)state;
	enum { SIZE = 300 * 1000 };
	cleanup(cleanup_free) char *bytes = mem_alloc(SIZE + 1);
	memset(bytes, 'a', SIZE);
	bytes[SIZE - 1] = 'z';
	int fd = memfd_create("audio", 0);
	assert_int_equal(write(fd, bytes, SIZE), SIZE);
	const struct request request = begin("POST", "");
	cleanup(response_clear) struct response r = {
		.status = 200, .file_type = "audio/mpeg", .file = fd, .file_size = SIZE
	};
	response_send(&request, &conf, &r);
	cleanup(cleanup_free) char *answer = end();
	assert_has(answer, "Content-Type: audio/mpeg\r\nContent-Length: 300000\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n") + 4, bytes);
}

static void origins_on_the_list_may_read(void **state)
{
	(void)state;
	static const struct {
		const char *list, *origin;
		bool varies, allowed;
	} cases[] = {
		{ "", "https://a.example", false, false },
		{ "https://a.example", "https://a.example", true, true },
		{ "https://b.example, https://a.example", "https://a.example", true, true },
		{ "https://a.example", "", true, false },
		{ "https://a.example", "https://a.exampl", true, false },
		{ "https://a.example", "https://a.example.evil", true, false },
		{ "https://a.example", "https://A.example", true, false },
		{ "https://a.example", "null", true, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct conf with_list = { .cors_origin = cases[i].list };
		const struct response response = { .status = 204 };
		const struct request request = begin("GET", cases[i].origin);
		response_send(&request, &with_list, &response);
		cleanup(cleanup_free) char *answer = end();
		cleanup(cleanup_free) char *header =
			mem_printf("Access-Control-Allow-Origin: %s\r\n", cases[i].origin);
		assert_int_equal(strstr(answer, "Vary: Origin") != NULL, cases[i].varies);
		assert_int_equal(strstr(answer, header) != NULL, cases[i].allowed);
		assert_int_equal(strstr(answer, "Access-Control") != NULL, cases[i].allowed);
	}
}

static void a_preflight_says_what_is_allowed(void **state)
{
	(void)state;
	const struct conf with_list = { .cors_origin = "https://a.example" };
	const struct request request = begin("OPTIONS", "https://a.example");
	response_send_preflight(&request, &with_list);
	cleanup(cleanup_free) char *answer = end();
	assert_has(answer, "Status: 204 No Content\r\n");
	assert_has(answer, "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r\n");
	assert_has(answer, "Access-Control-Allow-Headers: Authorization, Content-Type, "
			   "Idempotency-Key, If-Match\r\n");
	assert_has(answer, "Access-Control-Allow-Origin: https://a.example\r\n");
	assert_hasnt(answer, "Content-Type: application/json");
}

/* The writer is kept for the life of the process: libfcgi never frees all of it. */
static int start(void **state)
{
	(void)state;
	answers = memfd_create("answers", 0);
	fcgi.out = FCGX_CreateWriter(answers, 1, 8192, STDOUT_STREAM);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_has_status_length_and_body),
		cmocka_unit_test(a_message_is_json),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(every_kind_of_error_has_its_status),
		cmocka_unit_test(a_bug_is_logged_and_not_shown),
		cmocka_unit_test(details_and_waits_are_passed_on),
		cmocka_unit_test(a_wrong_method_names_the_right_ones),
		cmocka_unit_test(errors_below_v1_have_openais_shape),
		cmocka_unit_test(a_file_is_sent_whole),
		cmocka_unit_test(origins_on_the_list_may_read),
		cmocka_unit_test(a_preflight_says_what_is_allowed),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
