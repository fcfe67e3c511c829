#include "jobs/tts/making.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/model/voice_profile.h"
#include "jobs/model/voice_training.h"
#include "jobs/tts/provider.h"
#include "jobs/tts/sample_set.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WAIT_MS = 60000, MAX_DOUBLINGS = 10 };

static const char *const stages[] = {
	[MAKING_PROJECT] = "project",
	[MAKING_CONSENT] = "consent",
	[MAKING_VOICE] = "voice",
};

/* One training that is due, and what its step needs. */
struct step {
	const struct services *services;
	struct http *http;
	const struct stop *stop;
	struct voice_training training;
	struct voice_profile profile;
	struct json_object *options;
	const struct provider *provider;
	struct service_key key;
	struct sample_set consents, samples;
	struct tts_making making;
};

static void step_clear(struct step *s)
{
	if (s->key.secret)
		service_key_release(&s->key);
	free(s->making.voice);
	sample_set_clear(&s->consents);
	sample_set_clear(&s->samples);
	voice_profile_clear(&s->profile);
	json_object_put(s->options);
	voice_training_clear(&s->training);
}

static enum making_stage stage_of(const char *name)
{
	for (int i = MAKING_PROJECT; i < MAKING_DONE; i++)
		if (!strcmp(stages[i], name))
			return (enum making_stage)i;
	return MAKING_PROJECT;
}

/* The recordings that the step sends; a consent counts by the newest. */
static struct err *fetch(struct step *s)
{
	const char *user = s->training.user_id, *profile = s->training.profile_id;
	struct tts_making *m = &s->making;
	if (m->sent || m->stage == MAKING_PROJECT)
		return NULL;
	bool consent = m->stage == MAKING_CONSENT;
	struct sample_set *set = consent ? &s->consents : &s->samples;
	TRY(sample_set_fetch(
		s->services, s->http, s->services->db,
		&(struct sample_query){ user, profile, consent ? "consent" : "sample" }, set));
	if (set->count == 0)
		return err_new(ERR_INVALID,
			       "The recordings were deleted before the voice was made. "
			       "Upload them again, then train the profile again.");
	m->consent = consent ? &set->samples[set->count - 1] : NULL;
	m->samples = set->samples;
	m->count = set->count;
	return NULL;
}

static struct err *prepare(struct step *s)
{
	struct voice_training *t = &s->training;
	TRY(voice_profile_load(s->services->db, t->user_id, t->profile_id, &s->profile));
	s->provider = provider_find(s->profile.provider);
	if (!s->provider || !s->provider->make_step)
		return err_new(ERR_INTERNAL, "provider %s makes no voices in steps",
			       s->profile.provider);
	TRY(js_parse_own(t->options, &s->options));
	TRY(service_key_resolve(s->services, s->services->db, s->provider->service, t->user_id,
				&s->key));
	s->making = (struct tts_making){
		.id = t->id,
		.name = s->profile.name,
		.base = s->profile.voice,
		.speaker = js_string(s->options, "speaker"),
		.company = js_string(s->options, "company"),
		.locale = js_string(s->options, "locale"),
		.stop = s->stop,
		.stage = stage_of(t->stage),
		.sent = t->sent,
	};
	return fetch(s);
}

/* Deletes at the provider what no profile has any more. */
static void discard(const struct step *s, const char *resource)
{
	if (!s->provider || !s->provider->delete_voice || !s->key.secret || !resource)
		return;
	cleanup(cleanup_err) struct err *e =
		s->provider->delete_voice(s->http, s->services->conf, &s->key, resource);
	if (e)
		log_warn("what was made as %s at %s is left there: %s", resource,
			 s->provider->service->title, err_message(e));
}

static struct err *end(struct step *s, const char *message)
{
	TRY(voice_training_end(s->services->db, &s->training, s->making.voice, message));
	log_info("training of voice profile %s ended: %s", s->training.profile_id,
		 message ? message : "ready");
	return NULL;
}

/* What may pass is tried again, later and later; anything else is the end. */
static struct err *fail(struct step *s, const struct err *failure)
{
	struct voice_training *t = &s->training;
	int doublings = t->tries < MAX_DOUBLINGS ? t->tries : MAX_DOUBLINGS;
	int64_t wait_ms = (int64_t)s->services->conf->provider_retry_ms << doublings;
	if (err_kind(failure) == ERR_CANCELLED)
		return voice_training_retry(s->services->db, t, 0);
	if (err_is_retryable(failure) && !t->expired)
		return voice_training_retry(s->services->db, t,
					    wait_ms < MAX_WAIT_MS ? wait_ms : MAX_WAIT_MS);
	TRY(end(s, err_message(failure)));
	discard(s, t->id);
	return NULL;
}

static struct err *move_on(struct step *s, const struct tts_making *before)
{
	const struct tts_making *m = &s->making;
	struct voice_training *t = &s->training;
	bool waits = m->sent && before->sent && m->stage == before->stage;
	if (m->stage == MAKING_DONE)
		return end(s, NULL);
	if (waits && t->expired)
		return end(s, "The provider has not finished the voice within an hour. Train the "
			      "profile again.");
	free(t->stage);
	t->stage = mem_strdup(stages[m->stage]);
	t->sent = m->sent;
	return voice_training_move(s->services->db, t,
				   m->sent ? 2 * (int64_t)s->services->conf->provider_retry_ms : 0);
}

static struct err *work(struct step *s)
{
	struct err *e = prepare(s);
	const struct tts_making before = s->making;
	if (!e)
		e = s->provider->make_step(s->http, s->services->conf, &s->key, &s->making);
	cleanup(cleanup_err) struct err *failure = e;
	struct err *left = failure ? fail(s, failure) : move_on(s, &before);
	if (left && err_kind(left) == ERR_NOT_FOUND) { /* the profile went meanwhile */
		err_free(left);
		discard(s, s->training.id);
		return NULL;
	}
	if (!left && s->making.stage == MAKING_DONE)
		discard(s, js_string(s->options, "replaces"));
	return left;
}

static struct err *take_and_work(struct step *s, bool *ret_found)
{
	struct err *e = voice_training_take(s->services->db, &s->training, ret_found);
	if (!e && *ret_found) {
		log_context(s->training.request_id);
		e = work(s);
		log_context(NULL);
	}
	return e;
}

struct err *making_run(const struct services *services, struct http *http, const struct stop *stop,
		       int64_t *ret_next_ms)
{
	bool found = true, any = false;
	while (found && !stop_is_due(stop)) {
		cleanup(step_clear) struct step s = { .services = services,
						      .http = http,
						      .stop = stop };
		TRY(take_and_work(&s, &found));
		any |= found;
	}
	int64_t poll_ms = 2 * (int64_t)services->conf->provider_retry_ms;
	*ret_next_ms = any && poll_ms < MAKING_IDLE_MS ? poll_ms : MAKING_IDLE_MS;
	return NULL;
}
