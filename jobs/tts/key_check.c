#include "jobs/tts/key_check.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/mem.h"
#include "jobs/tts/azure.h"
#include "jobs/tts/call.h"
#include "jobs/tts/elevenlabs.h"
#include "jobs/tts/openai.h"

#include <string.h>

enum { TIMEOUT_S = 20, MAX_LIST = 8 * 1024 * 1024 };

typedef struct err *find_url(const struct conf *conf, const struct service_key *key, char **ret);
typedef enum refusal judge(const struct http_response *response, char **ret_said);

/* Its list of models: every key that can speak needs it, while a limited one may not read /v1/user.
 */
static struct err *elevenlabs_url(const struct conf *conf, const struct service_key *key,
				  char **ret)
{
	(void)key;
	*ret = mem_printf("%s/v1/models", conf->elevenlabs_base_url);
	return NULL;
}

/* Its list of voices: the cheap test of a key together with its region. */
static struct err *azure_list_url(const struct conf *conf, const struct service_key *key,
				  char **ret)
{
	return azure_url(conf, key, "/cognitiveservices/voices/list", ret);
}

static struct err *openai_url(const struct conf *conf, const struct service_key *key, char **ret)
{
	(void)key;
	*ret = mem_printf("%s/v1/models", conf->openai_base_url);
	return NULL;
}

static struct err *anthropic_url(const struct conf *conf, const struct service_key *key, char **ret)
{
	(void)key;
	*ret = mem_printf("%s/v1/models?limit=1", conf->anthropic_base_url);
	return NULL;
}

static enum refusal judge_elevenlabs(const struct http_response *response, char **ret_said)
{
	return elevenlabs_classify(response->status, response->body, response->body_len, ret_said);
}

static enum refusal judge_azure(const struct http_response *response, char **ret_said)
{
	return azure_classify(response, "", ret_said);
}

/* OpenAI's errors, and Anthropic's, which have the same form and statuses. */
static enum refusal judge_openai(const struct http_response *response, char **ret_said)
{
	cleanup(cleanup_free) char *words = NULL;
	refusal_read(response->body, response->body_len, &words, ret_said);
	return openai_classify(response->status, words);
}

static const struct check {
	const struct service *service;
	find_url *url;
	const char *key_before, *header; /* what stands before the key; one more header, or NULL */
	judge *judge;
} checks[] = {
	{ &service_elevenlabs, elevenlabs_url, "xi-api-key: ", NULL, judge_elevenlabs },
	{ &service_azure, azure_list_url, "Ocp-Apim-Subscription-Key: ", NULL, judge_azure },
	{ &service_openai, openai_url, "Authorization: Bearer ", NULL, judge_openai },
	{ &service_anthropic, anthropic_url, "x-api-key: ", "anthropic-version: 2023-06-01",
	  judge_openai },
};

static const struct check *find_check(const struct service *service)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].service == service)
			return &checks[i];
	return NULL;
}

static struct err *conclude(struct http *http, const struct check *check,
			    const struct http_response *response, const struct service_key *key,
			    const char **ret_message)
{
	*ret_message = "The key works";
	if (response->status == 200)
		return NULL;
	cleanup(cleanup_free) char *said = NULL;
	enum refusal refusal = check->judge(response, &said);
	if (refusal != REFUSAL_PERMISSION)
		return call_refused(http, refusal, check->service->title, said, key);
	*ret_message = "The key is right, but it is limited: whether it may speak shows when it is "
		       "used";
	return NULL;
}

struct err *key_check(struct http *http, const struct conf *conf, const struct service *service,
		      const struct service_key *key, const char **ret_message)
{
	const struct check *check = find_check(service);
	if (!check)
		return err_new(ERR_INTERNAL, "there is no check for keys of %s", service->name);
	cleanup(cleanup_free) char *url = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(check->url(conf, key, &url));
	TRY(call_key_header(check->key_before, key, service->title, &key_header));
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = (const char *[]){ key_header, check->header, NULL },
		.max_response = MAX_LIST,
		.timeout_s = TIMEOUT_S,
		.http_1_1 = true, /* Azure's reasons stand in the reason phrase */
	};
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(http_perform(http, &request, &response,
			 NULL)); /* nothing is billed: no need of call_perform */
	return conclude(http, check, &response, key, ret_message);
}
