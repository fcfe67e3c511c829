#include "fcgi/webhook_signature.h"

#include "jobs/base/base64.h"
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/digest.h"
#include "jobs/base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* True if `text` of `len` characters is `expected`. */
static bool is_same(const char *text, size_t len, const char *expected)
{
	return len == strlen(expected) && CRYPTO_memcmp(text, expected, len) == 0;
}

/* The bytes of a secret; the caller frees *ret. What is no usable whsec_ secret is taken as it
 * stands. */
static size_t key_of(const char *secret, uint8_t **ret)
{
	static const char prefix[] = "whsec_";
	size_t len = sizeof(prefix) - 1;
	if (!strncmp(secret, prefix, len)) {
		int n = base64_decode(secret + len, ret);
		if (n > 0)
			return (size_t)n;
		if (n >= 0)
			free(*ret);
	}
	*ret = (uint8_t *)mem_strdup(secret);
	return strlen(secret);
}

static bool is_recent(const char *timestamp, int64_t now_s)
{
	char *end;
	errno = 0;
	long long at = strtoll(timestamp, &end, 10);
	return !errno && isdigit((unsigned char)*timestamp) && !*end &&
	       at >= now_s - WEBHOOK_TOLERANCE_S && at <= now_s + WEBHOOK_TOLERANCE_S;
}

/* "<id>.<timestamp>.<body>"; the caller frees it. */
static char *signed_content(const struct webhook_call *c, size_t *ret_len)
{
	struct buf content = BUF(SIZE_MAX);
	buf_addf(&content, "%s.%s.", c->id, c->timestamp);
	buf_add(&content, c->body, c->body_len);
	*ret_len = content.len;
	return buf_take(&content);
}

static bool has_standard_signature(const struct webhook_call *c, const char *secret)
{
	static const char version[] = "v1,";
	uint8_t digest[DIGEST_SIZE];
	size_t len, prefix = sizeof(version) - 1;
	cleanup(cleanup_free) uint8_t *key = NULL;
	size_t key_len = key_of(secret, &key);
	cleanup(cleanup_free) char *content = signed_content(c, &len);
	digest_hmac(key, key_len, content, len, digest);
	OPENSSL_cleanse(key, key_len);
	cleanup(cleanup_free) char *expected = base64_encode(digest, sizeof(digest));
	for (const char *item = c->signature; *item;) {
		size_t item_len = strcspn(item, " ");
		if (item_len > prefix && !strncmp(item, version, prefix) &&
		    is_same(item + prefix, item_len - prefix, expected))
			return true;
		item += item_len + (item[item_len] == ' ');
	}
	return false;
}

static bool has_hub_signature(const struct webhook_call *c, const char *secret)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	digest_hmac(secret, strlen(secret), c->body, c->body_len, digest);
	cleanup(cleanup_free) char *expected = mem_printf("sha256=%s", digest_hex(digest, hex));
	return is_same(c->hub_signature, strlen(c->hub_signature), expected);
}

bool webhook_is_signed(const struct webhook_call *c, const char *secret, int64_t now_s)
{
	if (*c->signature)
		return *c->id && is_recent(c->timestamp, now_s) &&
		       has_standard_signature(c, secret);
	return has_hub_signature(c, secret);
}
