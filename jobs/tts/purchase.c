#include "jobs/tts/purchase.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/fault_point.h"
#include "jobs/base/mem.h"
#include "jobs/tts/synthesize.h"

#include <string.h>
#include <unistd.h>

enum {
	BUSY_MS = 250,       /* between looks at what another run is buying */
	PATIENCE_MS = 60000, /* for a database that is away while there is something to write */
	PATIENT_RETRY_MS = 500,
	RECOVERY_WAITS = 15, /* of PROVIDER_RETRY_MS each, from the call on */
};

void purchase_result_clear(struct purchase_result *r)
{
	tts_result_clear(&r->tts);
	*r = (struct purchase_result){ 0 };
}

static struct db *db_of(const struct purchase *p)
{
	return p->speak->services->db;
}

static struct err *cancelled(const struct purchase *p)
{
	return err_new(ERR_CANCELLED, "The speech of %s was cancelled",
		       p->speak->provider->service->title);
}

/* ---- what is there already ---- */

static struct err *mark_lost(const struct purchase *p)
{
	struct err *e = segment_lost(db_of(p), p->speak->owner.user_id, p->segment);
	p->segment->stored = false;
	return e;
}

/* The stored audio; a file that somebody has removed from the storage makes the segment missing. */
static struct err *fetch(const struct purchase *p, struct purchase_result *ret)
{
	const struct http_file into = { p->fd, p->offset, PURCHASE_MAX_AUDIO };
	struct err *e =
		s3_get(p->speak->services->s3, p->http, p->segment->audio_key, &into, &ret->length);
	if (!e || err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	return mark_lost(p);
}

/* ---- what has to be bought ---- */

static struct tts_request request_of(const struct purchase *p)
{
	struct tts_request request = p->speak->request;
	request.text = p->piece->text;
	request.previous_text = p->previous ? p->previous->text : NULL;
	request.next_text = p->next ? p->next->text : NULL;
	request.aligned = p->speak->captions != CAPTIONS_NONE;
	return request;
}

/*
 * Asks the provider for the speech of a call of which nobody knows what came of it. It may still
 * be at work, so it is asked until that is long ago. What it cannot tell counts as not done.
 */
static bool recover(const struct purchase *p, int64_t age_ms, struct tts_result *ret)
{
	const struct speak *speak = p->speak;
	const struct conf *conf = speak->services->conf;
	const struct tts_request request = request_of(p);
	int64_t begin = clock_monotonic_ms(),
		limit = (int64_t)RECOVERY_WAITS * conf->provider_retry_ms;
	while (speak->provider->recover) {
		int64_t age = age_ms + clock_monotonic_ms() - begin;
		FAULT_POINT("provider", "history", "before");
		struct err *e =
			speak->provider->recover(p->http, conf, speak->key, &request, age, ret);
		FAULT_POINT("provider", "history", "after");
		if (ret->audio) {
			err_free(e);
			tts_note(ret, "Speech that an interrupted run had bought was fetched from "
				      "the provider's history instead of buying it again");
			return true;
		}
		tts_result_clear(ret);
		bool useless = e && !err_is_retryable(e);
		err_free(e);
		if (useless || age >= limit || !stop_sleep(request.stop, conf->provider_retry_ms))
			return false;
	}
	return false;
}

static struct err *speak_piece(const struct purchase *p, bool uncertain, int64_t age_ms,
			       struct tts_result *ret)
{
	const struct speak *speak = p->speak;
	if (uncertain && recover(p, age_ms, ret))
		return NULL;
	ret->uncertain = uncertain; /* until something else is known */
	if (stop_is_due(speak->request.stop))
		return cancelled(p);
	const struct tts_request request = request_of(p);
	ret->billed_characters = -1;
	ret->uncertain = false;
	return synthesize(speak->services, p->http, speak->provider, speak->key, &request, ret);
}

static struct err *write_audio(const struct purchase *p, const struct tts_result *speech)
{
	for (size_t at = 0; at < speech->audio_len;) {
		ssize_t n = pwrite(p->fd, speech->audio + at, speech->audio_len - at,
				   (off_t)(p->offset + at));
		if (n <= 0)
			return err_new(ERR_UNAVAILABLE,
				       "The server has no room for temporary files: %m");
		at += (size_t)n;
	}
	return NULL;
}

/* Writes that a segment is bought; waits for a database that is away, as it is paid for. */
static struct err *record(const struct purchase *p, const struct segment_purchase *bought)
{
	int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	for (;;) {
		struct err *e = segment_store(db_of(p), &p->speak->owner, p->segment->id, bought);
		bool give_up =
			clock_monotonic_ms() > deadline || stop_is_asked(p->speak->request.stop);
		if (!e || err_kind(e) != ERR_UNAVAILABLE || give_up)
			return e;
		err_free(e);
		usleep(PATIENT_RETRY_MS * 1000);
	}
}

/* Stores bought speech: first its audio, then that it is there. */
static struct err *store(const struct purchase *p, struct tts_result *speech)
{
	const struct speak *speak = p->speak;
	enum audio_format format = speak->request.format;
	cleanup(cleanup_free) char *key =
		mem_printf("voice-segments/%s/%s.%s", speak->owner.user_id, p->segment->id,
			   audio_extension(format));
	const struct s3_body body = { .bytes = speech->audio, .len = speech->audio_len };
	/* What is paid for is stored, also when the run is to end. */
	TRY(s3_put(speak->services->s3, p->http, key, audio_content_type(format), &body, NULL));
	const struct segment_purchase bought = {
		.provider = speak->provider->service->name,
		.profile_id = speak->profile_id,
		.audio_key = key,
		.request_id = speech->request_id,
		.alignment = speech->alignment,
		.duration_sec = speech->info.duration_sec,
		.billed_characters = speech->billed_characters,
	};
	TRY(record(p, &bought));
	struct segment *s = p->segment;
	free(s->audio_key);
	free(s->alignment);
	s->audio_key = take(key);
	s->alignment = mem_strdup(speech->alignment);
	s->duration_sec = speech->info.duration_sec;
	s->stored = true;
	memcpy(s->run_id, speak->owner.run_id, ID_SIZE);
	return NULL;
}

/* Gives the segment back; that it could not be is of no matter, as nobody holds on to it. */
static void release(const struct purchase *p, bool uncertain)
{
	err_free(segment_release(db_of(p), &p->speak->owner, p->segment->id, uncertain));
}

static struct err *buy(const struct purchase *p, bool uncertain, int64_t age_ms,
		       struct purchase_result *ret)
{
	struct tts_result *speech = &ret->tts;
	atomic_store(p->held, true);
	struct err *e = speak_piece(p, uncertain, age_ms, speech);
	bool spoken = !e;
	if (spoken)
		e = store(p, speech);
	atomic_store(p->held, false);
	if (e)
		release(p, spoken || speech->uncertain);
	TRY(e);
	TRY(write_audio(p, speech));
	ret->length = speech->audio_len;
	free(speech->audio);
	speech->audio = NULL;
	return NULL;
}

static struct err *try_to_take(const struct purchase *p, enum segment_state *ret_state,
			       int64_t *ret_age_ms)
{
	if (p->segment->taken) {
		p->segment->taken = false;
		*ret_state = SEGMENT_TAKEN;
		return NULL;
	}
	return segment_take(db_of(p), &p->speak->owner, p->segment, ret_state, ret_age_ms);
}

struct err *purchase(const struct purchase *p, struct purchase_result *ret)
{
	while (!stop_is_due(p->speak->request.stop)) {
		if (p->segment->stored)
			TRY(fetch(p, ret));
		if (p->segment->stored)
			return NULL;
		enum segment_state state = SEGMENT_BUSY;
		int64_t age_ms = 0;
		TRY(try_to_take(p, &state, &age_ms));
		if (state == SEGMENT_TAKEN || state == SEGMENT_UNCERTAIN)
			return buy(p, state == SEGMENT_UNCERTAIN, age_ms, ret);
		if (state == SEGMENT_BUSY)
			stop_sleep(p->speak->request.stop, BUSY_MS);
	}
	return cancelled(p);
}
