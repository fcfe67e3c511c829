/*
 * Sign-in tokens: JWTs (RFC 7519) signed with HS256 and JWT_SECRET, valid for seven days, with the
 * claims userId, email, iat and exp.
 */
#pragma once
#include "jobs/base/err.h"
#include "jobs/base/id.h"

#include <stdint.h>

enum { TOKEN_DAYS = 7, TOKEN_MAX_LENGTH = 4096 };

/* A new token; the caller frees it. `now_ms` is the wall clock. */
char *token_new(const char *secret, const char *user_id, const char *email, int64_t now_ms)
	__attribute__((returns_nonnull));

/* The bearer token in the value of an Authorization header, borrowed; NULL where there is none. */
const char *token_of(const char *authorization);

/*
 * Who the value of an Authorization header signs in, and until when. ERR_UNAUTHORIZED with the
 * contract's two sentences: "Authentication required" where there is no bearer token, "Invalid or
 * expired token" where it is not one of ours, whatever is wrong with it.
 */
must_check struct err *token_verify(const char *secret, const char *authorization, int64_t now_ms,
				    char ret_user_id[static ID_SIZE], int64_t *ret_expires_s);
