#include "jobs/tts/profile_delete.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/model/file_deletion.h"
#include "jobs/model/voice_profile.h"
#include "jobs/tts/provider.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILES_MS = 15000, MAX_SENTENCE = 600 }; /* how long a request deletes files itself */

/* A deletion under way. */
struct deletion {
	const struct services *services;
	struct http *http;
	struct db *db;
	const char *user_id;
	struct json_object *left;
};

__attribute__((format(printf, 2, 3))) static void leave(struct deletion *d, const char *fmt, ...)
{
	char sentence[MAX_SENTENCE];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	log_warn("not deleted: %s", sentence);
	if (json_object_array_add(d->left, json_object_new_string(sentence)) != 0)
		abort();
}

static struct err *delete_file(struct deletion *d, const char *key)
{
	TRY(s3_delete(d->services->s3, d->http, key));
	return file_deletion_done(d->db, key);
}

/* What there is no time for, the background does. */
static void delete_files(struct deletion *d, const struct rows *files)
{
	int64_t deadline_ms = clock_monotonic_ms() + FILES_MS;
	for (int i = 0; i < rows_count(files) && rows_get(files, i, 0); i++) {
		const char *key = rows_get(files, i, 0);
		if (clock_monotonic_ms() > deadline_ms) {
			leave(d, "%d files: they are deleted in the background",
			      rows_count(files) - i);
			return;
		}
		cleanup(cleanup_err) struct err *e = delete_file(d, key);
		if (e)
			leave(d, "The file %s: %s It is tried again in the background.", key,
			      err_message(e));
	}
}

static struct err *delete_at_provider(struct deletion *d, const struct provider *provider,
				      const char *resource)
{
	struct service_key key;
	TRY(service_key_resolve(d->services, d->db, provider->service, d->user_id, &key));
	struct err *e = provider->delete_voice(d->http, d->services->conf, &key, resource);
	service_key_release(&key);
	return e;
}

/* Only a voice that was made here: others may be in use elsewhere. */
static void delete_voice(struct deletion *d, const struct voice_profile *profile)
{
	const struct provider *provider = provider_find(profile->provider);
	if (!profile->resource || !provider || !provider->delete_voice)
		return;
	cleanup(cleanup_err) struct err *e = delete_at_provider(d, provider, profile->resource);
	if (e)
		leave(d, "The voice at %s (%s): %s Delete it there.", provider->service->title,
		      profile->resource, err_message(e));
}

struct err *profile_delete(const struct services *services, struct http *http, struct db *db,
			   const char *user_id, const char *profile_id,
			   struct json_object **ret_left)
{
	cleanup(voice_profile_clear) struct voice_profile profile = { 0 };
	cleanup(cleanup_rows) struct rows *files = NULL;
	TRY(voice_profile_load(db, user_id, profile_id, &profile));
	TRY(voice_profile_delete(db, user_id, profile_id, &files));
	struct deletion d = { .services = services,
			      .http = http,
			      .db = db,
			      .user_id = user_id,
			      .left = json_object_new_array() };
	delete_voice(&d, &profile);
	delete_files(&d, files);
	*ret_left = d.left;
	return NULL;
}
