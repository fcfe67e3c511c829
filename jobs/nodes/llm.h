/*
 * Language models: a table of providers, as the speech providers are one. Two ways of asking are
 * known, OpenAI's chat completions and Anthropic's messages; any server that speaks one of them can
 * stand at its base URL.
 */
#pragma once
#include "jobs/io/http.h"
#include "jobs/model/service_key.h"
#include "jobs/tts/refusal.h"

#include <json-c/json.h>
#include <stdint.h>

/* What a model is asked. Borrowed. */
struct llm_request {
	const char *model;        /* NULL for the provider's usual one */
	const char *instructions; /* or NULL */
	const char *prompt;
	double temperature;
	int max_tokens;
	const struct stop *stop; /* or NULL */
};

/* What came back; llm_answer_clear frees it. */
struct llm_answer {
	char *text, *model;
	char *finish_reason; /* "stop", "length", or the provider's own word */
	char *request_id;    /* the provider's, for its support; NULL where it sends none */
	int64_t prompt_tokens, completion_tokens;
	double temperature; /* that was used; NAN where the model has none to set */
};
void llm_answer_clear(struct llm_answer *a);

/* How a model departs from the usual parameters. */
enum {
	LLM_NO_TEMPERATURE = 1,    /* refuses one */
	LLM_COMPLETION_TOKENS = 2, /* OpenAI: the limit is called max_completion_tokens */
	LLM_NO_THINKING = 4,       /* Anthropic: thinks unless told not to, within the limit */
};

/* A quirk by what it is known by: the start of a model's name, or a parameter's name. */
struct llm_quirk {
	const char *name;
	unsigned quirk;
};

struct llm_provider {
	const struct service *service;
	const char *usual_model;
	double max_temperature;
	const char *key_before;     /* what stands before the key in its header line */
	const char *version_header; /* one more header line, or NULL */
	/* Both end with a NULL name. A 400 that names a parameter turns its quirk around. */
	const struct llm_quirk *models, *parameters;

	/* Where to ask; the caller frees it. */
	char *(*url)(const struct conf *conf);

	/* The body of a request to request->model; the caller owns it. */
	struct json_object *(*body)(const struct llm_request *request, unsigned quirks);

	/*
	 * Reads an answer of status 200; members that are absent stay NULL or 0. False where the
	 * model declined, with its words in *ret_said (borrowed from `answer`, or NULL).
	 */
	bool (*read)(struct json_object *answer, struct llm_answer *ret, const char **ret_said);

	/* What another status means; `words` are refusal_read's. */
	enum refusal (*classify)(int status, const char *words);
};

extern const struct llm_provider llm_openai, llm_anthropic;

/* The provider of that name in any case, or NULL. */
const struct llm_provider *llm_find(const char *name);

/*
 * Asks a model, with up to CALL_TRIES tries where it was throttled or failed. A parameter that the
 * model refuses is left out, or called by its other name, and asked again. ERR_REFUSED and
 * ERR_INVALID are for somebody to mend; ERR_RATE_LIMITED and ERR_UPSTREAM may pass. A call that was
 * sent and never answered is not repeated: it may have been billed.
 */
must_check struct err *llm_ask(struct http *http, const struct conf *conf,
			       const struct llm_provider *provider, const struct service_key *key,
			       const struct llm_request *request, struct llm_answer *ret);

/* The quirks that `model` is known for. */
unsigned llm_quirks(const struct llm_provider *provider, const char *model);

/* The quirk that a 400 complains about in `words`, or 0. */
unsigned llm_complaint(const struct llm_provider *provider, const char *words);

/* Makes the body of a good answer the result. */
must_check struct err *llm_read(const struct llm_provider *provider, const char *body, size_t len,
				struct llm_answer *ret);
