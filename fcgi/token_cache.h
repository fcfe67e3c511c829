/*
 * Tokens that this process has found valid, so that a user's next request costs a comparison
 * instead of a verification, which is most of what a small request would spend. Nothing but
 * token_verify decides what comes in; nothing leaves after its expiry.
 */
#pragma once
#include "jobs/base/id.h"

#include <stdbool.h>
#include <stdint.h>

struct token_cache;

struct token_cache *token_cache_new(void) __attribute__((returns_nonnull));
void token_cache_free(struct token_cache *cache); /* takes NULL */

/* True if exactly this Authorization value was put and its token has not expired; fills the user.
 */
bool token_cache_get(const struct token_cache *cache, const char *authorization, int64_t now_ms,
		     char ret_user_id[static ID_SIZE]);

/* Remembers a value that token_verify took, possibly in place of another one. */
void token_cache_put(struct token_cache *cache, const char *authorization, int64_t expires_s,
		     const char *user_id);
