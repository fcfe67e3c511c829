/* ElevenLabs' models: what each takes, and how much text at a time. */
#pragma once
#include "jobs/tts/provider.h"

/* Speaks every language of ours and is the steadiest on long text (elevenlabs.io/docs/models). */
#define ELEVENLABS_USUAL_MODEL "eleven_multilingual_v2"

struct elevenlabs_model {
	const char *id;
	size_t max_characters; /* of one request, as documented */
	bool takes_context;    /* previous_text and next_text */
	bool performs;         /* takes "[whispers]" for a direction; others read it aloud */
	bool has_steps;        /* of stability: 0, 0.5 and 1; other settings it refuses */
};

/*
 * The model of a request. One that is not known here is taken to be the most restricted; its id is
 * NULL then.
 */
const struct elevenlabs_model *elevenlabs_model(const struct tts_request *request)
	__attribute__((returns_nonnull));

/* The id to send: the request's, or the usual one. */
const char *elevenlabs_model_id(const struct tts_request *request) __attribute__((returns_nonnull));

/* The table's max_characters: what ElevenLabs has told, else what is documented. */
size_t elevenlabs_max_characters(const struct tts_request *request);

/*
 * The table's learn: GET /v1/models, at most once an hour, and only for a text of several pieces or
 * a model that is not known here.
 */
void elevenlabs_learn(struct http *http, const struct conf *conf, const struct service_key *key,
		      const struct tts_request *request);

/* Reads the answer of GET /v1/models, an array; what is no such thing teaches nothing. */
void elevenlabs_learn_models(struct json_object *list);
