/* Voice profiles and the samples they are trained on. JSON is the wire's; the caller frees it. */
#pragma once
#include "jobs/base/err.h"
#include "jobs/io/db.h"

#include <stdbool.h>

/* A profile's own fields; in an update NULL leaves one as it is. Borrowed. */
struct voice_profile_fields {
	const char *name, *provider, *voice, *language;
};

/* A profile as the application needs it; voice_profile_clear frees it. */
struct voice_profile {
	char *provider, *voice, *name, *language, *training_status;
	char *resource; /* what was made for it at the provider; NULL for nothing */
};
void voice_profile_clear(struct voice_profile *p);

must_check struct err *voice_profile_create(struct db *db, const char *user_id,
					    const struct voice_profile_fields *fields,
					    char **ret_json);
must_check struct err *voice_profile_list(struct db *db, const char *user_id, char **ret_json);
must_check struct err *voice_profile_get(struct db *db, const char *user_id, const char *id,
					 char **ret_json);

/* ERR_NOT_FOUND where there is none, or it is another user's. */
must_check struct err *voice_profile_load(struct db *db, const char *user_id, const char *id,
					  struct voice_profile *ret);

/*
 * The id of the profile that has this id or name, in any case; the caller frees it. NULL where
 * there is none.
 */
must_check struct err *voice_profile_named(struct db *db, const char *user_id, const char *name,
					   char **ret_id);

/* {"voices": [{id, name, language}]} of the profiles that are ready. */
must_check struct err *voice_profile_speaking(struct db *db, const char *user_id, char **ret_json);

/* A changed voice puts the profile back to "pending". */
must_check struct err *voice_profile_update(struct db *db, const char *user_id, const char *id,
					    const struct voice_profile_fields *fields,
					    char **ret_json);

/*
 * Deletes a profile, and leaves its files, and those that were spoken in its voice, to be deleted
 * (jobs/model/file_deletion.h); the caller frees *ret_files, rows of (key). They are due in the
 * background in a minute.
 */
must_check struct err *voice_profile_delete(struct db *db, const char *user_id, const char *id,
					    struct rows **ret_files);

/* Who attests that the speaker agrees to being cloned: `by`, or NULL for the user. */
struct attestation {
	const char *by;
	bool by_terms;          /* not in words, but by the terms of use */
	const char *request_id; /* or NULL */
};

/* Writes that down, at the profile and in the audit log. */
must_check struct err *voice_profile_attest(struct db *db, const char *user_id, const char *id,
					    const struct attestation *attestation);

/* Makes the profile "training"; ERR_CONFLICT where it is that already, also in the background. */
must_check struct err *voice_profile_begin_training(struct db *db, const char *user_id,
						    const char *id);

/* How a training ended. NULL keeps the provider's voice id and resource as they are. */
struct voice_training_end {
	const char *status, *voice;
	const char *message; /* why it is not ready; NULL where there is nothing to say */
	const char *resource;
};
must_check struct err *voice_profile_set_training(struct db *db, const char *user_id,
						  const char *id,
						  const struct voice_training_end *end);

/* Rows of (id, file key, kind), oldest first; the caller frees them. */
must_check struct err *voice_asset_list(struct db *db, const char *user_id, const char *profile_id,
					struct rows **ret);

/* A sample as it was stored. */
struct voice_asset {
	const char *file_key, *file_url;
	double duration_sec;
	const char *kind;    /* "sample" or "consent" */
	const char *quality; /* JSON, or NULL */
};

/* Records a stored sample. ERR_NOT_FOUND where the profile is gone. */
must_check struct err *voice_asset_create(struct db *db, const char *user_id,
					  const char *profile_id, const struct voice_asset *asset,
					  char **ret_json);

/* Deletes the row; the caller frees *ret_file_key and deletes the file. */
must_check struct err *voice_asset_delete(struct db *db, const char *user_id,
					  const char *profile_id, const char *id,
					  char **ret_file_key);
