/* Whose key pays: the user's own first, the server's second. */
#pragma once
#include "jobs/io/services.h"
#include "jobs/model/service.h"

/* A key as calls use it: borrowed by them, a secret. */
struct service_key {
	const char *secret;
	const char *region; /* Azure's; NULL or "" for the configured one */
};

/*
 * The key of user `user_id` for `service`, in the clear and masked in logs until
 * service_key_release, which wipes it. ERR_INVALID where there is none, saying where to enter one,
 * and which variable the server lacks.
 */
must_check struct err *service_key_resolve(const struct services *services, struct db *db,
					   const struct service *service, const char *user_id,
					   struct service_key *ret);
void service_key_release(struct service_key *key);
