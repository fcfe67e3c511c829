/* Azure Speech: what its source and its tests share. The rest of the code sees provider.h only. */
#pragma once
#include "jobs/tts/provider.h"
#include "jobs/tts/refusal.h"

/*
 * The URL of `path` ("/cognitiveservices/v1" speaks) on the speech host; the caller frees it.
 * ERR_REFUSED for a region that is not a host's name.
 */
must_check struct err *azure_url(const struct conf *conf, const struct service_key *key,
				 const char *path, char **ret_url);

/*
 * True for the name of a base model of personal voices, DragonLatestNeural or PhoenixV2Neural,
 * without the speaker that makes it a voice.
 */
bool azure_is_base_model(const char *voice);

/* The table's make_step, delete_voice and list_voices. */
must_check struct err *azure_make_step(struct http *http, const struct conf *conf,
				       const struct service_key *key, struct tts_making *making);
must_check struct err *azure_delete_voice(struct http *http, const struct conf *conf,
					  const struct service_key *key, const char *project);
must_check struct err *azure_list_voices(struct http *http, const struct conf *conf,
					 const struct service_key *key, struct json_object **ret);

/*
 * The SSML of a request; what was clamped or left out goes to the result's notes. The caller frees
 * it. A voice is a short name ("en-US-JennyNeural"), an HD voice ("en-US-Ava:DragonHDLatestNeural")
 * or a personal one, as base model and speaker profile id ("DragonLatestNeural#<guid>").
 */
char *azure_ssml(const struct tts_request *request, struct tts_result *ret)
	__attribute__((returns_nonnull));

/* Longest text: what stays below the 10 minutes of audio of one answer at the request's rate. */
size_t azure_max_characters(const struct tts_request *request);

/*
 * What an answer other than 200 means for a voice. *ret_said is the status with its reason phrase,
 * and the message of the body where it has one; the caller frees it. Bodies are JSON of the gateway
 * ({"error": {"code", "message"}} or {"statusCode", "message"}), text, HTML, or mostly empty.
 */
enum refusal azure_classify(const struct http_response *response, const char *voice,
			    char **ret_said);
