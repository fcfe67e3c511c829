#include "jobs/model/voice_profile.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/mem.h"
#include "sql.h"

#include <stdio.h>

static const char what[] = "Voice profile";

void voice_profile_clear(struct voice_profile *p)
{
	free(p->provider);
	free(p->voice);
	free(p->name);
	free(p->language);
	free(p->training_status);
	free(p->resource);
	*p = (struct voice_profile){ 0 };
}

struct err *voice_profile_create(struct db *db, const char *user_id,
				 const struct voice_profile_fields *f, char **ret_json)
{
	char id[ID_SIZE];
	return db_need(db, &Q_VOICE_PROFILE_CREATE,
		       PARAMS(id_new(id), user_id, f->provider, f->voice, f->name, f->language),
		       what, ret_json);
}

struct err *voice_profile_list(struct db *db, const char *user_id, char **ret_json)
{
	return db_text(db, &Q_VOICE_PROFILE_LIST, PARAMS(user_id), ret_json);
}

struct err *voice_profile_get(struct db *db, const char *user_id, const char *id, char **ret_json)
{
	return db_need(db, &Q_VOICE_PROFILE_GET, PARAMS(id, user_id), what, ret_json);
}

struct err *voice_profile_named(struct db *db, const char *user_id, const char *name, char **ret_id)
{
	return db_text(db, &Q_VOICE_PROFILE_NAMED, PARAMS(user_id, name), ret_id);
}

struct err *voice_profile_speaking(struct db *db, const char *user_id, char **ret_json)
{
	return db_text(db, &Q_VOICE_PROFILE_SPEAKING, PARAMS(user_id), ret_json);
}

struct err *voice_profile_load(struct db *db, const char *user_id, const char *id,
			       struct voice_profile *ret)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_VOICE_PROFILE_ROW, PARAMS(id, user_id), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "%s not found", what);
	*ret = (struct voice_profile){
		.provider = mem_strdup(rows_get(rows, 0, 0)),
		.voice = mem_strdup(rows_get(rows, 0, 1)),
		.name = mem_strdup(rows_get(rows, 0, 2)),
		.language = mem_strdup(rows_get(rows, 0, 3)),
		.training_status = mem_strdup(rows_get(rows, 0, 4)),
		.resource = mem_strdup(rows_get(rows, 0, 5)),
	};
	return NULL;
}

struct err *voice_profile_update(struct db *db, const char *user_id, const char *id,
				 const struct voice_profile_fields *f, char **ret_json)
{
	return db_need(db, &Q_VOICE_PROFILE_UPDATE,
		       PARAMS(id, user_id, f->name, f->language, f->voice), what, ret_json);
}

/* A profile without files gives one row with a null. */
struct err *voice_profile_delete(struct db *db, const char *user_id, const char *id,
				 struct rows **ret_files)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_VOICE_PROFILE_DELETE, PARAMS(id, user_id), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "%s not found", what);
	*ret_files = take(rows);
	return NULL;
}

struct err *voice_profile_attest(struct db *db, const char *user_id, const char *id,
				 const struct attestation *a)
{
	cleanup(cleanup_free) char *written = NULL;
	return db_need(db, &Q_VOICE_PROFILE_ATTEST,
		       PARAMS(id, user_id, a->by, a->by_terms ? " (by the terms of use)" : "",
			      a->request_id),
		       what, &written);
}

struct err *voice_profile_begin_training(struct db *db, const char *user_id, const char *id)
{
	cleanup(cleanup_free) char *found = NULL;
	TRY(db_text(db, &Q_VOICE_PROFILE_BEGIN_TRAINING, PARAMS(id, user_id), &found));
	return found ? NULL
		     : err_new(ERR_CONFLICT, "This voice profile is being trained already; wait "
					     "until that has ended");
}

struct err *voice_profile_set_training(struct db *db, const char *user_id, const char *id,
				       const struct voice_training_end *end)
{
	cleanup(cleanup_free) char *found = NULL;
	return db_need(db, &Q_VOICE_PROFILE_SET_TRAINING,
		       PARAMS(id, user_id, end->status, end->voice, end->message, end->resource),
		       what, &found);
}

struct err *voice_asset_list(struct db *db, const char *user_id, const char *profile_id,
			     struct rows **ret)
{
	return db_query(db, &Q_VOICE_ASSET_LIST, PARAMS(profile_id, user_id), ret);
}

struct err *voice_asset_create(struct db *db, const char *user_id, const char *profile_id,
			       const struct voice_asset *asset, char **ret_json)
{
	char id[ID_SIZE], duration[32];
	snprintf(duration, sizeof(duration), "%.6f", asset->duration_sec);
	return db_need(db, &Q_VOICE_ASSET_CREATE,
		       PARAMS(id_new(id), profile_id, user_id, asset->file_key, asset->file_url,
			      duration, asset->kind, asset->quality),
		       what, ret_json);
}

struct err *voice_asset_delete(struct db *db, const char *user_id, const char *profile_id,
			       const char *id, char **ret_file_key)
{
	return db_need(db, &Q_VOICE_ASSET_DELETE, PARAMS(id, profile_id, user_id), "Asset",
		       ret_file_key);
}
