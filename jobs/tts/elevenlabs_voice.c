#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/digest.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/call.h"
#include "jobs/tts/elevenlabs.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, MAX_URL = 16 * 1024 };

/* Bytes of white space at the start of `s`: ASCII's, and U+00A0 as browsers paste it. */
static size_t space_at(const char *s)
{
	if (isspace((unsigned char)*s))
		return 1;
	return strncmp(s, "\u00a0", 2) == 0 ? 2 : 0;
}

/* Bytes of `s` up to the white space at its end. */
static size_t trimmed_length(const char *s)
{
	size_t len = 0;
	for (size_t i = 0; s[i];) {
		size_t space = space_at(s + i);
		i += space ? space : 1;
		if (!space)
			len = i;
	}
	return len;
}

struct err *elevenlabs_voice_url(const struct conf *conf, const char *path, const char *voice,
				 char **ret_url)
{
	while (*voice && space_at(voice))
		voice += space_at(voice);
	size_t len = trimmed_length(voice);
	if (len == 0)
		return err_new(ERR_REFUSED, "The voice profile has no ElevenLabs voice yet. Train "
					    "it, or enter the id of an existing voice.");
	struct buf url = BUF(MAX_URL);
	buf_addf(&url, "%s%s", conf->elevenlabs_base_url, path);
	for (size_t i = 0; i < len; i++)
		buf_addf(&url, isalnum((unsigned char)voice[i]) ? "%c" : "%%%02X",
			 (unsigned char)voice[i]);
	if (url.too_big) {
		buf_clear(&url);
		return refusal_error(REFUSAL_VOICE, service_elevenlabs.title, NULL, NULL);
	}
	*ret_url = buf_take(&url);
	return NULL;
}

static struct err *digest_file(const struct http_file *file, uint8_t digest[static DIGEST_SIZE])
{
	cleanup(cleanup_free) char *piece = mem_alloc(READ_SIZE);
	struct digest *d = digest_new();
	struct err *e = NULL;
	for (uint64_t at = 0; at < file->length && !e;) {
		uint64_t left = file->length - at;
		ssize_t n = pread(file->fd, piece, left < READ_SIZE ? left : READ_SIZE,
				  (off_t)(file->offset + at));
		if (n > 0)
			digest_add(d, piece, (size_t)n);
		else
			e = err_new(ERR_INTERNAL, "A sample could not be read: %m");
		at += n > 0 ? (uint64_t)n : 0;
	}
	digest_finish(d, digest);
	return e;
}

/*
 * Fills `parts` with one file part a sample. ElevenLabs refuses the same bytes twice in one call,
 * so only the first of equal samples goes in.
 */
static struct err *sample_parts(const struct tts_clone *clone, struct http_part *parts,
				size_t *ret_count)
{
	cleanup(cleanup_free) uint8_t *digests = mem_alloc(clone->count * DIGEST_SIZE);
	size_t kept = 0;
	for (size_t i = 0; i < clone->count; i++) {
		const struct tts_sample *sample = &clone->samples[i];
		uint8_t *digest = digests + kept * DIGEST_SIZE;
		TRY(digest_file(&sample->file, digest));
		size_t same = 0;
		while (same < kept &&
		       memcmp(digests + same * DIGEST_SIZE, digest, DIGEST_SIZE) != 0)
			same++;
		if (same < kept)
			continue;
		parts[kept++] = (struct http_part){ .name = "files",
						    .file = &sample->file,
						    .filename = sample->filename,
						    .content_type = sample->content_type };
	}
	*ret_count = kept;
	return NULL;
}

static struct err *read_new_voice(const struct http_response *response, char **ret_voice,
				  bool *ret_pending)
{
	cleanup(cleanup_json) struct json_object *answer = NULL;
	TRY(js_parse(response->body, response->body_len, &answer));
	const char *voice = js_string(answer, "voice_id");
	if (!voice || !*voice)
		return err_new(ERR_UPSTREAM, "ElevenLabs answered without the id of the new voice");
	*ret_voice = mem_strdup(voice);
	*ret_pending = js_bool(answer, "requires_verification", false);
	return NULL;
}

struct err *elevenlabs_clone(struct http *http, const struct conf *conf,
			     const struct service_key *key, const struct tts_clone *clone,
			     char **ret_voice, bool *ret_pending)
{
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	cleanup(cleanup_free) char *url = mem_printf("%s/v1/voices/add", conf->elevenlabs_base_url);
	const struct http_part texts[] = {
		{ .name = "name", .text = clone->name },
		{ .name = "remove_background_noise", .text = "false" },
		{ .name = "description", .text = clone->description },
	};
	size_t text_count = clone->description ? 3 : 2, samples = 0;
	cleanup(cleanup_free) struct http_part *parts =
		mem_alloc((text_count + clone->count) * sizeof(*parts));
	memcpy(parts, texts, text_count * sizeof(*parts));
	TRY(sample_parts(clone, parts + text_count, &samples));

	const struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = (const char *[]){ key_header, NULL },
		.parts = parts,
		.part_count = text_count + samples,
		.timeout_s = conf->provider_timeout_s,
		.stop = clone->stop,
	};
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(call_perform(http, service_elevenlabs.title, &request, &response));
	if (response.status != 200)
		return elevenlabs_error(http, &response, key, AUDIO_UNKNOWN);
	return read_new_voice(&response, ret_voice, ret_pending);
}

struct err *elevenlabs_delete_voice(struct http *http, const struct conf *conf,
				    const struct service_key *key, const char *voice)
{
	cleanup(cleanup_free) char *url = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(elevenlabs_voice_url(conf, "/v1/voices/", voice, &url));
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	const struct http_request request = {
		.method = "DELETE",
		.url = url,
		.headers = (const char *[]){ key_header, NULL },
		.timeout_s = conf->provider_timeout_s,
	};
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(call_perform(http, service_elevenlabs.title, &request, &response));
	if (response.status == 200)
		return NULL;
	cleanup(cleanup_free) char *said = NULL;
	if (elevenlabs_classify(response.status, response.body, response.body_len, &said) ==
	    REFUSAL_VOICE)
		return NULL; /* it is gone already */
	return elevenlabs_error(http, &response, key, AUDIO_UNKNOWN);
}

/* GET /v1/voices/ID: its voice_verification says whether it is wanted, and whether it is done. */
struct err *elevenlabs_is_unverified(struct http *http, const struct conf *conf,
				     const struct service_key *key, const char *voice,
				     bool *ret_pending)
{
	cleanup(cleanup_free) char *url = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	cleanup(cleanup_json) struct json_object *answer = NULL;
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(elevenlabs_voice_url(conf, "/v1/voices/", voice, &url));
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = (const char *[]){ key_header, NULL },
	};
	TRY(http_perform(http, &request, &response, NULL)); /* nothing is billed */
	if (response.status != 200)
		return elevenlabs_error(http, &response, key, AUDIO_UNKNOWN);
	TRY(js_parse(response.body, response.body_len, &answer));
	struct json_object *verification = js_get(answer, "voice_verification");
	*ret_pending = js_bool(verification, "requires_verification", false) &&
		       !js_bool(verification, "is_verified", false);
	return NULL;
}
