/* ElevenLabs: what its sources and their tests share. The rest of the code sees provider.h only. */
#pragma once
#include "jobs/tts/provider.h"
#include "jobs/tts/refusal.h"

/*
 * The JSON body of a text-to-speech call; what had to be clamped or left out goes to the result's
 * notes. The caller frees it.
 */
char *elevenlabs_body(const struct tts_request *request, struct tts_result *ret)
	__attribute__((returns_nonnull));

/*
 * The base URL, `path` and the voice id, trimmed (ids are pasted with spaces and U+00A0 around) and
 * percent-encoded; the caller frees it. ERR_REFUSED where there is no voice id.
 */
must_check struct err *elevenlabs_voice_url(const struct conf *conf, const char *path,
					    const char *voice, char **ret_url);

/*
 * What an answer other than 200 means. *ret_said is the provider's own message, "" where it has
 * none; the caller frees it. Knows all five shapes of error bodies, and takes anything for a body:
 *   {"detail": {"type", "code", "message", "status", "request_id", "param"?}}
 *   {"detail": {"status", "message"}}
 *   {"detail": [{"loc": […], "msg", "type"}, …]}
 *   {"detail": "…"}
 *   {"status", "message"}
 */
enum refusal elevenlabs_classify(int status, const char *body, size_t len, char **ret_said);

/* An answer other than 200 to a call for `format` (AUDIO_UNKNOWN: for something else). */
must_check struct err *elevenlabs_error(struct http *http, const struct http_response *response,
					const struct service_key *key, enum audio_format format)
	__attribute__((returns_nonnull));

/* The table's clone, is_unverified, delete_voice and list_voices. */
must_check struct err *elevenlabs_is_unverified(struct http *http, const struct conf *conf,
						const struct service_key *key, const char *voice,
						bool *ret_pending);
must_check struct err *elevenlabs_clone(struct http *http, const struct conf *conf,
					const struct service_key *key,
					const struct tts_clone *clone, char **ret_voice,
					bool *ret_pending);
must_check struct err *elevenlabs_delete_voice(struct http *http, const struct conf *conf,
					       const struct service_key *key, const char *voice);
must_check struct err *elevenlabs_list_voices(struct http *http, const struct conf *conf,
					      const struct service_key *key,
					      struct json_object **ret);
