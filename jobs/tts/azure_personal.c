/*
 * Azure's personal voices (learn.microsoft.com, "personal voice"; api-version 2026-01-01): a
 * project holds a consent, which is a recording that names speaker and company, and the voice made
 * of the samples. Ours are all called by the id of the training, so that a step which is made again
 * finds what the first one made.
 */
#include "jobs/base/cleanup.h"
#include "jobs/base/crypt.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/azure.h"
#include "jobs/tts/call.h"

#include <string.h>

enum { TIMEOUT_S = 90, TEXTS = 4 };
static const char API_VERSION[] = "api-version=2026-01-01";

static const struct refusal_rule rules[] = {
	{ 400, "consent", REFUSAL_CONSENT }, { 400, "audio", REFUSAL_SAMPLES },
	{ 400, NULL, REFUSAL_PARAMETER },    { 401, NULL, REFUSAL_KEY_OR_REGION },
	{ 403, NULL, REFUSAL_LIMITED },      { 404, NULL, REFUSAL_ADDRESS },
	{ 405, NULL, REFUSAL_ADDRESS },      { 408, NULL, REFUSAL_DOWN },
	{ 409, NULL, REFUSAL_THROTTLED },    { 413, NULL, REFUSAL_SAMPLES },
	{ 429, NULL, REFUSAL_THROTTLED },    { 3, NULL, REFUSAL_ADDRESS },
	{ 5, NULL, REFUSAL_DOWN },
};

/* An answer and what it says; answer_clear frees it. */
struct answer {
	struct http_response response;
	struct json_object *json; /* NULL where it is none */
};

static void answer_clear(struct answer *a)
{
	http_response_clear(&a->response);
	json_object_put(a->json);
	*a = (struct answer){ 0 };
}

bool azure_is_base_model(const char *voice)
{
	static const char *const families[] = { "Dragon", "Phoenix" };
	if (strpbrk(voice, "#:-"))
		return false;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (!strncmp(voice, families[i], strlen(families[i])))
			return true;
	return false;
}

/*
 * Personal voices live on the region's API host, not on its speech host; a resource with an address
 * of its own has both there, speech below /tts. The caller frees *ret.
 */
static struct err *find_base(const struct conf *conf, const struct service_key *key, char **ret)
{
	static const char speech[] = ".tts.speech.microsoft.com",
			  api[] = ".api.cognitive.microsoft.com";
	cleanup(cleanup_free) char *base = NULL;
	TRY(azure_url(conf, key, "", &base));
	size_t len = strlen(base);
	if (len > 4 && !strcmp(base + len - 4, "/tts"))
		base[len - 4] = '\0';
	char *host = strstr(base, speech);
	if (host)
		*ret = mem_printf("%.*s%s%s", (int)(host - base), base, api,
				  host + sizeof(speech) - 1);
	else
		*ret = take(base);
	return NULL;
}

static struct err *perform(struct http *http, const struct conf *conf,
			   const struct service_key *key, const struct http_request *request,
			   struct answer *ret)
{
	struct http_request call = *request;
	cleanup(cleanup_free) char *base = NULL, *url = NULL;
	cleanup(cleanup_secret) char *key_header = NULL;
	TRY(find_base(conf, key, &base));
	TRY(call_key_header("Ocp-Apim-Subscription-Key: ", key, service_azure.title, &key_header));
	url = mem_printf("%s/customvoice/%s%c%s", base, request->url,
			 strchr(request->url, '?') ? '&' : '?', API_VERSION);
	call.url = url;
	call.headers =
		(const char *[]){ key_header,
				  request->body ? "Content-Type: application/json" : NULL, NULL };
	call.timeout_s = TIMEOUT_S;
	TRY(http_perform(http, &call, &ret->response, NULL)); /* every step can be made again */
	err_free(js_parse(ret->response.body, ret->response.body_len, &ret->json));
	return NULL;
}

static struct err *refused(struct http *http, const struct service_key *key,
			   const struct answer *answer)
{
	cleanup(cleanup_free) char *words = NULL, *said = NULL;
	refusal_read(answer->response.body, answer->response.body_len, &words, &said);
	enum refusal refusal = refusal_match(rules, sizeof(rules) / sizeof(rules[0]),
					     answer->response.status, words, REFUSAL_REQUEST);
	return call_refused(http, refusal, service_azure.title, said, key);
}

static bool is_good(const struct answer *answer)
{
	return answer->response.status / 100 == 2;
}

static struct err *put_project(struct http *http, const struct conf *conf,
			       const struct service_key *key, struct tts_making *m)
{
	cleanup(answer_clear) struct answer answer = { 0 };
	cleanup(cleanup_json) struct json_object *body = json_object_new_object();
	cleanup(cleanup_free) char *path = mem_printf("projects/%s", m->id);
	js_set_string(body, "kind", "PersonalVoice");
	js_set_string(body, "description", m->name);
	const char *text = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	const struct http_request request = { .method = "PUT",
					      .url = path,
					      .body = text,
					      .body_len = strlen(text),
					      .stop = m->stop };
	TRY(perform(http, conf, key, &request, &answer));
	if (!is_good(&answer))
		return refused(http, key, &answer);
	m->stage = MAKING_CONSENT;
	m->sent = false;
	return NULL;
}

