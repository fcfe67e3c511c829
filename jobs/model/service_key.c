#include "jobs/model/service_key.h"

#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/model/api_key.h"

#include <stdlib.h>

struct err *service_key_resolve(const struct services *services, struct db *db,
				const struct service *service, const char *user_id,
				struct service_key *ret)
{
	char *secret = NULL, *region = NULL;
	TRY(api_key_open(db, services->crypt, user_id, service->name, &secret, &region));
	if (!secret) {
		const char *fallback = service_fallback_key(service, services->conf);
		if (!*fallback)
			return err_new(ERR_INVALID,
				       "There is no %s key: add yours in Settings → API Keys, or "
				       "have the server's administrator set %s",
				       service->title, service->variable);
		secret = mem_strdup(fallback);
		region = mem_strdup("");
	}
	log_mask(secret);
	*ret = (struct service_key){ secret, region };
	return NULL;
}

/* What was resolved is the key's own, and no longer const when it ends. */
void service_key_release(struct service_key *key)
{
	log_forget(key->secret);
	crypt_wipe((char *)key->secret);
	free((char *)key->region);
	*key = (struct service_key){ 0 };
}
