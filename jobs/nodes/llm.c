#include "jobs/nodes/llm.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/nodes/input.h"
#include "jobs/tts/call.h"

#include <math.h>
#include <string.h>

enum { MAX_ANSWER = 16 * 1024 * 1024, CHARACTERS_PER_TOKEN = 4 };

static const struct llm_provider *const providers[] = { &llm_openai, &llm_anthropic };

const struct llm_provider *llm_find(const char *name)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (!strcasecmp(providers[i]->service->name, name))
			return providers[i];
	return NULL;
}

void llm_answer_clear(struct llm_answer *a)
{
	free(a->text);
	free(a->model);
	free(a->finish_reason);
	free(a->request_id);
	*a = (struct llm_answer){ 0 };
}

unsigned llm_quirks(const struct llm_provider *provider, const char *model)
{
	for (const struct llm_quirk *q = provider->models; q->name; q++)
		if (!strncmp(model, q->name, strlen(q->name)))
			return q->quirk;
	return 0;
}

unsigned llm_complaint(const struct llm_provider *provider, const char *words)
{
	static const char *const complaints[] = { "unsupported",   "not support",  "deprecated",
						  "not permitted", "unrecognized", "unknown" };
	bool complains = false;
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
		complains |= strcasestr(words, complaints[i]) != NULL;
	for (const struct llm_quirk *q = provider->parameters; complains && q->name; q++)
		if (strstr(words, q->name))
			return q->quirk;
	return 0;
}

struct err *llm_read(const struct llm_provider *provider, const char *body, size_t len,
		     struct llm_answer *ret)
{
	const char *title = provider->service->title, *said = NULL;
	cleanup(cleanup_json) struct json_object *root = NULL;
	cleanup(cleanup_err) struct err *e = js_parse(body, len, &root);
	if (e)
		return err_new(ERR_UPSTREAM, "%s sent an answer that cannot be read. Try again.",
			       title);
	if (!provider->read(root, ret, &said))
		return refusal_error(REFUSAL_CONTENT, title, said, NULL);
	if (!input_is_blank(ret->text))
		return NULL;
	if (ret->finish_reason && !strcmp(ret->finish_reason, "length"))
		return err_new(ERR_REFUSED,
			       "%s used up the tokens before it had written any text. Raise the "
			       "most tokens in the node's settings, or choose another model.",
			       title);
	return err_new(ERR_UPSTREAM, "%s sent an answer without text. Try again.", title);
}

/* What one request needs besides itself. */
struct ask {
	struct http *http;
	const struct conf *conf;
	const struct llm_provider *provider;
	const struct service_key *key;
	const char *url, *key_header;
	unsigned quirks, settled; /* those that a complaint has turned around already */
};

/* One request; *ret_again where it was refused for a parameter that has been put right now. */
static struct err *ask_once(struct ask *ask, const struct llm_request *request,
			    struct llm_answer *ret, bool *ret_again)
{
	const char *title = ask->provider->service->title;
	cleanup(cleanup_json) struct json_object *json = ask->provider->body(request, ask->quirks);
	cleanup(cleanup_free) char *body = js_text(json);
	int timeout_s =
		call_timeout_s(ask->conf, (size_t)request->max_tokens * CHARACTERS_PER_TOKEN);
	const struct http_request call = {
		.method = "POST",
		.url = ask->url,
		.headers = (const char *[]){ ask->key_header, "Content-Type: application/json",
					     ask->provider->version_header, NULL },
		.body = body,
		.body_len = strlen(body),
		.max_response = MAX_ANSWER,
		.timeout_s = timeout_s,
		.stall_s = timeout_s, /* the answer comes whole, once it is written */
		.stop = request->stop,
	};
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(call_perform(ask->http, title, &call, &response));
	if (response.status == 200) {
		const char *id = http_header(ask->http, "x-request-id");
		ret->request_id = mem_strdup(id ? id : http_header(ask->http, "request-id"));
		ret->temperature = ask->quirks & LLM_NO_TEMPERATURE ? NAN : request->temperature;
		return llm_read(ask->provider, response.body, response.body_len, ret);
	}
	cleanup(cleanup_free) char *words = NULL, *said = NULL;
	refusal_read(response.body, response.body_len, &words, &said);
	unsigned complaint = response.status == 400 ? llm_complaint(ask->provider, words) : 0;
	*ret_again = complaint & ~ask->settled;
	ask->quirks ^= *ret_again ? complaint : 0;
	ask->settled |= complaint;
	return call_refused(ask->http, ask->provider->classify(response.status, words), title, said,
			    ask->key);
}

static struct err *ask_patiently(struct ask *ask, const struct llm_request *request,
				 struct llm_answer *ret)
{
	for (int tries = 1; !stop_is_due(request->stop);) {
		bool again = false;
		struct err *e = ask_once(ask, request, ret, &again);
		if (!e)
			return NULL;
		llm_answer_clear(ret);
		if (!again && !call_wait(ask->conf, request->stop, e, tries++))
			return err_wrap(e, "%s, model %s", ask->provider->service->name,
					request->model);
		err_free(e);
	}
	return err_new(ERR_CANCELLED, "The call to %s was cancelled",
		       ask->provider->service->title);
}

struct err *llm_ask(struct http *http, const struct conf *conf, const struct llm_provider *provider,
		    const struct service_key *key, const struct llm_request *request,
		    struct llm_answer *ret)
{
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(call_key_header(provider->key_before, key, provider->service->title, &key_header));
	cleanup(cleanup_free) char *url = provider->url(conf);
	struct llm_request usual = *request;
	if (!usual.model)
		usual.model = provider->usual_model;
	usual.temperature = fmin(fmax(usual.temperature, 0), provider->max_temperature);
	struct ask ask = {
		.http = http,
		.conf = conf,
		.provider = provider,
		.key = key,
		.url = url,
		.key_header = key_header,
		.quirks = llm_quirks(provider, usual.model),
	};
	return ask_patiently(&ask, &usual, ret);
}
