/*
 * Speech providers: a table of functions. The rest of the code knows no provider by name.
 */
#pragma once
#include "jobs/audio/audio.h"
#include "jobs/base/conf.h"
#include "jobs/base/err.h"
#include "jobs/io/http.h"
#include "jobs/model/service_key.h"

#include <json-c/json.h>
#include <stddef.h>

/* What is to be spoken. Numbers that the user did not set are NAN. Everything is borrowed. */
struct tts_request {
	const char *text;  /* valid UTF-8 with something in it to speak */
	const char *voice; /* as the provider names it: a profile's providerVoiceId */
	const char *language;
	const char *model;        /* NULL for the provider's usual one */
	bool ssml;                /* the text is a whole <speak> element, to be sent as it is */
	enum audio_format format; /* AUDIO_MP3 or AUDIO_WAV */
	double stability, similarity_boost, speaking_rate; /* rate 1 is the voice's own pace */
	const struct stop *stop;                           /* or NULL */

	/* What is spoken before and after it, for the intonation; NULL where nothing is. */
	const char *previous_text, *next_text;
	bool aligned; /* tell when each character is spoken, where the provider can */
};

/* What came back; tts_result_clear frees it. */
struct tts_result {
	uint8_t *audio; /* a clean file in the requested format */
	size_t audio_len;
	struct audio_info info;
	char *model;               /* that spoke; NULL where the provider has none to choose */
	char *request_id;          /* the provider's, for its support; NULL where it sends none */
	long billed_characters;    /* the provider's own count; -1 where it sends none */
	struct json_object *notes; /* array of sentences: what was clamped or left out */
	char *alignment;           /* JSON array of the milliseconds at which the characters of
				      the text begin; NULL where not known */
	int parallel;              /* calls at a time that the key allows; 0 where not said */
	bool uncertain;            /* set by a call that failed: it may have been done and billed */
};

void tts_result_clear(struct tts_result *r);

/* Adds a sentence to the result's notes. */
void tts_note(struct tts_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Notes that provider `title` has nothing like our setting, unless `value` is NAN. */
void tts_note_missing(struct tts_result *r, const char *title, const char *setting, double value);

/* A provider's range for one of our settings. */
struct tts_range {
	const char *setting; /* as the user knows it: "speakingRate" */
	double min, max;
};

/* `value` within the range, with a note where that changes it; NAN stays NAN. */
double tts_clamp(struct tts_result *r, const char *title, const struct tts_range *range,
		 double value);

/* The same without a note. */
double tts_limited(const struct tts_range *range, double value);

/* A voice to make from `count` samples of it. Borrowed. */
struct tts_sample {
	struct http_file file;
	const char *filename, *content_type;
};
struct tts_clone {
	const char *name;
	const char *description; /* or NULL */
	const struct tts_sample *samples;
	size_t count;
	const struct stop *stop; /* or NULL */
};

/*
 * A voice that the provider takes minutes to make, one call a step. Borrowed, but for what is made.
 * The recordings are there only where sent is false.
 */
enum making_stage { MAKING_PROJECT, MAKING_CONSENT, MAKING_VOICE, MAKING_DONE };
struct tts_making {
	const char *id;          /* names at the provider what is made */
	const char *name, *base; /* of the profile; the voice id that it began with */
	const char *speaker, *company, *locale; /* as the consent recording says them */
	const struct tts_sample *consent, *samples;
	size_t count; /* of samples */
	const struct stop *stop;

	enum making_stage stage;
	bool sent;   /* the stage's call was made; now it is asked whether that is done */
	char *voice; /* the voice id, once the stage is MAKING_DONE; the caller's */
};

struct provider {
	const struct service *service; /* its names, and whose keys it takes */
	const char *model;             /* the usual one; NULL where there is none to choose */
	size_t base_url_offset;        /* of its address in struct conf */
	/* How long the pieces of a long text best are, and how many are spoken at a time where
	 * the key's own limit is not known. */
	size_t usual_characters;
	int parallel;
	bool takes_ssml;

	/* Longest text of one request, in characters, for a voice and language. */
	size_t (*max_characters)(const struct tts_request *request);

	/*
	 * Takes from a request what its speech does not depend on, so that the same speech has one
	 * hash. NULL where that is nothing.
	 */
	void (*reduce)(struct tts_request *request);

	/*
	 * Asks the provider what max_characters is to know of a request's model, where it tells
	 * that; it costs nothing, and a failure leaves what is documented. NULL where there is
	 * nothing to ask.
	 */
	void (*learn)(struct http *http, const struct conf *conf, const struct service_key *key,
		      const struct tts_request *request);

	/*
	 * One request. Errors are classified: ERR_RATE_LIMITED and ERR_UPSTREAM may pass on another
	 * try (err_retry_after says when), ERR_REFUSED and ERR_INVALID will not. Their messages say
	 * what the user can do.
	 */
	struct err *(*synthesize)(struct http *http, const struct conf *conf,
				  const struct service_key *key, const struct tts_request *request,
				  struct tts_result *ret);

	/*
	 * Looks whether the account has the speech of a request made at most `age_ms` ago, of which
	 * nobody knows what came of it. It costs nothing. ret->audio is NULL where it was not
	 * found; the whole pointer is NULL where a provider keeps nothing.
	 */
	struct err *(*recover)(struct http *http, const struct conf *conf,
			       const struct service_key *key, const struct tts_request *request,
			       int64_t age_ms, struct tts_result *ret);

	/*
	 * Makes a voice from samples; *ret_voice is owned by the caller, *ret_pending true where
	 * the provider wants the voice verified before it speaks. NULL where a provider cannot.
	 */
	struct err *(*clone)(struct http *http, const struct conf *conf,
			     const struct service_key *key, const struct tts_clone *clone,
			     char **ret_voice, bool *ret_pending);

	/* True for a voice id that says that a voice is to be made from samples. NULL: never. */
	bool (*wants_clone)(const char *voice);

	/*
	 * In place of clone, where that takes minutes: one step, which moves stage and sent on, or
	 * leaves both where the provider is not done yet. A step that is made twice makes one
	 * voice.
	 */
	struct err *(*make_step)(struct http *http, const struct conf *conf,
				 const struct service_key *key, struct tts_making *making);

	/* Whether a voice that clone made still waits for its verification. NULL: none ever does.
	 */
	struct err *(*is_unverified)(struct http *http, const struct conf *conf,
				     const struct service_key *key, const char *voice,
				     bool *ret_pending);

	/*
	 * Deletes what clone made (a voice id) or make_step (their id); one that is gone already is
	 * fine. NULL where it makes none.
	 */
	struct err *(*delete_voice)(struct http *http, const struct conf *conf,
				    const struct service_key *key, const char *resource);

	/*
	 * The voices that the key can speak with, those that are the user's own first; the caller
	 * owns *ret, an array of tts_voice's objects. It costs nothing.
	 */
	struct err *(*list_voices)(struct http *http, const struct conf *conf,
				   const struct service_key *key, struct json_object **ret);
};

/* A voice of a provider's list; NULL for what the provider does not say. Borrowed. */
struct tts_voice {
	const char *id, *name, *language, *category, *description, *preview_url;
};

/* Appends {id, name, language, category, description, previewUrl} to `list`. */
void tts_add_voice(struct json_object *list, const struct tts_voice *voice);

extern const struct provider elevenlabs_provider, azure_provider, openai_provider;

/* The model that speaks a request; NULL where a provider has none to choose. */
const char *provider_model(const struct provider *provider, const struct tts_request *request);

/* The provider of that name, or NULL. */
const struct provider *provider_find(const char *name);
