#include "jobs/io/s3_call.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/digest.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TRIES = 3,
	FIRST_WAIT_MS = 200,
	PUT_TIMEOUT_S = 300,
	CHUNK = 64 * 1024,
	MAX_TEXT = 16 * 1024,
	LARGE = 32 * 1024 * 1024, /* what is larger goes up in parts */
	PART = 16 * 1024 * 1024,
	NOT_IMPLEMENTED = 501, /* which stays so */
};

struct s3 {
	const struct conf *conf;
	char *scheme; /* "https://" */
	char *host;   /* with its port, as the Host header has it */
	char *prefix; /* of every path: "", "/bucket", or a path of the endpoint before it */
};

struct s3 *s3_new(const struct conf *conf)
{
	struct s3 *s3 = mem_alloc(sizeof(*s3));
	s3->conf = conf;
	cleanup(cleanup_free) char *aws =
		mem_printf("https://s3.%s.amazonaws.com", conf->s3_region);
	const char *endpoint = *conf->s3_endpoint ? conf->s3_endpoint : aws;
	const char *separator = strstr(endpoint, "://");
	const char *host = separator ? separator + 3 : endpoint;
	size_t host_len = strcspn(host, "/");
	s3->scheme = separator ? mem_strndup(endpoint, (size_t)(host - endpoint))
			       : mem_strdup("https://");
	const char *bucket = conf->s3_bucket;
	bool by_path = conf->s3_force_path_style || strchr(bucket, '.');
	s3->host = by_path ? mem_strndup(host, host_len)
			   : mem_printf("%s.%.*s", bucket, (int)host_len, host);
	s3->prefix = by_path ? mem_printf("%s/%s", host + host_len, bucket)
			     : mem_strdup(host + host_len);
	return s3;
}

void s3_free(struct s3 *s3)
{
	if (!s3)
		return;
	free(s3->scheme);
	free(s3->host);
	free(s3->prefix);
	free(s3);
}

static struct err *check_configured(const struct s3 *s3)
{
	const struct conf *c = s3->conf;
	if (*c->s3_bucket && *c->s3_access_key_id && *c->s3_secret_access_key)
		return NULL;
	return err_new(ERR_UNAVAILABLE, "Storage is not configured: the server needs S3_BUCKET, "
					"S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY");
}

/* Percent-encodes all but the unreserved characters, with upper-case digits, as S3 signs it. */
static void add_encoded(struct buf *out, const char *text, bool keep_slashes)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (isalnum(*p) || strchr("-._~", *p) || (*p == '/' && keep_slashes))
			buf_add(out, p, 1);
		else
			buf_addf(out, "%%%02X", *p);
	}
}

char *s3_encoded(const char *text)
{
	struct buf out = BUF(MAX_TEXT);
	add_encoded(&out, text, false);
	return buf_take(&out);
}

/* The path of `key`, encoded; of the bucket itself for "". The caller frees it. */
static char *path_of(const struct s3 *s3, const char *key)
{
	struct buf path = BUF(MAX_TEXT);
	add_encoded(&path, s3->prefix, true);
	buf_adds(&path, "/");
	add_encoded(&path, key, true);
	return buf_take(&path);
}

/*
 * AWS Signature Version 4 of a canonical request, in hexadecimal
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
 */
static void sign(const struct s3 *s3, const char *canonical, const char *now,
		 char hex[static DIGEST_HEX_SIZE])
{
	const struct conf *c = s3->conf;
	uint8_t digest[DIGEST_SIZE], key[DIGEST_SIZE];
	digest_sha256(canonical, strlen(canonical), digest);
	cleanup(cleanup_free) char *text =
		mem_printf("AWS4-HMAC-SHA256\n%s\n%.8s/%s/s3/aws4_request\n%s", now, now,
			   c->s3_region, digest_hex(digest, hex));
	cleanup(cleanup_free) char *secret = mem_printf("AWS4%s", c->s3_secret_access_key);
	digest_hmac(secret, strlen(secret), now, 8, key);
	digest_hmac(key, DIGEST_SIZE, c->s3_region, strlen(c->s3_region), key);
	digest_hmac(key, DIGEST_SIZE, "s3", 2, key);
	digest_hmac(key, DIGEST_SIZE, "aws4_request", 12, key);
	digest_hmac(key, DIGEST_SIZE, text, strlen(text), digest);
	digest_hex(digest, hex);
}

