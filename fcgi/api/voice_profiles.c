/* /api/voice-profiles: the voices that users have. */
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/model/voice_profile.h"
#include "jobs/tts/profile_delete.h"
#include "jobs/tts/training.h"

#include <string.h>

enum { NAME, VOICE, LANGUAGE, TEXTS };

static const struct text_rule rules[TEXTS] = {
	[NAME] = { .field = "name", .label = "Name", .trim = true, .min = 1, .max = 200 },
	[VOICE] = { .field = "providerVoiceId",
		    .label = "Provider voice id",
		    .trim = true,
		    .max = 500 },
	[LANGUAGE] = { .field = "language",
		       .label = "Language",
		       .trim = true,
		       .min = 1,
		       .max = 20 },
};

/* The texts of a profile in a request; owned. */
struct texts {
	char *text[TEXTS];
};

static void texts_clear(struct texts *t)
{
	for (int i = 0; i < TEXTS; i++)
		free(t->text[i]);
}

static struct texts read_texts(struct validation *v, bool create)
{
	struct texts t;
	for (int i = 0; i < TEXTS; i++) {
		struct text_rule rule = rules[i];
		rule.required = create && i == NAME;
		t.text[i] = validate_text(v, &rule);
	}
	return t;
}

struct err *voice_profiles_list(struct app *app, struct request *request, struct response *response)
{
	return voice_profile_list(app->db, request->user_id, &response->body);
}

/* A voice that a provider without cloning has, as an example of its ids; NULL where it can clone.
 */
static const char *example_voice(const char *provider)
{
	static const struct {
		const char *provider, *voice;
	} examples[] = { { "azure", "en-US-JennyNeural" }, { "openai", "nova" } };
	for (size_t i = 0; provider && i < sizeof(examples) / sizeof(examples[0]); i++)
		if (!strcmp(examples[i].provider, provider))
			return examples[i].voice;
	return NULL;
}

struct err *voice_profiles_create(struct app *app, struct request *request,
				  struct response *response)
{
	static const char *const providers[] = { "elevenlabs", "azure", "openai" };
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(texts_clear) struct texts t = read_texts(&v, true);
	const char *provider = validate_word(&v, "provider", "Provider", true, providers,
					     sizeof(providers) / sizeof(providers[0]));
	const char *voice = t.text[VOICE] ? t.text[VOICE] : "";
	const char *example = example_voice(provider);
	if (example && !*voice)
		validate_fault(&v, "providerVoiceId",
			       "Provider voice id is required for %s, such as %s", provider,
			       example);
	TRY(validate_result(&v));
	const struct voice_profile_fields fields = {
		.name = t.text[NAME],
		.provider = provider,
		.voice = voice,
		.language = t.text[LANGUAGE] ? t.text[LANGUAGE] : "en",
	};
	response->status = 201;
	return voice_profile_create(app->db, request->user_id, &fields, &response->body);
}

struct err *voice_profiles_get(struct app *app, struct request *request, struct response *response)
{
	return voice_profile_get(app->db, request->user_id, request->ids[0], &response->body);
}

/* A voice can be taken from a profile only where a new one can be cloned for it. */
static struct err *check_keeps_voice(struct app *app, struct request *request, const char *voice,
				     struct validation *v)
{
	if (!voice || *voice)
		return NULL;
	cleanup(voice_profile_clear) struct voice_profile profile = { 0 };
	TRY(voice_profile_load(app->db, request->user_id, request->ids[0], &profile));
	if (example_voice(profile.provider))
		validate_fault(v, "providerVoiceId", "Provider voice id is required for %s",
			       profile.provider);
	return NULL;
}

struct err *voice_profiles_update(struct app *app, struct request *request,
				  struct response *response)
{
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(texts_clear) struct texts t = read_texts(&v, false);
	TRY(check_keeps_voice(app, request, t.text[VOICE], &v));
	TRY(validate_result(&v));
	const struct voice_profile_fields fields = {
		.name = t.text[NAME],
		.voice = t.text[VOICE],
		.language = t.text[LANGUAGE],
	};
	return voice_profile_update(app->db, request->user_id, request->ids[0], &fields,
				    &response->body);
}

struct err *voice_profiles_delete(struct app *app, struct request *request,
				  struct response *response)
{
	cleanup(cleanup_json) struct json_object *left = NULL;
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	TRY(profile_delete(&app->services, app->http, app->db, request->user_id, request->ids[0],
			   &left));
	js_set_string(o, "message", "Voice profile deleted");
	js_set(o, "notDeleted", take(left));
	response_json(response, 200, js_text(o));
	return NULL;
}

/* What a request to train says beside which profile; owned. */
enum { ATTESTED_BY, SPEAKER, COMPANY, LOCALE, ORDER_TEXTS };
struct order_texts {
	char *text[ORDER_TEXTS];
};

static void order_texts_clear(struct order_texts *t)
{
	for (int i = 0; i < ORDER_TEXTS; i++)
		free(t->text[i]);
}

static struct order_texts read_order(struct validation *v)
{
	static const struct text_rule order_rules[ORDER_TEXTS] = {
		{ .field = "attestedBy", .label = "Attested by", .trim = true, .max = 200 },
		{ .field = "speaker", .label = "Speaker", .trim = true, .min = 1, .max = 200 },
		{ .field = "company", .label = "Company", .trim = true, .min = 1, .max = 200 },
		{ .field = "locale", .label = "Locale", .trim = true, .min = 2, .max = 20 },
	};
	struct order_texts t;
	for (int i = 0; i < ORDER_TEXTS; i++)
		t.text[i] = validate_text(v, &order_rules[i]);
	return t;
}

/*
 * The older front end sends nothing, and has its users accept by its terms that they may clone a
 * voice; whoever sends anything has to attest it in words.
 */
static struct consent read_consent(struct json_object *body, const char *by)
{
	bool says_nothing = json_object_object_length(body) == 0;
	return (struct consent){ .given = says_nothing || js_bool(body, "consent", false),
				 .by_terms = says_nothing,
				 .by = by && *by ? by : NULL };
}

struct err *voice_profiles_train(struct app *app, struct request *request,
				 struct response *response)
{
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(order_texts_clear) struct order_texts t = read_order(&v);
	TRY(validate_result(&v));
	struct training_result result = { 0 };
	const struct stop stop = { .deadline_ms = clock_monotonic_ms() + REQUEST_MAX_MS };
	const struct training_order order = {
		.user_id = request->user_id,
		.profile_id = request->ids[0],
		.request_id = request->id,
		.consent = read_consent(request->body, t.text[ATTESTED_BY]),
		.speaker = t.text[SPEAKER] ? t.text[SPEAKER] : t.text[ATTESTED_BY],
		.company = t.text[COMPANY],
		.locale = t.text[LOCALE],
		.stop = &stop,
	};
	struct err *e = training_run(&app->services, app->http, app->db, &order, &result);
	TRY(response_blame_provider(e));
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_string(o, "id", request->ids[0]);
	js_set_string(o, "trainingStatus", result.status);
	js_set_string(o, "message", result.message);
	js_set_string(o, "providerVoiceId", result.voice);
	free(result.voice);
	response_json(response, 200, js_text(o));
	return NULL;
}
