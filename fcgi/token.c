#include "fcgi/token.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 512 };

static void cleanup_jwt(jwt_t **jwt)
{
	if (*jwt)
		jwt_free(*jwt);
}

/* libjwt's calls here fail only for want of memory. */
static void or_die(int failed)
{
	if (failed)
		abort();
}

char *token_new(const char *secret, const char *user_id, const char *email, int64_t now_ms)
{
	cleanup(cleanup_jwt) jwt_t *jwt = NULL;
	long now = (long)(now_ms / 1000);
	or_die(jwt_new(&jwt));
	or_die(jwt_add_grant(jwt, "userId", user_id));
	or_die(jwt_add_grant(jwt, "email", email));
	or_die(jwt_add_grant_int(jwt, "iat", now));
	or_die(jwt_add_grant_int(jwt, "exp", now + TOKEN_DAYS * 24L * 3600));
	or_die(jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)));
	char *text = jwt_encode_str(jwt);
	or_die(!text);
	char *token = mem_strdup(text);
	free(text);
	return token;
}

/*
 * True for three non-empty parts of base64url characters and no more than the limit. libjwt 1.10
 * writes past its buffer on an empty part, and keeps the whole token on the stack.
 */
static bool has_shape(const char *token)
{
	static const char base64url[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	if (strnlen(token, TOKEN_MAX_LENGTH + 1) > TOKEN_MAX_LENGTH)
		return false;
	for (int part = 0; part < 3; part++) {
		size_t len = strspn(token, base64url);
		if (len == 0 || token[len] != (part < 2 ? '.' : '\0'))
			return false;
		token += len + 1;
	}
	return true;
}

/*
 * True if the header says exactly HS256 and names no critical extension: libjwt takes any case of
 * the name, and does not know "crit" (RFC 7515, 4.1.11).
 */
static bool has_our_header(const char *token)
{
	char base64[MAX_HEADER + 4];
	unsigned char text[MAX_HEADER + 4];
	size_t len = strcspn(token, ".");
	if (len > MAX_HEADER)
		return false;
	for (size_t i = 0; i < len; i++)
		base64[i] = token[i];
	for (size_t i = 0; i < len; i++) {
		if (base64[i] == '-')
			base64[i] = '+';
		else if (base64[i] == '_')
			base64[i] = '/';
	}
	size_t padding = (4 - len % 4) % 4;
	memset(base64 + len, '=', padding);
	int n = EVP_DecodeBlock(text, (const unsigned char *)base64, (int)(len + padding));
	if (n < (int)padding)
		return false;
	cleanup(cleanup_json) struct json_object *header = NULL;
	cleanup(cleanup_err) struct err *e =
		js_parse((const char *)text, (size_t)n - padding, &header);
	const char *alg = e ? NULL : js_string(header, "alg");
	return alg && !strcmp(alg, "HS256") && !json_object_object_get_ex(header, "crit", NULL);
}

/* True if the token is ours and has not expired; fills the user's id and the expiry. */
static bool is_valid(const char *secret, const char *token, int64_t now_ms,
		     char ret_user_id[static ID_SIZE], int64_t *ret_expires_s)
{
	cleanup(cleanup_jwt) jwt_t *jwt = NULL;
	if (!has_shape(token) || !has_our_header(token))
		return false;
	if (jwt_decode(&jwt, token, (const unsigned char *)secret, (int)strlen(secret)) != 0)
		return false;
	if (jwt_get_alg(jwt) != JWT_ALG_HS256)
		return false;
	errno = 0;
	long expires = jwt_get_grant_int(jwt, "exp");
	if (errno || expires <= now_ms / 1000)
		return false;
	const char *user_id = jwt_get_grant(jwt, "userId");
	if (!user_id || !id_is_valid(user_id))
		return false;
	memcpy(ret_user_id, user_id, ID_SIZE);
	*ret_expires_s = expires;
	return true;
}

const char *token_of(const char *authorization)
{
	static const char scheme[] = "Bearer ";
	size_t len = sizeof(scheme) - 1;
	if (strncasecmp(authorization, scheme, len) != 0)
		return NULL;
	const char *token = authorization + len;
	token += strspn(token, " ");
	return *token ? token : NULL;
}

struct err *token_verify(const char *secret, const char *authorization, int64_t now_ms,
			 char ret_user_id[static ID_SIZE], int64_t *ret_expires_s)
{
	const char *token = token_of(authorization);
	if (!token)
		return err_new(ERR_UNAUTHORIZED, "Authentication required");
	if (!is_valid(secret, token, now_ms, ret_user_id, ret_expires_s))
		return err_new(ERR_UNAUTHORIZED, "Invalid or expired token");
	return NULL;
}
