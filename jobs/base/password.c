#include "jobs/base/password.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const schemes[] = { "$y$", "$2a$", "$2b$", "$2y$" };

static bool is_known(const char *hash)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (!strncmp(hash, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

static void cleanup_crypt(struct crypt_data **data)
{
	OPENSSL_cleanse(*data, sizeof(**data));
	free(*data);
}

char *password_hash(const char *password)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)))
		abort();
	cleanup(cleanup_crypt) struct crypt_data *data = mem_alloc(sizeof(*data));
	const char *hash = crypt_rn(password, setting, data, sizeof(*data));
	if (!hash)
		abort();
	return mem_strdup(hash);
}

bool password_fits(const char *password, const char *hash)
{
	/* Nobody's: the same work as for a real hash. */
	static const char nobody[] = "$y$j9T$uLpMJ8dq3.2H5fwRvZ0Iu1$";
	bool known = hash && is_known(hash);
	cleanup(cleanup_crypt) struct crypt_data *data = mem_alloc(sizeof(*data));
	const char *made = crypt_rn(password, known ? hash : nobody, data, sizeof(*data));
	if (!made || !known || strlen(made) != strlen(hash))
		return false;
	return CRYPTO_memcmp(made, hash, strlen(hash)) == 0;
}
