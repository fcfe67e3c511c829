/* Whose key pays: the user's own first, the server's second. */
#pragma once
#include "jobs/io/services.h"
#include "jobs/tts/provider.h"

/* A resolved key in the clear, masked in logs as long as it is in use; tts_key_release wipes it. */
struct tts_resolved_key {
	struct tts_key key; /* borrows from the two below */
	char *secret, *region;
};

/*
 * The key for `provider` of user `user_id`. ERR_INVALID where there is none, saying where to enter
 * one, and which variable the server lacks.
 */
must_check struct err *tts_key_resolve(const struct services *services, struct db *db,
				       const struct provider *provider, const char *user_id,
				       struct tts_resolved_key *ret);
void tts_key_release(struct tts_resolved_key *k);
