/* SHA-256 and HMAC-SHA-256, through OpenSSL. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 65 };

void digest_sha256(const void *bytes, size_t len, uint8_t ret_digest[static DIGEST_SIZE]);
void digest_hmac(const void *key, size_t key_len, const void *bytes, size_t len,
		 uint8_t ret_digest[static DIGEST_SIZE]);

/* Writes the digest in lower-case hexadecimal with a NUL, and returns `hex`. */
char *digest_hex(const uint8_t digest[static DIGEST_SIZE], char hex[static DIGEST_HEX_SIZE]);

/* A SHA-256 over pieces: new, add as often as needed, then finish, which also frees. */
struct digest;
struct digest *digest_new(void) __attribute__((returns_nonnull));
void digest_add(struct digest *d, const void *bytes, size_t len);
void digest_finish(struct digest *d, uint8_t ret_digest[static DIGEST_SIZE]);
