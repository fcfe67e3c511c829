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

/* The output format that stands for one of ours, and its rate where it is headerless PCM. */
struct elevenlabs_format {
	const char *name;
	uint32_t pcm_rate;
};
extern const struct elevenlabs_format elevenlabs_formats[AUDIO_FORMATS];

/*
 * The voice_settings of a call: only what the user set, so that the settings stored with the voice
 * keep their force. The caller owns them.
 */
struct json_object *elevenlabs_settings(const struct tts_request *request, struct tts_result *ret)
	__attribute__((returns_nonnull));

/*
 * An answer's alignment as our results have it; the caller frees it. NULL where it does not have as
 * many characters as the text.
 */
char *elevenlabs_alignment(struct json_object *alignment, const char *text);

/*
 * Speech that was made lies in the account's history, where fetching it costs nothing: that of item
 * `id`, true where that worked; or (the table's recover) that of a request, looked for by all that
 * the history tells of it.
 */
bool elevenlabs_fetch(struct http *http, const struct conf *conf, const struct service_key *key,
		      const struct tts_request *request, const char *id, struct tts_result *ret);
must_check struct err *elevenlabs_recover(struct http *http, const struct conf *conf,
					  const struct service_key *key,
					  const struct tts_request *request, int64_t age_ms,
					  struct tts_result *ret);

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
