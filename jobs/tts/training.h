/*
 * Training a voice profile: every sample is fetched back and checked, and where the profile has no
 * voice at its provider yet, one is cloned from them, if the speaker's consent is attested. A
 * provider that takes minutes for that is left to the background (jobs/tts/making.h).
 */
#pragma once
#include "jobs/io/http.h"
#include "jobs/io/services.h"

/*
 * That the speaker agrees to being cloned. `by` is who says so, NULL for the user. `by_terms`:
 * nobody said so in words, but the terms of the front end that asks for it do.
 */
struct consent {
	bool given, by_terms;
	const char *by;
};

/* What is to be trained. Borrowed. */
struct training_order {
	const char *user_id, *profile_id;
	const char *request_id;  /* for the log of who attested what; or NULL */
	const char *description; /* for the provider's list of voices; or NULL */
	struct consent consent;
	const char *speaker, *company, *locale; /* what a spoken consent names; or NULL */
	const struct stop *stop;                /* ends the call to the provider; or NULL */
};

struct training_result {
	/* "ready"; "pending" where the provider wants the voice verified; "training" where it is
	 * being made in the background */
	const char *status;
	const char *message;
	char *voice; /* the provider's voice id, NULL where it has none yet; owned */
};

/*
 * Trains a profile and records how it ended. ERR_NOT_FOUND: no such profile; ERR_INVALID: no
 * samples, faulty ones (err_details names each), no consent, no key, or a provider that cannot
 * clone; ERR_REFUSED, ERR_UPSTREAM or ERR_RATE_LIMITED: the provider's reason; ERR_CONFLICT: it is
 * being trained already. The profile is "failed" after a refusal, and after faulty samples unless
 * it was ready; what may pass on another try leaves it as it was.
 */
must_check struct err *training_run(const struct services *services, struct http *http,
				    struct db *db, const struct training_order *order,
				    struct training_result *ret);
