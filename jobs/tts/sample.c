#include "jobs/tts/sample.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/model/voice_profile.h"

struct err *sample_store(const struct services *services, struct http *http, struct db *db,
			 const struct sample *sample, char **ret_json)
{
	char id[ID_SIZE];
	cleanup(cleanup_free) char *key =
		mem_printf("voice-assets/%s/%s_training.%s", sample->user_id, id_new(id),
			   audio_extension(sample->format));
	cleanup(cleanup_free) char *url = s3_url(services->s3, key);
	const struct voice_asset asset = { key, url, sample->duration_sec, sample->kind,
					   sample->quality };
	const struct s3_body body = { .file = sample->file };
	struct err *e =
		s3_put(services->s3, http, key, audio_content_type(sample->format), &body, NULL);
	if (!e)
		e = voice_asset_create(db, sample->user_id, sample->profile_id, &asset, ret_json);
	if (e) {
		cleanup(cleanup_err) struct err *left = s3_delete(services->s3, http, key);
		if (left)
			log_warn("sample %s may be left in the storage: %s", key,
				 err_message(left));
	}
	return e;
}
