/*
 * Training a voice profile: every sample is fetched back and checked, and where the profile has no
 * voice at its provider yet, one is cloned from them.
 */
#pragma once
#include "jobs/io/http.h"
#include "jobs/io/services.h"

enum { TRAINING_MAX_SAMPLES = 25, TRAINING_MIN_SECONDS = 1 };

/* What is to be trained. Borrowed. */
struct training_order {
	const char *user_id, *profile_id;
	const char *description; /* for the provider's list of voices; or NULL */
	const struct stop *stop; /* ends the call to the provider; or NULL */
};

struct training_result {
	const char *status; /* "ready", or "pending" where the provider wants the voice verified */
	const char *message;
	char *voice; /* the provider's voice id; owned */
};

/*
 * Trains a profile and records how it ended. ERR_NOT_FOUND: no such profile; ERR_INVALID: no
 * samples, faulty ones (err_details names each), no key, or a provider that cannot clone;
 * ERR_REFUSED, ERR_UPSTREAM or ERR_RATE_LIMITED: the provider's reason; ERR_CONFLICT: it is being
 * trained already. The profile is "failed" after a refusal, and after faulty samples unless it was
 * ready; what may pass on another try leaves it as it was.
 */
must_check struct err *training_run(const struct services *services, struct http *http,
				    struct db *db, const struct training_order *order,
				    struct training_result *ret);