struct err *s3_presign(const struct s3 *s3, const char *key, int seconds, char **ret)
{
	TRY(check_configured(s3));
	char now[CLOCK_BASIC_SIZE], signature[DIGEST_HEX_SIZE];
	clock_basic(clock_ms(), now);
	cleanup(cleanup_free) char *path = path_of(s3, key);
	cleanup(buf_clear) struct buf query = BUF(MAX_TEXT);
	buf_adds(&query, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
	add_encoded(&query, s3->conf->s3_access_key_id, false);
	buf_addf(&query, "%%2F%.8s%%2F%s%%2Fs3%%2Faws4_request", now, s3->conf->s3_region);
	buf_addf(&query, "&X-Amz-Date=%s&X-Amz-Expires=%d&X-Amz-SignedHeaders=host", now, seconds);
	cleanup(cleanup_free) char *canonical = mem_printf(
		"GET\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", path, query.data, s3->host);
	sign(s3, canonical, now, signature);
	*ret = mem_printf("%s%s%s?%s&X-Amz-Signature=%s", s3->scheme, s3->host, path, query.data,
			  signature);
	return NULL;
}

char *s3_url(const struct s3 *s3, const char *key)
{
	const struct conf *c = s3->conf;
	if (*c->s3_public_base_url)
		return mem_printf("%s/%s", c->s3_public_base_url, key);
	return mem_printf("s3://%s/%s", c->s3_bucket, key);
}

static struct err *hash_file(const struct http_file *file, uint8_t ret_digest[static DIGEST_SIZE])
{
	struct digest *digest = digest_new();
	cleanup(cleanup_free) char *chunk = mem_alloc(CHUNK);
	uint64_t at = 0;
	while (at < file->length) {
		uint64_t left = file->length - at;
		ssize_t n = pread(file->fd, chunk, left < CHUNK ? left : CHUNK,
				  (off_t)(file->offset + at));
		if (n <= 0)
			break;
		digest_add(digest, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	digest_finish(digest, ret_digest);
	return at == file->length ? NULL : err_new(ERR_INTERNAL, "cannot read a spooled file: %m");
}

static struct err *hash_body(const struct s3_body *body, char hex[static DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	if (body && body->file)
		TRY(hash_file(body->file, digest));
	else
		digest_sha256(body ? body->bytes : "", body ? body->len : 0, digest);
	digest_hex(digest, hex);
	return NULL;
}

static struct err *send_once(const struct s3 *s3, struct http *http, const struct s3_call *call,
			     const char *hash, struct http_response *ret)
{
	char now[CLOCK_BASIC_SIZE], signature[DIGEST_HEX_SIZE];
	clock_basic(clock_ms(), now);
	cleanup(cleanup_free) char *path = path_of(s3, call->key);
	const char *type = call->content_type, *query = call->query ? call->query : "";
	cleanup(cleanup_free) char *canonical = mem_printf(
		"%s\n%s\n%s\n%s%s%shost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n"
		"%shost;x-amz-content-sha256;x-amz-date\n%s",
		call->method, path, query, type ? "content-type:" : "", type ? type : "",
		type ? "\n" : "", s3->host, hash, now, type ? "content-type;" : "", hash);
	sign(s3, canonical, now, signature);

	cleanup(cleanup_free) char *url =
		mem_printf("%s%s%s%s%s", s3->scheme, s3->host, path, *query ? "?" : "", query);
	cleanup(cleanup_free) char *authorization =
		mem_printf("Authorization: AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/s3/aws4_request, "
			   "SignedHeaders=%shost;x-amz-content-sha256;x-amz-date, Signature=%s",
			   s3->conf->s3_access_key_id, now, s3->conf->s3_region,
			   type ? "content-type;" : "", signature);
	cleanup(cleanup_free) char *date = mem_printf("x-amz-date: %s", now);
	cleanup(cleanup_free) char *sha = mem_printf("x-amz-content-sha256: %s", hash);
	cleanup(cleanup_free) char *content =
		type ? mem_printf("Content-Type: %s", type) : mem_strdup("Content-Type:");
	const char *headers[] = { authorization, date, sha, content, NULL };
	struct http_request request = {
		.method = call->method,
		.url = url,
		.headers = headers,
		.body = call->body ? call->body->bytes : NULL,
		.body_len = call->body ? call->body->len : 0,
		.body_file = call->body ? call->body->file : NULL,
		.save_to = call->save_to,
		.timeout_s = PUT_TIMEOUT_S,
		.stop = call->stop,
	};
	return http_perform(http, &request, ret, NULL);
}

/* The text of the <Code> element of S3's XML error, or "" ; at most `size` bytes with the NUL. */
static void error_code(const struct http_response *response, char *code, size_t size)
{
	const char *start = response->body ? strstr(response->body, "<Code>") : NULL;
	size_t len = start ? strcspn(start + 6, "<") : 0;
	snprintf(code, size, "%.*s", len < size ? (int)len : 0, start ? start + 6 : "");
}

static struct err *error_of(const struct http_response *response)
{
	char code[64];
	error_code(response, code, sizeof(code));
	bool may_pass = response->status >= 500 && response->status != NOT_IMPLEMENTED;
	if (may_pass || response->status == 429) {
		struct err *e = err_new(ERR_UNAVAILABLE, "The storage is not available (%d %s)",
					response->status, code);
		err_set_retry_after(e, 5);
		return e;
	}
	if (response->status == 404 && strcmp(code, "NoSuchBucket") != 0)
		return err_new(ERR_NOT_FOUND, "The file is not in the storage any more");
	return err_new(
		ERR_INTERNAL,
		"The storage refused the request (%d %s): the server's S3 settings need a look",
		response->status, code);
}

static struct err *attempt(const struct s3 *s3, struct http *http, const struct s3_call *call,
			   const char *hash, struct http_response *ret)
{
	struct err *e = send_once(s3, http, call, hash, ret);
	if (e && err_kind(e) == ERR_UPSTREAM) {
		struct err *away = err_new(ERR_UNAVAILABLE, "The storage is not available: %s",
					   err_message(e));
		err_free(e);
		return away;
	}
	TRY(e);
	return ret->status < 200 || ret->status > 299 ? error_of(ret) : NULL;
}

struct err *s3_perform(const struct s3 *s3, struct http *http, const struct s3_call *call,
		       struct http_response *ret)
{
	TRY(check_configured(s3));
	char hash[DIGEST_HEX_SIZE];
	TRY(hash_body(call->body, hash));
	struct err *e = NULL;
	FAULT_POINT("s3", call->method, "before");
	for (int i = 0; i < TRIES; i++) {
		e = attempt(s3, http, call, hash, ret);
		if (!e || err_kind(e) != ERR_UNAVAILABLE || i == TRIES - 1 ||
		    !stop_sleep(call->stop, FIRST_WAIT_MS << (2 * i)))
			break;
		err_free(e);
		http_response_clear(ret);
	}
	FAULT_POINT("s3", call->method, "after");
	return e;
}

/* A call whose answer is of no further interest than its length. */
static struct err *perform(const struct s3 *s3, struct http *http, const struct s3_call *call,
			   uint64_t *ret_len)
{
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(s3_perform(s3, http, call, &response));
	if (ret_len)
		*ret_len = response.body_len;
	return NULL;
}

struct err *s3_put(const struct s3 *s3, struct http *http, const char *key,
		   const char *content_type, const struct s3_body *body, const struct stop *stop)
{
	const struct s3_call call = { .method = "PUT",
				      .key = key,
				      .content_type = content_type,
				      .body = body,
				      .stop = stop };
	if (!body->file || body->file->length <= LARGE)
		return perform(s3, http, &call, NULL);
	bool lacking = false;
	struct err *e = s3_put_parts(s3, http, &call, PART, &lacking);
	if (!lacking)
		return e;
	err_free(e);
	return perform(s3, http, &call, NULL);
}

struct err *s3_get(const struct s3 *s3, struct http *http, const char *key,
		   const struct http_file *save_to, uint64_t *ret_len)
{
	const struct s3_call call = { .method = "GET", .key = key, .save_to = save_to };
	return perform(s3, http, &call, ret_len);
}

struct err *s3_delete(const struct s3 *s3, struct http *http, const char *key)
{
	const struct s3_call call = { .method = "DELETE", .key = key };
	struct err *e = perform(s3, http, &call, NULL);
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		e = NULL;
	}
	return e;
}

struct err *s3_check(const struct s3 *s3, struct http *http, const struct stop *stop)
{
	const struct s3_call call = { .method = "HEAD", .key = "", .stop = stop };
	struct err *e = perform(s3, http, &call, NULL);
	if (!e || err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e); /* the answer to a HEAD has no body that would tell this from a missing file */
	return err_new(ERR_INTERNAL, "The storage has no bucket \"%s\" (S3_BUCKET)",
		       s3->conf->s3_bucket);
}
