#include "jobs/model/access_token.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/digest.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "vo_";
enum { PREFIX = sizeof(prefix) - 1 };

struct err *access_token_list(struct db *db, const char *user_id, char **ret_json)
{
	return db_text(db, &Q_ACCESS_TOKEN_LIST, PARAMS(user_id), ret_json);
}

/* A new token; the caller wipes it. */
static char *draw(void)
{
	uint8_t bits[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	if (RAND_bytes(bits, sizeof(bits)) != 1)
		abort();
	char *token = mem_printf("%s%s", prefix, digest_hex(bits, hex));
	OPENSSL_cleanse(bits, sizeof(bits));
	OPENSSL_cleanse(hex, sizeof(hex));
	return token;
}

static char *hash_of(const char *token, char hex[static DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	digest_sha256(token, strlen(token), digest);
	return digest_hex(digest, hex);
}

struct err *access_token_create(struct db *db, const char *user_id, const char *name,
				const char *request_id, char **ret_json)
{
	char id[ID_SIZE], hash[DIGEST_HEX_SIZE], most[16];
	cleanup(cleanup_secret) char *token = draw();
	cleanup(cleanup_free) char *made = NULL;
	snprintf(most, sizeof(most), "%d", ACCESS_TOKEN_MAX);
	TRY(db_text(db, &Q_ACCESS_TOKEN_CREATE,
		    PARAMS(id_new(id), user_id, name, hash_of(token, hash), most, request_id),
		    &made));
	if (!made)
		return err_new(ERR_CONFLICT,
			       "You have %d access tokens, which is the most there can be; delete "
			       "one that is no longer used",
			       ACCESS_TOKEN_MAX);
	cleanup(cleanup_json) struct json_object *o = NULL;
	TRY(js_parse(made, strlen(made), &o));
	js_set_string(o, "token", token);
	*ret_json = js_text(o);
	return NULL;
}

struct err *access_token_delete(struct db *db, const char *user_id, const char *id,
				const char *request_id)
{
	cleanup(cleanup_free) char *gone = NULL;
	return db_need(db, &Q_ACCESS_TOKEN_DELETE, PARAMS(id, user_id, request_id), "Access token",
		       &gone);
}

bool access_token_is_one(const char *text)
{
	if (strncmp(text, prefix, PREFIX) != 0)
		return false;
	size_t digits = strspn(text + PREFIX, "0123456789abcdef");
	return digits == DIGEST_HEX_SIZE - 1 && !text[PREFIX + digits];
}

struct err *access_token_user(struct db *db, const char *token, char ret_user_id[static ID_SIZE])
{
	char hash[DIGEST_HEX_SIZE];
	cleanup(cleanup_free) char *user_id = NULL;
	TRY(db_text(db, &Q_ACCESS_TOKEN_USE, PARAMS(hash_of(token, hash)), &user_id));
	if (!user_id)
		return err_new(ERR_UNAUTHORIZED, "Invalid or expired token");
	memcpy(ret_user_id, user_id, ID_SIZE);
	return NULL;
}
