#include "jobs/base/crypt.h"

#include "jobs/base/base64.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/digest.h"
#include "jobs/base/mem.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 32, NONCE_SIZE = 12, TAG_SIZE = 16, KEY_ID_SIZE = 17 };

struct crypt_key {
	uint8_t bytes[KEY_SIZE];
	char id[KEY_ID_SIZE];
};

/* For calls that fail only for want of memory or randomness. */
static void or_die(int ok)
{
	if (ok != 1)
		abort();
}

struct crypt_key *crypt_key_new(const char *secret)
{
	static const uint8_t salt[] = "voiceover/api-keys/1";
	struct crypt_key *key = mem_alloc(sizeof(*key));
	or_die(EVP_PBE_scrypt(secret, strlen(secret), salt, sizeof(salt) - 1, 16384, 8, 1, 0,
			      key->bytes, KEY_SIZE));
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	digest_hmac(key->bytes, KEY_SIZE, "key id", 6, digest);
	memcpy(key->id, digest_hex(digest, hex), KEY_ID_SIZE - 1);
	return key;
}

void crypt_key_free(struct crypt_key *key)
{
	if (key)
		OPENSSL_cleanse(key, sizeof(*key));
	free(key);
}

const char *crypt_key_id(const struct crypt_key *key)
{
	return key->id;
}

static void cleanup_cipher(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

char *crypt_seal(const struct crypt_key *key, const char *context, const char *plain)
{
	size_t len = strlen(plain), size = NONCE_SIZE + len + TAG_SIZE;
	cleanup(cleanup_free) uint8_t *sealed = mem_alloc(size);
	uint8_t *nonce = sealed, *text = sealed + NONCE_SIZE, *tag = text + len;
	or_die(RAND_bytes(nonce, NONCE_SIZE));

	cleanup(cleanup_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	or_die(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, nonce));
	or_die(EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)context, (int)strlen(context)));
	or_die(EVP_EncryptUpdate(ctx, text, &n, (const uint8_t *)plain, (int)len));
	or_die(EVP_EncryptFinal_ex(ctx, text + n, &n));
	or_die(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag));

	return base64_encode(sealed, size);
}

struct err *crypt_open(const struct crypt_key *key, const char *context, const char *sealed,
		       char **ret)
{
	cleanup(cleanup_free) uint8_t *bytes = NULL;
	int size = base64_decode(sealed, &bytes), len = size - NONCE_SIZE - TAG_SIZE, n, rest;
	if (len < 0)
		return err_new(ERR_INTERNAL, "a stored secret is damaged");
	uint8_t *text = bytes + NONCE_SIZE;

	cleanup(cleanup_secret) char *plain = mem_alloc((size_t)len + 1);
	cleanup(cleanup_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	or_die(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, bytes));
	or_die(EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)context, (int)strlen(context)));
	or_die(EVP_DecryptUpdate(ctx, (uint8_t *)plain, &n, text, len));
	or_die(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, text + len));
	if (EVP_DecryptFinal_ex(ctx, (uint8_t *)plain + n, &rest) != 1)
		return err_new(ERR_INTERNAL, "a stored secret cannot be decrypted");
	*ret = take(plain);
	return NULL;
}

void crypt_wipe(char *secret)
{
	if (secret)
		OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}
