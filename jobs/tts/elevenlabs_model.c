#include "jobs/tts/elevenlabs_model.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/call.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_MODELS = 64,
	ID_ROOM = 64,
	MAX_ANSWER = 1024 * 1024,
	TIMEOUT_S = 5,        /* what is documented will do */
	ASK_MS = 3600 * 1000, /* between two questions */
	/* No model has had a limit below 3,000; what is below this is a mistake. */
	LEAST_CHARACTERS = 200,
};

/* elevenlabs.io/docs/models, and what the API refuses. */
static const struct elevenlabs_model models[] = {
	{ ELEVENLABS_USUAL_MODEL, 10000, true, false, false },
	{ "eleven_flash_v2_5", 40000, true, false, false },
	{ "eleven_flash_v2", 30000, true, false, false },
	{ "eleven_v3", 5000, false, true, true },
	{ "eleven_v3_conversational", 5000, false, true, true },
	{ "eleven_v4", 10000, false, true, false },
	{ "eleven_v4_turbo", 10000, false, true, false },
	{ "eleven_turbo_v2_5", 40000, true, false, false },
	{ "eleven_turbo_v2", 30000, true, false, false },
	{ "eleven_monolingual_v1", 10000, true, false, false },
	{ "eleven_multilingual_v1", 10000, true, false, false },
};
static const struct elevenlabs_model unknown = { NULL, 5000, false, true, false };

struct limit {
	char id[ID_ROOM];
	size_t max_characters;
};

/*
 * What ElevenLabs has told of limits, to this process. All known ones are above what a piece has at
 * most, so that a text is cut the same with and without them; a lower one would be refused anyway.
 */
static struct {
	pthread_mutex_t lock;
	int64_t asked_ms; /* 0: never */
	size_t count;
	struct limit limits[MAX_MODELS];
} told = { .lock = PTHREAD_MUTEX_INITIALIZER };

const char *elevenlabs_model_id(const struct tts_request *request)
{
	return request->model ? request->model : ELEVENLABS_USUAL_MODEL;
}

const struct elevenlabs_model *elevenlabs_model(const struct tts_request *request)
{
	const char *id = elevenlabs_model_id(request);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (!strcmp(models[i].id, id))
			return &models[i];
	return &unknown;
}

size_t elevenlabs_max_characters(const struct tts_request *request)
{
	const char *id = elevenlabs_model_id(request);
	size_t most = elevenlabs_model(request)->max_characters;
	pthread_mutex_lock(&told.lock);
	for (size_t i = 0; i < told.count; i++)
		if (!strcmp(told.limits[i].id, id))
			most = told.limits[i].max_characters;
	pthread_mutex_unlock(&told.lock);
	return most;
}

void elevenlabs_learn_models(struct json_object *list)
{
	size_t count =
		json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	struct limit learned[MAX_MODELS] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < count && n < MAX_MODELS; i++) {
		struct json_object *model = json_object_array_get_idx(list, i);
		const char *id = js_string(model, "model_id");
		double most = js_number(model, "maximum_text_length_per_request", 0);
		if (!id || strlen(id) >= ID_ROOM ||
		    !(most >= LEAST_CHARACTERS && most <= INT32_MAX))
			continue;
		snprintf(learned[n].id, ID_ROOM, "%s", id);
		learned[n++].max_characters = (size_t)most;
	}
	if (n == 0)
		return;
	pthread_mutex_lock(&told.lock);
	memcpy(told.limits, learned, n * sizeof(learned[0]));
	told.count = n;
	pthread_mutex_unlock(&told.lock);
}

/* True for one caller an hour, who then asks. */
static bool is_time_to_ask(void)
{
	int64_t now = clock_monotonic_ms();
	pthread_mutex_lock(&told.lock);
	bool due = told.asked_ms == 0 || now - told.asked_ms >= ASK_MS;
	if (due)
		told.asked_ms = now;
	pthread_mutex_unlock(&told.lock);
	return due;
}

static struct err *ask(struct http *http, const struct conf *conf, const struct service_key *key,
		       const struct stop *stop)
{
	cleanup(cleanup_free) char *url = mem_printf("%s/v1/models", conf->elevenlabs_base_url);
	cleanup(cleanup_secret) char *key_header = NULL;
	cleanup(http_response_clear) struct http_response answer = { 0 };
	cleanup(cleanup_json) struct json_object *list = NULL;
	TRY(call_key_header("xi-api-key: ", key, service_elevenlabs.title, &key_header));
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = (const char *[]){ key_header, NULL },
		.max_response = MAX_ANSWER,
		.timeout_s = TIMEOUT_S,
		.stop = stop,
	};
	TRY(http_perform(http, &request, &answer, NULL));
	if (answer.status == 200)
		TRY(js_parse(answer.body, answer.body_len, &list));
	elevenlabs_learn_models(list);
	return NULL;
}

void elevenlabs_learn(struct http *http, const struct conf *conf, const struct service_key *key,
		      const struct tts_request *request)
{
	bool matters = !elevenlabs_model(request)->id ||
		       utf8_length(request->text) > elevenlabs_provider.usual_characters;
	if (matters && is_time_to_ask())
		err_free(ask(http, conf, key, request->stop)); /* what is documented holds then */
}
