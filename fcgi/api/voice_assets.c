/* /api/voice-profiles/:id/assets: the samples that a voice is trained on. */
#include "fcgi/multipart.h"
#include "fcgi/routes.h"
#include "jobs/audio/quality.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/model/voice_profile.h"
#include "jobs/tts/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_FILE = 25 * 1024 * 1024,
	MAX_SECONDS = 24 * 3600,
};

static void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* What the client says of the duration, for files that cannot be measured; 0 where it is no use. */
static double sent_duration(int fd, const struct multipart *m)
{
	const struct part *part = multipart_find(m, "durationSec");
	cleanup(cleanup_free) char *text = NULL;
	if (!part)
		return 0;
	cleanup(cleanup_err) struct err *e = part_text(fd, part, 32, &text);
	double seconds = e ? 0 : strtod(text, NULL);
	return isfinite(seconds) && seconds > 0 && seconds < MAX_SECONDS ? seconds : 0;
}

/* What it is for: "sample" unless the form says otherwise. */
static struct err *read_kind(int fd, const struct multipart *m, const char **ret)
{
	static const char *const kinds[] = { "sample", "consent" };
	const struct part *part = multipart_find(m, "kind");
	cleanup(cleanup_free) char *text = NULL;
	*ret = kinds[0];
	if (!part)
		return NULL;
	TRY(part_text(fd, part, 32, &text));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(text, kinds[i])) {
			*ret = kinds[i];
			return NULL;
		}
	return err_new(ERR_INVALID, "The field kind has to be sample or consent");
}

/* Its quality as JSON, which the caller frees; NULL where it cannot be decoded. */
static struct err *judge(struct audio_source *source, const struct audio_info *info,
			 const char *kind, char **ret)
{
	struct quality quality;
	cleanup(cleanup_err) struct err *e = quality_measure(source, info, &quality);
	if (e && err_kind(e) != ERR_INVALID)
		return take(e);
	if (e)
		return NULL;
	cleanup(cleanup_json) struct json_object *o =
		quality_json(&quality, !strcmp(kind, "sample"));
	*ret = js_text(o);
	return NULL;
}

/* What the file is by its bytes, how long it plays, and how good it is; *ret_quality is owned. */
static struct err *inspect(int fd, const struct multipart *m, const struct part *file,
			   struct sample *ret, char **ret_quality)
{
	struct audio_source source = source_file(fd, file->offset, file->length);
	struct audio_info info = { 0 };
	ret->format = audio_sniff(&source);
	bool taken = ret->format == AUDIO_MP3 || ret->format == AUDIO_WAV;
	cleanup(cleanup_err) struct err *e = taken ? audio_measure(&source, &info) : NULL;
	struct err *broken = taken && !e ? judge(&source, &info, ret->kind, ret_quality) : NULL;
	source_clear(&source);
	TRY(broken);
	if (!taken)
		return err_new(ERR_INVALID, "Only audio files (MP3, WAV) are allowed");
	ret->duration_sec = e ? sent_duration(fd, m) : info.duration_sec;
	if (e && ret->duration_sec <= 0)
		return err_new(ERR_INVALID, "The file cannot be used: %s", err_message(e));
	return NULL;
}

/* The part that is the file; what it points to stays the multipart's. */
static struct err *find_file(const struct multipart *m, struct part *ret)
{
	const struct part *file = multipart_find(m, "file");
	if (!file || (file->length == 0 && !(file->filename && *file->filename)))
		return err_new(ERR_INVALID, "No file uploaded. Use multipart field 'file'.");
	if (multipart_count(m, "file") > 1)
		return err_new(ERR_INVALID, "Upload one file at a time");
	if (file->length > MAX_FILE)
		return err_new(ERR_TOO_LARGE, "The file is larger than 25 MB");
	*ret = *file;
	return NULL;
}

struct err *voice_assets_create(struct app *app, struct request *request, struct response *response)
{
	char boundary[MULTIPART_BOUNDARY_SIZE];
	cleanup(cleanup_fd) int fd = -1;
	uint64_t size = 0;
	cleanup(cleanup_free) char *profile = NULL;
	TRY(voice_profile_get(app->db, request->user_id, request->ids[0], &profile));
	TRY(multipart_boundary(request->content_type, boundary));
	TRY(request_open_body(request, REQUEST_MAX_UPLOAD, &fd, &size));
	cleanup(multipart_clear) struct multipart m = { 0 };
	TRY(multipart_parse(fd, size, boundary, &m));
	struct part part = { 0 };
	TRY(find_file(&m, &part));
	const struct http_file file = { .fd = fd, .offset = part.offset, .length = part.length };
	struct sample sample = { .user_id = request->user_id,
				 .profile_id = request->ids[0],
				 .file = &file };
	cleanup(cleanup_free) char *quality = NULL;
	TRY(read_kind(fd, &m, &sample.kind));
	TRY(inspect(fd, &m, &part, &sample, &quality));
	sample.quality = quality;
	TRY(sample_store(&app->services, app->http, app->db, &sample, &response->body));
	response->status = 201;
	return NULL;
}

struct err *voice_assets_delete(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *key = NULL;
	TRY(voice_asset_delete(app->db, request->user_id, request->ids[0], request->ids[1], &key));
	cleanup(cleanup_err) struct err *e = s3_delete(app->services.s3, app->http, key);
	if (e)
		log_warn("sample %s is left in the storage: %s", key, err_message(e));
	response_message(response, "Asset deleted");
	return NULL;
}