/* Looks a resource up; one that is not there yet leaves answer->response.status at 404. */
static struct err *look(struct http *http, const struct conf *conf, const struct service_key *key,
			const struct tts_making *m, const char *kind, struct answer *ret)
{
	cleanup(cleanup_free) char *path = mem_printf("%s/%s", kind, m->id);
	const struct http_request request = { .method = "GET", .url = path, .stop = m->stop };
	TRY(perform(http, conf, key, &request, ret));
	return is_good(ret) || ret->response.status == 404 ? NULL : refused(http, key, ret);
}

/* What a resource is sent as: texts, then recordings. */
struct upload {
	const char *kind;
	struct http_part texts[TEXTS];
	size_t text_count;
	const struct tts_sample *recordings;
	size_t count;
};

/* Sends it, unless an earlier try did: a second one of that id would be refused. */
static struct err *send_once(struct http *http, const struct conf *conf,
			     const struct service_key *key, struct tts_making *m,
			     const struct upload *upload)
{
	cleanup(answer_clear) struct answer before = { 0 }, answer = { 0 };
	TRY(look(http, conf, key, m, upload->kind, &before));
	m->sent = true;
	if (is_good(&before))
		return NULL;
	size_t count = upload->text_count + upload->count;
	cleanup(cleanup_free) struct http_part *parts = mem_alloc(count * sizeof(*parts));
	memcpy(parts, upload->texts, upload->text_count * sizeof(*parts));
	for (size_t i = 0; i < upload->count; i++)
		parts[upload->text_count + i] = (struct http_part){
			.name = "audiodata",
			.file = &upload->recordings[i].file,
			.filename = upload->recordings[i].filename,
			.content_type = upload->recordings[i].content_type,
		};
	cleanup(cleanup_free) char *path = mem_printf("%s/%s", upload->kind, m->id);
	const struct http_request request = {
		.method = "POST", .url = path, .parts = parts, .part_count = count, .stop = m->stop
	};
	TRY(perform(http, conf, key, &request, &answer));
	return is_good(&answer) ? NULL : refused(http, key, &answer);
}

/* Asks for a resource that was sent; one that was refused is an error. */
static struct err *await(struct http *http, const struct conf *conf, const struct service_key *key,
			 const struct tts_making *m, const char *kind, struct answer *ret)
{
	TRY(look(http, conf, key, m, kind, ret));
	const char *status = js_string(ret->json, "status");
	if (is_good(ret) && status && strcmp(status, "Failed") != 0 &&
	    strcmp(status, "Disabled") != 0)
		return NULL;
	enum refusal refusal = m->stage == MAKING_CONSENT ? REFUSAL_CONSENT : REFUSAL_SAMPLES;
	return refusal_error(refusal, service_azure.title, js_string(ret->json, "statusMessage"),
			     key->secret);
}

static bool has_succeeded(const struct answer *answer)
{
	const char *status = js_string(answer->json, "status");
	return status && !strcmp(status, "Succeeded");
}

static struct err *make_consent(struct http *http, const struct conf *conf,
				const struct service_key *key, struct tts_making *m)
{
	const struct upload upload = {
		.kind = "consents",
		.texts = { { .name = "projectId", .text = m->id },
			   { .name = "voiceTalentName", .text = m->speaker },
			   { .name = "companyName", .text = m->company },
			   { .name = "locale", .text = m->locale } },
		.text_count = 4,
		.recordings = m->consent,
		.count = 1,
	};
	if (!m->sent)
		return send_once(http, conf, key, m, &upload);
	cleanup(answer_clear) struct answer answer = { 0 };
	TRY(await(http, conf, key, m, upload.kind, &answer));
	if (has_succeeded(&answer)) {
		m->stage = MAKING_VOICE;
		m->sent = false;
	}
	return NULL;
}

static struct err *make_voice(struct http *http, const struct conf *conf,
			      const struct service_key *key, struct tts_making *m)
{
	const struct upload upload = {
		.kind = "personalvoices",
		.texts = { { .name = "projectId", .text = m->id },
			   { .name = "consentId", .text = m->id } },
		.text_count = 2,
		.recordings = m->samples,
		.count = m->count,
	};
	if (!m->sent)
		return send_once(http, conf, key, m, &upload);
	cleanup(answer_clear) struct answer answer = { 0 };
	TRY(await(http, conf, key, m, upload.kind, &answer));
	if (!has_succeeded(&answer))
		return NULL;
	const char *speaker = js_string(answer.json, "speakerProfileId");
	if (!speaker || !*speaker)
		return err_new(ERR_UPSTREAM, "Azure answered without the new voice's speaker id");
	m->voice = mem_printf("%s#%s", m->base, speaker);
	m->stage = MAKING_DONE;
	return NULL;
}

struct err *azure_make_step(struct http *http, const struct conf *conf,
			    const struct service_key *key, struct tts_making *m)
{
	static struct err *(*const steps[])(struct http *, const struct conf *,
					    const struct service_key *, struct tts_making *) = {
		[MAKING_PROJECT] = put_project,
		[MAKING_CONSENT] = make_consent,
		[MAKING_VOICE] = make_voice,
	};
	return m->stage == MAKING_DONE ? NULL : steps[m->stage](http, conf, key, m);
}

/* With the project goes all that is in it. */
struct err *azure_delete_voice(struct http *http, const struct conf *conf,
			       const struct service_key *key, const char *project)
{
	cleanup(answer_clear) struct answer answer = { 0 };
	cleanup(cleanup_free) char *path = mem_printf("projects/%s?forceDelete=true", project);
	const struct http_request request = { .method = "DELETE", .url = path };
	TRY(perform(http, conf, key, &request, &answer));
	return is_good(&answer) || answer.response.status == 404 ? NULL
								 : refused(http, key, &answer);
}
