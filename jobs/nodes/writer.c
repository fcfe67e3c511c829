#include "jobs/nodes/writer.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/llm.h"

#include <math.h>
#include <string.h>

enum { MAX_TEXTS = 16 * 1024 * 1024, MOST_TOKENS = 1000 * 1000 };

static struct err *find_provider(const struct node_run *run, const struct llm_provider **ret)
{
	const char *name = js_string(run->config, "provider");
	*ret = input_is_blank(name) ? &llm_openai : llm_find(name);
	if (!*ret)
		return err_new(ERR_INVALID,
			       "The provider has to be openai or anthropic, not "
			       "\"%.40s\"",
			       name);
	return NULL;
}

struct err *writer_upstream(const struct node_run *run, const char *advice, char **ret)
{
	cleanup(buf_clear) struct buf texts = BUF(MAX_TEXTS);
	json_object_object_foreach(run->inputs, source, value)
	{
		cleanup(cleanup_json) struct json_object *one = json_object_new_object();
		js_set(one, source, json_object_get(value));
		const char *text = input_text(one);
		if (!input_is_blank(text))
			buf_addf(&texts, "%s%s", texts.len ? "\n\n" : "", text);
	}
	if (texts.too_big)
		return err_new(ERR_TOO_LARGE, "The upstream texts are over %d MiB",
			       MAX_TEXTS / 1024 / 1024);
	if (texts.len == 0)
		return err_new(ERR_INVALID, "%s", advice);
	*ret = buf_take(&texts);
	return NULL;
}

static int max_tokens_of(const struct node_run *run, int usual)
{
	double wanted = js_number(run->config, "maxTokens", 0);
	return wanted < 1 ? usual : (int)fmin(wanted, MOST_TOKENS);
}

/* What the answer tells beside its text. Only a temperature that the user chose is missed. */
static void add_notes(struct node_run *run, const struct llm_request *request,
		      const struct llm_answer *answer)
{
	double wanted = js_number(run->config, "temperature", NAN);
	if (!isnan(wanted) && isnan(answer->temperature))
		node_note(run, "%s has no temperature; %g was left out", answer->model, wanted);
	else if (!isnan(wanted) && wanted != answer->temperature)
		node_note(run, "temperature %g is out of the range of %s; used %g", wanted,
			  answer->model, answer->temperature);
	if (answer->finish_reason && !strcmp(answer->finish_reason, "length"))
		node_note(
			run,
			"The text is cut off at the limit of %d tokens; raise it, or ask for less",
			request->max_tokens);
}

static struct json_object *cost_of(const struct llm_provider *provider,
				   const struct llm_answer *answer)
{
	struct json_object *cost = json_object_new_object();
	js_set_string(cost, "provider", provider->service->name);
	js_set_string(cost, "model", answer->model);
	js_set_int(cost, "promptTokens", answer->prompt_tokens);
	js_set_int(cost, "completionTokens", answer->completion_tokens);
	if (answer->request_id)
		js_set_string(cost, "requestId", answer->request_id);
	return cost;
}

static struct json_object *describe(const struct llm_answer *answer)
{
	struct json_object *output = json_object_new_object();
	js_set_string(output, "text", answer->text);
	js_set_string(output, "model", answer->model);
	js_set_int(output, "tokensUsed", answer->prompt_tokens + answer->completion_tokens);
	js_set_int(output, "promptTokens", answer->prompt_tokens);
	js_set_int(output, "completionTokens", answer->completion_tokens);
	js_set_string(output, "finishReason", answer->finish_reason);
	return output;
}

static struct err *write_with_key(struct node_run *run, const struct llm_provider *provider,
				  const struct service_key *key, const struct writing *writing,
				  struct json_object **ret_output)
{
	const char *model = js_string(run->config, "model");
	const struct llm_request request = {
		.model = input_is_blank(model) ? NULL : model,
		.instructions = writing->instructions,
		.prompt = writing->prompt,
		.temperature = js_number(run->config, "temperature", writing->temperature),
		.max_tokens = max_tokens_of(run, writing->max_tokens),
		.stop = run->stop,
	};
	cleanup(llm_answer_clear) struct llm_answer answer = { 0 };
	TRY(llm_ask(run->http, run->services->conf, provider, key, &request, &answer));
	run->cost = cost_of(provider, &answer);
	add_notes(run, &request, &answer);
	*ret_output = describe(&answer);
	return NULL;
}

struct err *writer_run(struct node_run *run, const struct writing *writing,
		       struct json_object **ret_output)
{
	const struct llm_provider *provider;
	struct service_key key;
	TRY(find_provider(run, &provider));
	TRY(service_key_resolve(run->services, run->services->db, provider->service, run->user_id,
				&key));
	struct err *e = write_with_key(run, provider, &key, writing, ret_output);
	service_key_release(&key);
	return e;
}
