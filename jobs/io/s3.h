/*
 * Object storage: Amazon S3, Cloudflare R2, MinIO and others that speak its API.
 *
 * Requests are signed with AWS Signature Version 4; the addressing is virtual-hosted unless
 * S3_FORCE_PATH_STYLE asks for paths. What may pass on another try (no connection, 5xx, SlowDown)
 * is tried three times. A file of more than 32 MB goes up in parts, where the store takes them.
 */
#pragma once
#include "jobs/base/conf.h"
#include "jobs/base/err.h"
#include "jobs/io/http.h"

struct s3;

/* The store that `conf` names. Never NULL: an unconfigured one refuses each call with a message. */
struct s3 *s3_new(const struct conf *conf) __attribute__((returns_nonnull));
void s3_free(struct s3 *s3); /* takes NULL */

/* The body of an object: bytes in memory, or a file's where `file` is set. Borrowed. */
struct s3_body {
	const void *bytes;
	size_t len;
	const struct http_file *file;
};

/*
 * Stores, fetches, deletes (one that is gone is fine). Fail with ERR_UNAVAILABLE (try later),
 * ERR_NOT_FOUND, ERR_CANCELLED, or ERR_INTERNAL where the store refuses, with its reason.
 */
must_check struct err *s3_put(const struct s3 *s3, struct http *http, const char *key,
			      const char *content_type, const struct s3_body *body,
			      const struct stop *stop);
must_check struct err *s3_get(const struct s3 *s3, struct http *http, const char *key,
			      const struct http_file *save_to, uint64_t *ret_len);
must_check struct err *s3_delete(const struct s3 *s3, struct http *http, const char *key);

/* Is the bucket there and ours? */
must_check struct err *s3_check(const struct s3 *s3, struct http *http, const struct stop *stop);

/* A URL that lets its holder GET `key` for `seconds` (at most 604,800); the caller frees *ret. */
must_check struct err *s3_presign(const struct s3 *s3, const char *key, int seconds, char **ret);

/* S3_PUBLIC_BASE_URL/key, or s3://bucket/key where there is no public one; the caller frees it. */
char *s3_url(const struct s3 *s3, const char *key) __attribute__((returns_nonnull));
