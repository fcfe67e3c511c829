#include "jobs/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

/* OpenSSL's digests fail only for want of memory. */
static void or_die(int ok)
{
	if (ok != 1)
		abort();
}

void digest_sha256(const void *bytes, size_t len, uint8_t ret_digest[static DIGEST_SIZE])
{
	or_die(EVP_Digest(bytes, len, ret_digest, NULL, EVP_sha256(), NULL));
}

void digest_hmac(const void *key, size_t key_len, const void *bytes, size_t len,
		 uint8_t ret_digest[static DIGEST_SIZE])
{
	or_die(HMAC(EVP_sha256(), key, (int)key_len, bytes, len, ret_digest, NULL) != NULL);
}

char *digest_hex(const uint8_t digest[static DIGEST_SIZE], char hex[static DIGEST_HEX_SIZE])
{
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	hex[DIGEST_HEX_SIZE - 1] = '\0';
	return hex;
}

static EVP_MD_CTX *context(struct digest *d)
{
	return (EVP_MD_CTX *)d;
}

struct digest *digest_new(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	or_die(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	return (struct digest *)ctx;
}

void digest_add(struct digest *d, const void *bytes, size_t len)
{
	or_die(EVP_DigestUpdate(context(d), bytes, len));
}

void digest_finish(struct digest *d, uint8_t ret_digest[static DIGEST_SIZE])
{
	or_die(EVP_DigestFinal_ex(context(d), ret_digest, NULL));
	EVP_MD_CTX_free(context(d));
}
