#include "jobs/tts/training.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/faults.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/model/voice_profile.h"
#include "jobs/model/voice_training.h"
#include "jobs/tts/provider.h"
#include "jobs/tts/sample_set.h"

#include <stdlib.h>
#include <string.h>

static const char UNVERIFIED[] = "The voice was made, but the provider wants it verified before it "
				 "speaks. Verify it there, then train the profile again.";
static const char SLOW[] =
	"The provider makes the voice now, which takes some minutes. The profile "
	"becomes ready, or says why not.";

/* One training under way. */
struct training {
	const struct services *services;
	struct http *http;
	struct db *db;
	const struct training_order *order;
	struct voice_profile profile;
	const struct provider *provider;
	struct service_key key; /* where the provider is asked */
	struct sample_set set;
};

static void training_clear(struct training *t)
{
	if (t->key.secret)
		service_key_release(&t->key);
	sample_set_clear(&t->set);
	voice_profile_clear(&t->profile);
}

static struct err *record(const struct training *t, const struct voice_training_end *end)
{
	return voice_profile_set_training(t->db, t->order->user_id, t->order->profile_id, end);
}

/* A voice that no profile has would hold a slot of the user's plan for nothing. */
static void discard_voice(const struct training *t, const char *resource)
{
	cleanup(cleanup_err) struct err *e =
		t->provider->delete_voice(t->http, t->services->conf, &t->key, resource);
	if (e)
		log_error("voice %s at %s belongs to no profile and could not be deleted: %s",
			  resource, t->provider->service->title, err_message(e));
}

/* Cloning needs the speaker's consent; who attested it is written down before anything is sent. */
static struct err *attest(const struct training *t)
{
	const struct consent *consent = &t->order->consent;
	if (!consent->given)
		return err_new(ERR_INVALID,
			       "A voice is cloned only with its speaker's consent: attest it by "
			       "sending {\"consent\": true}");
	return voice_profile_attest(
		t->db, t->order->user_id, t->order->profile_id,
		&(struct attestation){ consent->by, consent->by_terms, t->order->request_id });
}

static struct err *clone_now(struct training *t, struct training_result *ret)
{
	bool pending = false;
	cleanup(cleanup_free) char *voice = NULL;
	const struct tts_clone clone = {
		.name = t->profile.name,
		.description = t->order->description,
		.samples = t->set.samples,
		.count = t->set.count,
		.stop = t->order->stop,
	};
	TRY(t->provider->clone(t->http, t->services->conf, &t->key, &clone, &voice, &pending));
	const char *status = pending ? "pending" : "ready";
	struct err *e =
		record(t, &(struct voice_training_end){ .status = status,
							.voice = voice,
							.message = pending ? UNVERIFIED : NULL,
							.resource = voice });
	if (e) {
		discard_voice(t, voice);
		return e;
	}
	if (t->profile.resource && strcmp(t->profile.resource, voice) != 0)
		discard_voice(t, t->profile.resource);
	*ret = (struct training_result){
		.status = status,
		.message =
			pending ? UNVERIFIED : "The voice was cloned from the samples and is ready",
		.voice = take(voice),
	};
	return NULL;
}

/* A spoken consent names the speaker and a company, in a language that the provider has words for.
 */
static struct err *check_words(const struct training_order *order, const char *locale)
{
	struct faults faults = { 0 };
	if (!order->speaker)
		faults_add(&faults, "speaker", NULL,
			   "Speaker is required: the name as the consent recording says it");
	if (!order->company)
		faults_add(&faults, "company", NULL,
			   "Company is required: the name as the consent recording says it");
	if (!strchr(locale, '-'))
		faults_add(&faults, "locale", NULL,
			   "Locale is required: the consent recording's language and country, such "
			   "as de-DE");
	struct err *e = faults_error(&faults, "Validation failed");
	faults_clear(&faults);
	return e;
}

static struct err *check_spoken_consent(const struct training *t)
{
	cleanup(sample_set_clear) struct sample_set consents = { 0 };
	const struct sample_query query = { t->order->user_id, t->order->profile_id, "consent" };
	TRY(sample_set_fetch(t->services, t->http, t->db, &query, &consents));
	if (consents.count == 0)
		return err_new(ERR_INVALID,
			       "%s wants the speaker's consent as a recording: upload it to the "
			       "profile with the field kind set to consent",
			       t->provider->service->title);
	return NULL;
}

