/*
 * OpenAI, or any server that speaks its API at OPENAI_BASE_URL: what its speech, its chat
 * (jobs/nodes) and their tests share. The rest of the code sees provider.h only.
 */
#pragma once
#include "jobs/tts/provider.h"
#include "jobs/tts/refusal.h"

/*
 * The JSON body of a speech call; what had to be clamped or left out goes to the result's notes.
 * The caller frees it.
 */
char *openai_speech_body(const struct tts_request *request, struct tts_result *ret)
	__attribute__((returns_nonnull));

/* The table's list_voices. */
must_check struct err *openai_list_voices(struct http *http, const struct conf *conf,
					  const struct service_key *key, struct json_object **ret);

/* What an answer other than 200 means; `words` are refusal_read's. */
enum refusal openai_classify(int status, const char *words);
