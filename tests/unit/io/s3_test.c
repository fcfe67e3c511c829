#include "jobs/io/s3_call.h"

#include "tests/unit/check.h"
#include "tests/unit/http_server.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/mman.h>

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ANSWER(status, body_len, body)                                                             \
	{                                                                                          \
		"HTTP/1.1 " status "\r\nContent-Length: " #body_len "\r\n\r\n" body, HTTP_CLOSE    \
	}

/* The account of the examples in AWS's documentation of Signature Version 4. */
static const struct conf aws = {
	.s3_bucket = "examplebucket",
	.s3_access_key_id = "AKIAIOSFODNN7EXAMPLE",
	.s3_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	.s3_region = "us-east-1",
	.s3_endpoint = "",
	.s3_public_base_url = "",
};

static struct http *http;
static struct http_server server;

static void hex_of(const uint8_t *bytes, char hex[static 65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static void hmac(uint8_t key[static 32], size_t key_len, const char *text)
{
	uint8_t out[32];
	HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, strlen(text), out, NULL);
	memcpy(key, out, sizeof(out));
}

/* The formula of Signature Version 4, apart from the code under test; `date` as 20130524T000000Z.
 */
static void signature_of(const char *canonical, const char *date, char hex[static 65])
{
	uint8_t key[64];
	EVP_Digest(canonical, strlen(canonical), key, NULL, EVP_sha256(), NULL);
	hex_of(key, hex);
	cleanup(cleanup_free) char *text =
		mem_printf("AWS4-HMAC-SHA256\n%.16s\n%.8s/%s/s3/aws4_request\n%s", date, date,
			   aws.s3_region, hex);
	cleanup(cleanup_free) char *day = mem_strndup(date, 8);
	size_t len = (size_t)snprintf((char *)key, sizeof(key), "AWS4%s", aws.s3_secret_access_key);
	hmac(key, len, day);
	hmac(key, 32, aws.s3_region);
	hmac(key, 32, "s3");
	hmac(key, 32, "aws4_request");
	hmac(key, 32, text);
	hex_of(key, hex);
}

/* https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and its page on
 * query strings: what the formula above has to give. */
static void the_formula_gives_the_published_signatures(void **state)
{
	(void)state;
	static const char *const examples[][2] = {
		{ "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
		  "x-amz-content-sha256:" EMPTY_HASH "\nx-amz-date:20130524T000000Z\n\n"
		  "host;range;x-amz-content-sha256;x-amz-date\n" EMPTY_HASH,
		  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
		{ "GET\n/test.txt\nX-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
		  "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
		  "20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\n"
		  "host:examplebucket.s3.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD",
		  "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404" },
	};
	for (size_t i = 0; i < COUNT(examples); i++) {
		char hex[65];
		signature_of(examples[i][0], "20130524T000000Z", hex);
		assert_string_equal(hex, examples[i][1]);
	}
}

static char *presigned(const struct conf *conf, const char *key)
{
	struct s3 *s3 = s3_new(conf);
	char *url = NULL;
	assert_ok(s3_presign(s3, key, 900, &url));
	s3_free(s3);
	return url;
}

static void a_presigned_url_has_the_signature_of_its_query(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *url = presigned(&aws, "a b.mp3");
	char *query = strchr(url, '?') + 1, *signature = strstr(query, "&X-Amz-Signature=");
	const char *date = strstr(query, "X-Amz-Date=") + 11;
	assert_non_null(signature);
	*signature = '\0';
	cleanup(cleanup_free) char *want = mem_printf(
		"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%%2F%.8s"
		"%%2Fus-east-1%%2Fs3%%2Faws4_request&X-Amz-Date=%.16s&X-Amz-Expires=900"
		"&X-Amz-SignedHeaders=host",
		date, date);
	assert_string_equal(query, want);
	cleanup(cleanup_free) char *canonical = mem_printf(
		"GET\n/a%%20b.mp3\n%s\nhost:examplebucket.s3.us-east-1.amazonaws.com\n\nhost\n"
		"UNSIGNED-PAYLOAD",
		query);
	char hex[65];
	signature_of(canonical, date, hex);
	assert_string_equal(signature + strlen("&X-Amz-Signature="), hex);
}

static void every_form_of_address(void **state)
{
	(void)state;
	static const struct {
		const char *bucket, *endpoint;
		bool path_style;
		const char *url;
	} cases[] = {
		{ "b", "", false, "https://b.s3.us-east-1.amazonaws.com/k/1.mp3?" },
		{ "b", "", true, "https://s3.us-east-1.amazonaws.com/b/k/1.mp3?" },
		{ "b.example.com", "", false,
		  "https://s3.us-east-1.amazonaws.com/b.example.com/k/1.mp3?" },
		{ "b", "https://acc.r2.cloudflarestorage.com", false,
		  "https://b.acc.r2.cloudflarestorage.com/k/1.mp3?" },
		{ "b", "https://acc.eu.r2.cloudflarestorage.com", true,
		  "https://acc.eu.r2.cloudflarestorage.com/b/k/1.mp3?" },
		{ "b", "http://minio:9000", true, "http://minio:9000/b/k/1.mp3?" },
		{ "b", "https://example.com/s3/v1", true, "https://example.com/s3/v1/b/k/1.mp3?" },
		{ "b", "https://example.com/s3", false, "https://b.example.com/s3/k/1.mp3?" },
		{ "b", "minio:9000", true, "https://minio:9000/b/k/1.mp3?" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf conf = aws;
		conf.s3_bucket = cases[i].bucket;
		conf.s3_endpoint = cases[i].endpoint;
		conf.s3_force_path_style = cases[i].path_style;
		cleanup(cleanup_free) char *url = presigned(&conf, "k/1.mp3");
		if (strncmp(url, cases[i].url, strlen(cases[i].url)) != 0)
			fail_msg("%s is not %s", url, cases[i].url);
	}
}

static void keys_are_encoded(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "voice-output/u/1.mp3", "voice-output/u/1.mp3" },
		{ "a b", "a%20b" },
		{ "+=~%", "%2B%3D~%25" },
		{ "Gr\xc3\xbc\xc3\x9f", "Gr%C3%BC%C3%9F" },
		{ "a?b#c&d\"e'", "a%3Fb%23c%26d%22e%27" },
		{ "(a)!*,;:@$[]", "%28a%29%21%2A%2C%3B%3A%40%24%5B%5D" },
		{ "-._~/", "-._~/" },
		{ "a//b/../c/", "a//b/../c/" },
		{ "%20", "%2520" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *url = presigned(&aws, cases[i][0]);
		cleanup(cleanup_free) char *want = mem_printf(
			"https://examplebucket.s3.us-east-1.amazonaws.com/%s?", cases[i][1]);
		assert_memory_equal(url, want, strlen(want));
	}
}

static void public_urls(void **state)
{
	(void)state;
	struct conf conf = aws;
	struct s3 *s3 = s3_new(&conf);
	cleanup(cleanup_free) char *private = s3_url(s3, "a/b.mp3");
	conf.s3_public_base_url = "https://cdn.example.com/audio";
	cleanup(cleanup_free) char *public = s3_url(s3, "a/b.mp3");
	s3_free(s3);
	assert_string_equal(private, "s3://examplebucket/a/b.mp3");
	assert_string_equal(public, "https://cdn.example.com/audio/a/b.mp3");
}

/* The store on the test's server, with a script; `stop` ends both. */
struct store {
	struct conf conf;
	struct s3 *s3;
};

static void store_start(struct store *store, const struct http_answer *answers, size_t count)
{
	http_server_clear(&server);
	http_server_start(&server, answers, count);
	store->conf = aws;
	store->conf.s3_endpoint = server.url;
	store->conf.s3_force_path_style = true;
	store->s3 = s3_new(&store->conf);
}

static void store_stop(struct store *store)
{
	http_server_stop(&server);
	s3_free(store->s3);
}

/* Checks the signature of a request with the headers and the path that the server got. */
static void assert_signed(const struct buf *request, const char *first, const char *content_type,
			  const char *hash)
{
	cleanup(cleanup_free) char *host = http_server_header(request, "Host"),
				   *date = http_server_header(request, "x-amz-date"),
				   *sha = http_server_header(request, "x-amz-content-sha256"),
				   *type = http_server_header(request, "Content-Type"),
				   *authorization = http_server_header(request, "Authorization");
	assert_memory_equal(request->data, first, strlen(first));
	assert_string_equal(sha, hash);
	const char *path = strchr(first, ' ') + 1;
	size_t path_len = strcspn(path, " ?");
	const char *query = path[path_len] == '?' ? path + path_len + 1 : "";
	cleanup(cleanup_free) char *type_line =
		content_type ? mem_printf("content-type:%s\n", content_type) : mem_strdup("");
	cleanup(cleanup_free) char *names = mem_printf("%shost;x-amz-content-sha256;x-amz-date",
						       content_type ? "content-type;" : "");
	if (content_type)
		assert_string_equal(type, content_type);
	else
		assert_null(type);
	cleanup(cleanup_free) char *canonical = mem_printf(
		"%.*s\n%.*s\n%.*s\n%shost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n%s\n%s",
		(int)strcspn(first, " "), first, (int)path_len, path, (int)strcspn(query, " "),
		query, type_line, host, hash, date, names, hash);
	char hex[65];
	signature_of(canonical, date, hex);
	cleanup(cleanup_free) char *want = mem_printf(
		"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/%.8s/us-east-1/s3/aws4_request, "
		"SignedHeaders=%s, Signature=%s",
		date, names, hex);
	assert_string_equal(authorization, want);
}

static void requests_are_signed(void **state)
{
	(void)state;
	const struct http_answer answers[] = { ANSWER("200 OK", 0, ""), ANSWER("200 OK", 3, "abc"),
					       ANSWER("204 OK", 0, ""), ANSWER("200 OK", 0, "") };
	struct store store;
	store_start(&store, answers, COUNT(answers));
	int fd = memfd_create("test", 0);
	const struct http_file file = { fd, 0, 3 };
	const struct s3_body body = { .bytes = "abc", .len = 3 };
	uint64_t len = 0;
	assert_ok(s3_put(store.s3, http, "a b/\xc3\xa4+.mp3", "audio/mpeg", &body, NULL));
	assert_ok(s3_get(store.s3, http, "k", &file, &len));
	assert_ok(s3_delete(store.s3, http, "k"));
	assert_ok(s3_check(store.s3, http, NULL));
	store_stop(&store);
	assert_int_equal(len, 3);
	char content[4] = { 0 };
	assert_int_equal(pread(fd, content, 4, 0), 3);
	assert_string_equal(content, "abc");
	close(fd);

	assert_signed(&server.requests[0], "PUT /examplebucket/a%20b/%C3%A4%2B.mp3 HTTP",
		      "audio/mpeg",
		      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(http_server_body(&server.requests[0]), "abc");
	assert_signed(&server.requests[1], "GET /examplebucket/k HTTP", NULL, EMPTY_HASH);
	assert_signed(&server.requests[2], "DELETE /examplebucket/k HTTP", NULL, EMPTY_HASH);
	assert_signed(&server.requests[3], "HEAD /examplebucket/ HTTP", NULL, EMPTY_HASH);
}

static void a_file_is_hashed_and_sent(void **state)
{
	(void)state;
	const struct http_answer answers[] = { ANSWER("200 OK", 0, "") };
	int fd = memfd_create("test", 0);
	assert_int_equal(write(fd, "..abc..", 7), 7);
	const struct http_file file = { fd, 2, 3 }, beyond = { fd, 2, 30 };
	const struct s3_body body = { .file = &file }, missing = { .file = &beyond };
	struct store store;
	store_start(&store, answers, COUNT(answers));
	assert_error(s3_put(store.s3, http, "k", "audio/wav", &missing, NULL), ERR_INTERNAL,
		     "cannot read a spooled file");
	assert_ok(s3_put(store.s3, http, "k", "audio/wav", &body, NULL));
	store_stop(&store);
	close(fd);
	assert_signed(&server.requests[0], "PUT /examplebucket/k HTTP", "audio/wav",
		      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(http_server_body(&server.requests[0]), "abc");
}

#define CREATED ANSWER("200 OK", 33, "<X><UploadId>a/b c</UploadId></X>")
#define PART_1                                                                                     \
	{                                                                                          \
		"HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nContent-Length: 0\r\n\r\n", HTTP_CLOSE         \
	}
#define PART_2                                                                                     \
	{                                                                                          \
		"HTTP/1.1 200 OK\r\nETag: \"e2\"\r\nContent-Length: 0\r\n\r\n", HTTP_CLOSE         \
	}

/* Puts "abcd" in parts of two bytes against a script. */
static struct err *put_parts(const struct http_answer *answers, size_t count, bool *ret_lacking)
{
	struct store store;
	store_start(&store, answers, count);
	int fd = memfd_create("test", 0);
	assert_int_equal(write(fd, "..abcd", 6), 6);
	const struct http_file file = { fd, 2, 4 };
	const struct s3_body body = { .file = &file };
	const struct s3_call call = {
		.method = "PUT", .key = "k", .content_type = "audio/wav", .body = &body
	};
	struct err *e = s3_put_parts(store.s3, http, &call, 2, ret_lacking);
	store_stop(&store);
	close(fd);
	return e;
}

static void a_large_file_goes_up_in_parts(void **state)
{
	(void)state;
	const struct http_answer answers[] = { CREATED, PART_1, ANSWER("500 Oh", 0, ""), PART_2,
					       ANSWER("200 OK", 4, "<X/>") };
	bool lacking = true;
	assert_ok(put_parts(answers, COUNT(answers), &lacking));
	assert_false(lacking);
	assert_int_equal(server.request_count, 5);
	const struct buf *r = server.requests;
	assert_signed(&r[0], "POST /examplebucket/k?uploads= HTTP", "audio/wav", EMPTY_HASH);
	assert_signed(&r[1], "PUT /examplebucket/k?partNumber=1&uploadId=a%2Fb%20c HTTP", NULL,
		      "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603");
	assert_string_equal(http_server_body(&r[1]), "ab");
	assert_string_equal(http_server_body(&r[3]), "cd");
	assert_has(r[4].data, "POST /examplebucket/k?uploadId=a%2Fb%20c HTTP");
	assert_string_equal(http_server_body(&r[4]),
			    "<CompleteMultipartUpload>"
			    "<Part><PartNumber>1</PartNumber><ETag>\"e1\"</ETag></Part>"
			    "<Part><PartNumber>2</PartNumber><ETag>\"e2\"</ETag></Part>"
			    "</CompleteMultipartUpload>");
}

static void nothing_stays_of_parts_that_failed(void **state)
{
	(void)state;
	const struct http_answer refused[] = { CREATED, PART_1, ANSWER("403 No", 0, ""),
					       ANSWER("204 OK", 0, "") },
				 broken[] = { CREATED, PART_1, PART_2,
					      ANSWER("200 OK", 15, "<Error></Error>"),
					      ANSWER("204 OK", 0, "") },
				 unable[] = { ANSWER("501 No", 0, "") };
	bool lacking = true;
	assert_error(put_parts(refused, COUNT(refused), &lacking), ERR_INTERNAL, "(403 )");
	assert_has(server.requests[3].data, "DELETE /examplebucket/k?uploadId=a%2Fb%20c HTTP");
	assert_error(put_parts(broken, COUNT(broken), &lacking), ERR_UNAVAILABLE,
		     "could not put the parts together");
	assert_has(server.requests[4].data, "DELETE /examplebucket/k?uploadId=a%2Fb%20c HTTP");
	assert_false(lacking);
	err_free(put_parts(unable, COUNT(unable), &lacking));
	assert_true(lacking);
	assert_int_equal(server.request_count, 1);
}

/* Puts one object against a script; *ret_calls is how often it was tried. */
static struct err *put(const struct http_answer *answers, size_t count, size_t *ret_calls)
{
	struct store store;
	store_start(&store, answers, count);
	const struct s3_body body = { .bytes = "abc", .len = 3 };
	const struct stop stop = { .asked = &server.stalled };
	struct err *e = s3_put(store.s3, http, "k", "audio/mpeg", &body, &stop);
	store_stop(&store);
	*ret_calls = server.request_count;
	return e;
}

static void what_may_pass_is_tried_three_times(void **state)
{
	(void)state;
	const struct http_answer passing[] = { ANSWER("500 Oh", 0, ""),
					       { "", HTTP_RESET },
					       ANSWER("200 OK", 0, "") },
				 lasting[] = { ANSWER("503 Oh", 21, "<Code>SlowDown</Code>"),
					       ANSWER("429 Oh", 21, "<Code>SlowDown</Code>"),
					       ANSWER("503 Oh", 21, "<Code>SlowDown</Code>"),
					       ANSWER("200 OK", 0, "") };
	size_t calls;
	assert_ok(put(passing, COUNT(passing), &calls));
	assert_int_equal(calls, 3);
	assert_error(put(lasting, COUNT(lasting), &calls), ERR_UNAVAILABLE,
		     "The storage is not available (503 SlowDown)");
	assert_int_equal(calls, 3);
}

static void what_is_refused_is_tried_once(void **state)
{
	(void)state;
	static const struct {
		struct http_answer answer;
		enum err_kind kind;
		const char *message;
	} cases[] = {
		{ ANSWER("403 No", 34, "<Error><Code>AccessDenied</Code></"), ERR_INTERNAL,
		  "refused the request (403 AccessDenied)" },
		{ ANSWER("400 No", 0, ""), ERR_INTERNAL, "refused the request (400 )" },
		{ ANSWER("301 Go", 0, ""), ERR_INTERNAL, "refused the request (301 )" },
		{ ANSWER("404 No", 22, "<Code>NoSuchKey</Code>"), ERR_NOT_FOUND,
		  "not in the storage" },
		{ ANSWER("404 No", 25, "<Code>NoSuchBucket</Code>"), ERR_INTERNAL,
		  "(404 NoSuchBucket)" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t calls;
		assert_error(put(&cases[i].answer, 1, &calls), cases[i].kind, cases[i].message);
		assert_int_equal(calls, 1);
	}
}

static void deleting_what_is_gone_is_fine(void **state)
{
	(void)state;
	const struct http_answer answers[] = { ANSWER("404 No", 22, "<Code>NoSuchKey</Code>") };
	struct store store;
	store_start(&store, answers, 1);
	assert_ok(s3_delete(store.s3, http, "k"));
	store_stop(&store);
}

static void a_call_is_cancelled(void **state)
{
	(void)state;
	const struct http_answer stall[] = { { "", HTTP_STALL } };
	size_t calls;
	assert_error(put(stall, 1, &calls), ERR_CANCELLED, "cancelled");
	assert_int_equal(calls, 1);
}

static void an_unconfigured_store_says_what_it_needs(void **state)
{
	(void)state;
	struct conf conf = aws;
	conf.s3_secret_access_key = "";
	struct s3 *s3 = s3_new(&conf);
	char *url = NULL;
	assert_error(s3_presign(s3, "k", 900, &url), ERR_UNAVAILABLE, "S3_SECRET_ACCESS_KEY");
	assert_error(s3_check(s3, http, NULL), ERR_UNAVAILABLE, "Storage is not configured");
	s3_free(s3);
	s3_free(NULL);
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
	http_free(http);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_formula_gives_the_published_signatures),
		cmocka_unit_test(a_presigned_url_has_the_signature_of_its_query),
		cmocka_unit_test(every_form_of_address),
		cmocka_unit_test(keys_are_encoded),
		cmocka_unit_test(public_urls),
		cmocka_unit_test(requests_are_signed),
		cmocka_unit_test(a_file_is_hashed_and_sent),
		cmocka_unit_test(a_large_file_goes_up_in_parts),
		cmocka_unit_test(nothing_stays_of_parts_that_failed),
		cmocka_unit_test(what_may_pass_is_tried_three_times),
		cmocka_unit_test(what_is_refused_is_tried_once),
		cmocka_unit_test(deleting_what_is_gone_is_fine),
		cmocka_unit_test(a_call_is_cancelled),
		cmocka_unit_test(an_unconfigured_store_says_what_it_needs),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