static struct err *clone_in_background(struct training *t, struct training_result *ret)
{
	const struct training_order *order = t->order;
	const char *locale = order->locale ? order->locale : t->profile.language;
	if (!strcmp(locale, "en"))
		locale = "en-US";
	TRY(check_words(order, locale));
	TRY(check_spoken_consent(t));
	cleanup(cleanup_json) struct json_object *options = json_object_new_object();
	js_set_string(options, "speaker", order->speaker);
	js_set_string(options, "company", order->company);
	js_set_string(options, "locale", locale);
	js_set_string(options, "replaces", t->profile.resource);
	TRY(voice_training_create(t->db, order->user_id, order->profile_id,
				  json_object_to_json_string_ext(options, JSON_C_TO_STRING_PLAIN),
				  order->request_id));
	*ret = (struct training_result){ .status = "training", .message = SLOW };
	return NULL;
}

/* True where the profile has no voice of its own yet, only samples to make one from. */
static bool wants_clone(const struct training *t)
{
	return t->provider->wants_clone && t->provider->wants_clone(t->profile.voice);
}

static struct err *clone_voice(struct training *t, struct training_result *ret)
{
	if (!t->provider->clone && !t->provider->make_step)
		return err_new(ERR_INVALID,
			       "A voice of %s cannot be cloned here: give the profile "
			       "the provider's voice id",
			       t->provider->service->title);
	if (!t->key.secret)
		TRY(service_key_resolve(t->services, t->db, t->provider->service, t->order->user_id,
					&t->key));
	TRY(attest(t));
	return t->provider->clone ? clone_now(t, ret) : clone_in_background(t, ret);
}

/* A voice that was made here and waits for its verification is ready once the provider says so. */
static struct err *ask_whether_verified(struct training *t, bool *ret_pending)
{
	*ret_pending = false;
	if (!t->provider->is_unverified || strcmp(t->profile.training_status, "pending") != 0 ||
	    !t->profile.resource || strcmp(t->profile.resource, t->profile.voice) != 0)
		return NULL;
	TRY(service_key_resolve(t->services, t->db, t->provider->service, t->order->user_id,
				&t->key));
	return t->provider->is_unverified(t->http, t->services->conf, &t->key, t->profile.voice,
					  ret_pending);
}

static struct err *train(struct training *t, struct training_result *ret)
{
	const struct sample_query query = { t->order->user_id, t->order->profile_id, "sample" };
	bool pending = false;
	TRY(sample_set_fetch(t->services, t->http, t->db, &query, &t->set));
	if (t->set.count == 0)
		return err_new(ERR_INVALID, "Add at least one audio sample before training.");
	if (!*t->profile.voice || wants_clone(t))
		return clone_voice(t, ret);
	TRY(ask_whether_verified(t, &pending));
	const char *status = pending ? "pending" : "ready";
	const char *message = pending ? UNVERIFIED : NULL;
	TRY(record(t, &(struct voice_training_end){ .status = status, .message = message }));
	*ret = (struct training_result){
		.status = status,
		.message = message ? message : "The voice profile is ready",
		.voice = mem_strdup(t->profile.voice),
	};
	return NULL;
}

/*
 * What may pass leaves the profile as it was, and so do faulty samples of a voice that speaks;
 * where there was nothing to train on, or no consent, it was not tried.
 */
static void record_failure(const struct training *t, const struct err *failure)
{
	const char *before = t->profile.training_status;
	bool was_ready = !strcmp(before, "ready"), invalid = err_kind(failure) == ERR_INVALID;
	bool not_tried = t->set.count == 0 || (invalid && !t->order->consent.given);
	bool keeps = err_is_retryable(failure) || not_tried || (was_ready && invalid);
	if (!strcmp(before, "training"))
		before = "pending";
	cleanup(cleanup_err) struct err *e =
		record(t, &(struct voice_training_end){
				  .status = keeps ? before : "failed",
				  .message = was_ready && keeps ? NULL : err_message(failure) });
	if (e)
		log_error("profile %s is left in training: %s", t->order->profile_id,
			  err_message(e));
}

struct err *training_run(const struct services *services, struct http *http, struct db *db,
			 const struct training_order *order, struct training_result *ret)
{
	cleanup(training_clear) struct training t = {
		.services = services,
		.http = http,
		.db = db,
		.order = order,
	};
	TRY(voice_profile_load(db, order->user_id, order->profile_id, &t.profile));
	t.provider = provider_find(t.profile.provider);
	if (!t.provider)
		return err_new(ERR_INTERNAL, "provider %s is not known", t.profile.provider);
	TRY(voice_profile_begin_training(db, order->user_id, order->profile_id));
	struct err *e = train(&t, ret);
	if (e)
		record_failure(&t, e);
	return e;
}
