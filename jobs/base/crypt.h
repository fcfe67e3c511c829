/*
 * Encryption of what is stored: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce.
 *
 * The key is derived once at start from ENCRYPTION_SECRET by scrypt (RFC 7914, N=16384 r=8 p=1).
 * `context` is authenticated with the text: a ciphertext that is moved to another row is refused.
 */
#pragma once
#include "jobs/base/err.h"

struct crypt_key;

/* The key of `secret`; never NULL. crypt_key_free wipes it and takes NULL. */
struct crypt_key *crypt_key_new(const char *secret) __attribute__((returns_nonnull));
void crypt_key_free(struct crypt_key *key);

/* 16 hexadecimal characters that tell keys apart and say nothing about them; borrowed. */
const char *crypt_key_id(const struct crypt_key *key);

/* `plain` sealed, as base64 of nonce, ciphertext and tag; the caller frees it. */
char *crypt_seal(const struct crypt_key *key, const char *context, const char *plain)
	__attribute__((returns_nonnull));

/*
 * What crypt_seal sealed; the caller wipes and frees *ret (crypt_wipe). ERR_INTERNAL where the
 * text, its context or the key is not the one it was sealed with.
 */
must_check struct err *crypt_open(const struct crypt_key *key, const char *context,
				  const char *sealed, char **ret);

/* Overwrites and frees a secret; takes NULL. */
void crypt_wipe(char *secret);

static inline void cleanup_secret(char **secret)
{
	crypt_wipe(*secret);
}
