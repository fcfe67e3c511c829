#include "jobs/tts/key.h"

#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/model/api_key.h"

#include <stdlib.h>

struct err *tts_key_resolve(const struct services *services, struct db *db,
			    const struct provider *provider, const char *user_id,
			    struct tts_resolved_key *ret)
{
	char *secret = NULL, *region = NULL;
	TRY(api_key_open(db, services->crypt, user_id, provider->name, &secret, &region));
	if (!secret) {
		const char *fallback = provider->fallback_key(services->conf);
		if (!*fallback)
			return err_new(ERR_INVALID,
				       "There is no %s key: add yours in Settings → API Keys, or "
				       "have the server's administrator set %s",
				       provider->title, provider->key_variable);
		secret = mem_strdup(fallback);
		region = mem_strdup("");
	}
	log_mask(secret);
	*ret = (struct tts_resolved_key){ { secret, region }, secret, region };
	return NULL;
}

void tts_key_release(struct tts_resolved_key *k)
{
	log_forget(k->secret);
	crypt_wipe(k->secret);
	free(k->region);
	*k = (struct tts_resolved_key){ 0 };
}
