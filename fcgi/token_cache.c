#include "fcgi/token_cache.h"

#include "jobs/base/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 256, HASHED = 16 };

/* A value has one place only: two active users in one place cost each other verifications. */
struct slot {
	char *authorization; /* NULL: free */
	size_t len;
	int64_t expires_s;
	char user_id[ID_SIZE];
};

struct token_cache {
	struct slot slots[SLOTS];
};

/* By the end of the signature, which is as good as random. */
static size_t place_of(const char *authorization, size_t len)
{
	size_t hash = 0;
	for (size_t i = len > HASHED ? len - HASHED : 0; i < len; i++)
		hash = hash * 31 + (unsigned char)authorization[i];
	return hash % SLOTS;
}

static void slot_clear(struct slot *slot)
{
	if (slot->authorization)
		OPENSSL_cleanse(slot->authorization, slot->len);
	free(slot->authorization);
	*slot = (struct slot){ 0 };
}

struct token_cache *token_cache_new(void)
{
	return mem_alloc(sizeof(struct token_cache));
}

void token_cache_free(struct token_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < SLOTS; i++)
		slot_clear(&cache->slots[i]);
	free(cache);
}

bool token_cache_get(const struct token_cache *cache, const char *authorization, int64_t now_ms,
		     char ret_user_id[static ID_SIZE])
{
	size_t len = strlen(authorization);
	const struct slot *slot = &cache->slots[place_of(authorization, len)];
	if (!slot->authorization || slot->len != len || slot->expires_s <= now_ms / 1000)
		return false;
	/* In constant time, so that a token cannot be guessed byte by byte. */
	if (CRYPTO_memcmp(slot->authorization, authorization, len) != 0)
		return false;
	memcpy(ret_user_id, slot->user_id, ID_SIZE);
	return true;
}

void token_cache_put(struct token_cache *cache, const char *authorization, int64_t expires_s,
		     const char *user_id)
{
	size_t len = strlen(authorization);
	struct slot *slot = &cache->slots[place_of(authorization, len)];
	slot_clear(slot);
	slot->authorization = mem_strndup(authorization, len);
	slot->len = len;
	slot->expires_s = expires_s;
	memcpy(slot->user_id, user_id, ID_SIZE);
}
