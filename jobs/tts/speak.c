#include "jobs/tts/speak.h"

#include "jobs/audio/join.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/scratch.h"
#include "jobs/base/thread.h"
#include "jobs/model/usage.h"
#include "jobs/tts/purchase.h"
#include "jobs/tts/script.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_THREADS = 16,
	FETCHERS = 6,    /* at a time, of what is stored */
	HOLD_MS = 10000, /* between renewals of the lease */
	MAX_IDS = 100,   /* of requests, in the cost */
	MAX_NOTES = 50,
	MAX_CAPTIONS = 64 * 1024 * 1024,
	BYTES_A_CHARACTER = 4096,
};

/* What is known of a piece's audio. */
struct part {
	uint64_t length;  /* bytes in the scratch file, at part_offset */
	size_t same_as;   /* the first piece of the same segment: itself, or one before it */
	atomic_bool held; /* its segment is taken */
};

/* A text while it is spoken. What stands below `lock` is shared by the threads. */
struct speaking {
	const struct speak *speak;
	struct speak own;          /* what `speak` points to: the caller's, with the reservation */
	bool budgeted;             /* what is bought has to be reserved first */
	char reservation[ID_SIZE]; /* of the user's budget; "" for none */
	struct script script;
	struct segment *segments; /* one a piece */
	struct part *parts;
	int pieces_fd, audio_fd; /* scratch files; -1 while not open */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next_missing, next_stored; /* pieces; where to look for one that is to be done */
	bool *begun;
	size_t done;
	int buying, limit; /* calls at a time, and how many the key allows */
	int started;
	pthread_t threads[MAX_THREADS];
	struct err *error;
	struct speak_result result;

	int64_t held_ms; /* when what is taken was last held on to; the ticker's, like what follows
			  */
	size_t told;     /* pieces */
};

void speak_result_clear(struct speak_result *r)
{
	free(r->audio_key);
	free(r->captions_key);
	free(r->model);
	json_object_put(r->request_ids);
	json_object_put(r->notes);
	*r = (struct speak_result){ 0 };
}

static void speaking_clear(struct speaking *s)
{
	for (size_t i = 0; s->segments && i < s->script.count; i++)
		segment_clear(&s->segments[i]);
	free(s->segments);
	script_clear(&s->script);
	free(s->parts);
	free(s->begun);
	if (s->pieces_fd >= 0)
		close(s->pieces_fd);
	if (s->audio_fd >= 0)
		close(s->audio_fd);
	err_free(s->error);
	speak_result_clear(&s->result);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

/* Every piece has a place of its own in the scratch file, which is sparse. */
static uint64_t part_offset(const struct speaking *s, size_t piece)
{
	return (uint64_t)s->parts[piece].same_as * PURCHASE_MAX_AUDIO;
}

/* About how much audio there will be, if it is WAV and slow. */
static uint64_t expected_bytes(const struct speaking *s)
{
	return (uint64_t)s->script.characters * BYTES_A_CHARACTER;
}

/* ---- the plan ---- */

/* The pieces as the ledger takes them: with fresh ids for segments that are missing. What is
 * unique comes first, by which statements are ordered (db_shared.c). */
static char *pieces_json(const struct script *script)
{
	cleanup(cleanup_json) struct json_object *pieces = json_object_new_array();
	for (size_t i = 0; i < script->count; i++) {
		char id[ID_SIZE];
		struct json_object *piece = json_object_new_object();
		js_set_string(piece, "hash", script->pieces[i].hash);
		js_set_int(piece, "n", (int64_t)i + 1);
		js_set_string(piece, "id", id_new(id));
		js_set_string(piece, "text", script->pieces[i].text);
		js_set_int(piece, "characters", (int64_t)script->pieces[i].characters);
		json_object_array_add(pieces, piece);
	}
	return js_text(pieces);
}

static char *hashes_json(const struct script *script)
{
	cleanup(cleanup_json) struct json_object *hashes = json_object_new_array();
	for (size_t i = 0; i < script->count; i++)
		json_object_array_add(hashes, json_object_new_string(script->pieces[i].hash));
	return js_text(hashes);
}

static struct err *find_segments(struct db *db, void *arg)
{
	struct speaking *s = arg;
	const struct speak *speak = s->speak;
	const struct segment_terms terms = {
		.provider = speak->provider->service->name,
		.voice = speak->request.voice,
		.model = provider_model(speak->provider, &speak->request),
		.format = audio_extension(speak->request.format),
		.profile_id = speak->profile_id,
	};
	if (speak->fresh) {
		cleanup(cleanup_free) char *hashes = hashes_json(&s->script);
		TRY(segment_supersede(db, &speak->owner, hashes));
	}
	cleanup(cleanup_free) char *pieces = pieces_json(&s->script);
	struct segment_plan plan = { 0 };
	TRY(segment_plan(db, &speak->owner, &terms, &speak->step, pieces, &plan));
	s->segments = plan.segments;
	s->budgeted = plan.budgeted;
	return NULL;
}

static int by_segment(const void *a, const void *b, void *segments)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct segment *s = segments;
	int order = strcmp(s[i].id, s[j].id);
	return order ? order : (i > j) - (i < j);
}

/* Finds the pieces that are the same segment: a refrain is bought once. */
static void find_repeats(struct speaking *s)
{
	size_t n = s->script.count;
	cleanup(cleanup_free) size_t *order = mem_alloc(n * sizeof(*order));
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_segment, s->segments);
	for (size_t i = 0; i < n; i++) {
		bool repeats =
			i > 0 && !strcmp(s->segments[order[i]].id, s->segments[order[i - 1]].id);
		s->parts[order[i]].same_as = repeats ? s->parts[order[i - 1]].same_as : order[i];
		s->begun[order[i]] = repeats;
		s->done += repeats;
	}
}

/* Reserves what is to be bought of the user's budget. */
static struct err *reserve(struct speaking *s)
{
	const struct speak *speak = s->speak;
	struct usage_wish wish = {
		.user_id = speak->owner.user_id,
		.run_id = speak->owner.run_id,
		.node_id = speak->step.node_id,
		.iteration = speak->step.iteration,
	};
	for (size_t i = 0; i < s->script.count; i++)
		if (s->parts[i].same_as == i && !s->segments[i].stored)
			wish.characters += (int64_t)s->script.pieces[i].characters;
	if (wish.characters == 0 || !s->budgeted)
		return NULL;
	struct db *db = speak->services->db;
	struct err *e = usage_reserve(db, &wish, s->reservation);
	s->own.owner.reservation = *s->reservation ? s->reservation : NULL;
	return e;
}

/* Gives back what was not needed; what stays behind expires by itself. */
static void settle(const struct speaking *s)
{
	const struct segment_owner *owner = &s->speak->owner;
	const struct segment *taken = s->segments && s->segments[0].taken ? s->segments : NULL;
	if (!*s->reservation && !taken)
		return;
	struct db *db = s->speak->services->db;
	if (*s->reservation)
		err_free(usage_settle(db, owner->user_id, s->reservation));
	if (taken)
		err_free(segment_release(db, owner, taken->id, false));
}

static struct err *plan(struct speaking *s)
{
	const struct speak *speak = s->speak;
	if (speak->provider->learn)
		speak->provider->learn(speak->http, speak->services->conf, speak->key,
				       &speak->request);
	TRY(script_write(speak->provider, speak->services->conf, &speak->request,
			 speak->request.text, speak->pause, &s->script));
	s->parts = mem_alloc(s->script.count * sizeof(*s->parts));
	s->begun = mem_alloc(s->script.count * sizeof(*s->begun));
	struct db *db = speak->services->db;
	TRY(speak->fresh ? db_transaction(db, find_segments, s) : find_segments(db, s));
	find_repeats(s);
	TRY(reserve(s));
	return scratch_open_for(expected_bytes(s), &s->pieces_fd);
}

/* ---- the threads; what begins with `pick` to `record` is called with the lock held ---- */

/* The next piece from *from on that is stored, or is not, and has not been begun. */
static bool find_piece(struct speaking *s, size_t *from, bool stored)
{
	while (*from < s->script.count && (s->begun[*from] || s->segments[*from].stored != stored))
		++*from;
	return *from < s->script.count;
}

/* Picks a piece; false where there is none to be done, or no sense in it. */
static bool pick(struct speaking *s, size_t *ret, bool *ret_buys)
{
	while (!s->error && !stop_is_due(s->speak->request.stop)) {
		bool missing = find_piece(s, &s->next_missing, false);
		*ret_buys = missing && s->buying < s->limit;
		if (*ret_buys)
			*ret = s->next_missing;
		else if (find_piece(s, &s->next_stored, true))
			*ret = s->next_stored;
		else if (missing)
			pthread_cond_wait(&s->changed, &s->lock);
		else
			return false;
		if (*ret_buys || s->next_stored < s->script.count) {
			s->begun[*ret] = true;
			s->buying += *ret_buys;
			return true;
		}
	}
	return false;
}

static void *work_on_thread(void *arg);

/* Starts a further thread while there is more to do than there are threads for it. */
static void call_for_help(struct speaking *s)
{
	int wanted = s->limit > FETCHERS ? s->limit : FETCHERS;
	if (wanted > MAX_THREADS)
		wanted = MAX_THREADS;
	bool more = find_piece(s, &s->next_stored, true) ||
		    (s->buying < s->limit && find_piece(s, &s->next_missing, false));
	if (!more || s->started + 1 >= wanted)
		return;
	if (thread_start(&s->threads[s->started], work_on_thread, s))
		s->started++;
}

/* Adds a text to a list of at most `most` that has none twice. */
static void add_once(struct json_object **list, const char *text, size_t most)
{
	size_t n = *list ? json_object_array_length(*list) : 0;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(*list, i)), text))
			return;
	if (!*list)
		*list = json_object_new_array();
	if (n < most)
		json_object_array_add(*list, json_object_new_string(text));
}

static void record_speech(struct speaking *s, const struct tts_result *speech)
{
	struct speak_result *result = &s->result;
	size_t notes = speech->notes ? json_object_array_length(speech->notes) : 0;
	for (size_t i = 0; i < notes; i++)
		add_once(&result->notes,
			 json_object_get_string(json_object_array_get_idx(speech->notes, i)),
			 MAX_NOTES);
	if (speech->request_id)
		add_once(&result->request_ids, speech->request_id, MAX_IDS);
	if (speech->billed_characters > 0)
		result->provider_characters =
			speech->billed_characters +
			(result->provider_characters > 0 ? result->provider_characters : 0);
	if (speech->parallel > 0)
		s->limit = speech->parallel < MAX_THREADS ? speech->parallel : MAX_THREADS;
}

static void record(struct speaking *s, size_t piece, struct purchase_result *bought, struct err *e)
{
	if (e && !s->error)
		s->error = e;
	else if (e)
		err_free(e);
	if (e)
		return;
	s->parts[piece].length = bought->length;
	s->done++;
	record_speech(s, &bought->tts);
}

static void do_piece(struct speaking *s, struct http *http, size_t piece, bool buys)
{
	const struct script *script = &s->script;
	const struct purchase p = {
		.speak = s->speak,
		.http = http,
		.piece = &script->pieces[piece],
		.previous = piece > 0 ? &script->pieces[piece - 1] : NULL,
		.next = piece + 1 < script->count ? &script->pieces[piece + 1] : NULL,
		.segment = &s->segments[piece],
		.held = &s->parts[piece].held,
		.fd = s->pieces_fd,
		.offset = part_offset(s, piece),
	};
	cleanup(purchase_result_clear) struct purchase_result bought = { 0 };
	struct err *e = purchase(&p, &bought);
	e = err_wrap(e, "segment %zu of %zu", piece + 1, script->count);
	pthread_mutex_lock(&s->lock);
	record(s, piece, &bought, e);
	s->buying -= buys;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static void work(struct speaking *s, struct http *http)
{
	size_t piece = 0;
	bool buys = false;
	pthread_mutex_lock(&s->lock);
	while (pick(s, &piece, &buys)) {
		call_for_help(s);
		pthread_mutex_unlock(&s->lock);
		do_piece(s, http, piece, buys);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
}

static void *work_on_thread(void *arg)
{
	cleanup(cleanup_http) struct http *http = http_new();
	work(arg, http);
	return NULL;
}

/* ---- meanwhile: reports progress, and holds on to what is taken ---- */

/* Holds on to what is taken, and to the reservation; the next time makes good one that fails. */
static void hold(const struct speaking *s)
{
	cleanup(cleanup_json) struct json_object *ids = json_object_new_array();
	for (size_t i = 0; i < s->script.count; i++)
		if (atomic_load(&s->parts[i].held))
			json_object_array_add(ids, json_object_new_string(s->segments[i].id));
	cleanup(cleanup_free) char *text = js_text(ids);
	struct db *db = s->speak->services->db;
	err_free(segment_hold(db, &s->speak->owner, text));
}

/* Of a single piece there is nothing to tell before it is there. */
static void tell(struct speaking *s, size_t done)
{
	if (s->speak->progress && s->script.count > 1)
		s->speak->progress(s->speak->progress_arg, (int)done, (int)s->script.count);
	s->told = done;
}

static void tick(void *arg)
{
	struct speaking *s = arg;
	int64_t now = clock_monotonic_ms();
	if (now - s->held_ms >= HOLD_MS) {
		hold(s);
		s->held_ms = now;
	}
	pthread_mutex_lock(&s->lock);
	size_t done = s->done;
	pthread_mutex_unlock(&s->lock);
	if (done != s->told)
		tell(s, done);
}

static struct err *get_pieces(struct speaking *s)
{
	struct ticking ticking = { .tick = tick, .arg = s };
	s->held_ms = clock_monotonic_ms();
	s->told = SIZE_MAX;
	if (!ticker_add(s->speak->services->ticker, &ticking))
		return err_new(ERR_UNAVAILABLE, "The server has no room for another thread");
	work(s, s->speak->http);
	for (int i = 0; i < s->started; i++) /* none is started any more */
		pthread_join(s->threads[i], NULL);
	ticker_remove(s->speak->services->ticker, &ticking);
	tell(s, s->done);
	if (s->error)
		return take(s->error);
	if (s->done < s->script.count)
		return err_new(ERR_CANCELLED, "The speech of %s was cancelled",
			       s->speak->provider->service->title);
	return NULL;
}

/* ---- the audio ---- */

/* Joins the pieces, and writes where each begins. */
static struct err *join_pieces(struct speaking *s, struct json_object *starts, struct buf *captions)
{
	const struct speak *speak = s->speak;
	cleanup(cleanup_join) struct join *join = join_new(speak->request.format, s->audio_fd);
	int number = 0;
	captions_begin(captions, speak->captions);
	for (size_t i = 0; i < s->script.count; i++) {
		double start = join_position_sec(join);
		const struct segment *segment = &s->segments[s->parts[i].same_as];
		struct audio_source part = source_file(s->pieces_fd, part_offset(s, i),
						       s->parts[s->parts[i].same_as].length);
		struct err *e = join_add(join, &part);
		source_clear(&part);
		TRY(e);
		const struct captioned spoken = {
			.text = s->script.pieces[i].text,
			.start_sec = start,
			.duration_sec = join_position_sec(join) - start,
			.alignment = segment->alignment,
		};
		json_object_array_add(starts, json_object_new_double(start));
		if (speak->captions != CAPTIONS_NONE)
			captions_add(captions, speak->captions, &spoken, &number);
		join_pause(join, s->script.pieces[i].pause);
	}
	return join_finish(join, &s->result.info);
}

static struct err *put_captions(struct speaking *s, struct buf *captions)
{
	const struct speak *speak = s->speak;
	if (speak->captions == CAPTIONS_NONE)
		return NULL;
	if (captions->too_big)
		return err_new(ERR_TOO_LARGE, "The captions are too long");
	s->result.captions_key = mem_printf("voice-output/%s/%s.%s", speak->owner.user_id,
					    speak->file_name, captions_extension(speak->captions));
	const struct s3_body body = { .bytes = captions->data, .len = captions->len };
	return s3_put(speak->services->s3, speak->http, s->result.captions_key,
		      captions_content_type(speak->captions), &body, speak->request.stop);
}

static struct err *write_starts(const struct speaking *s, struct json_object *starts)
{
	if (!s->speak->step.execution_id || s->script.count == 1)
		return NULL;
	cleanup(cleanup_free) char *text = js_text(starts);
	return segment_starts(s->speak->services->db, &s->speak->step, text);
}

static struct err *make_audio(struct speaking *s)
{
	const struct speak *speak = s->speak;
	cleanup(cleanup_json) struct json_object *starts = json_object_new_array();
	cleanup(buf_clear) struct buf captions = BUF(MAX_CAPTIONS);
	TRY(scratch_open_for(expected_bytes(s), &s->audio_fd));
	TRY(join_pieces(s, starts, &captions));
	if (!isnan(speak->loudness))
		TRY(loudness_normalize(s->audio_fd, &s->result.info, speak->loudness,
				       &s->result.loudness));
	const struct audio_info *info = &s->result.info;
	const struct http_file file = { .fd = s->audio_fd,
					.length = info->data_offset + info->data_length };
	const struct s3_body body = { .file = &file };
	s->result.audio_key = mem_printf("voice-output/%s/%s.%s", speak->owner.user_id,
					 speak->file_name, audio_extension(speak->request.format));
	TRY(s3_put(speak->services->s3, speak->http, s->result.audio_key,
		   audio_content_type(speak->request.format), &body, speak->request.stop));
	TRY(put_captions(s, &captions));
	return write_starts(s, starts);
}

/* Adds up what was bought by this run, earlier tries of it included. */
static void count(struct speaking *s)
{
	struct speak_result *r = &s->result;
	r->model = mem_strdup(provider_model(s->speak->provider, &s->speak->request));
	r->segments = s->script.count;
	r->characters = s->script.characters;
	for (size_t i = 0; i < s->script.count; i++) {
		bool bought = s->parts[i].same_as == i &&
			      !strcasecmp(s->segments[i].run_id, s->speak->owner.run_id);
		r->cached_segments += !bought;
		*(bought ? &r->billed : &r->cached) += s->script.pieces[i].characters;
	}
}

static struct err *count_cached(const struct speaking *s)
{
	const struct speak *speak = s->speak;
	if (s->result.cached == 0)
		return NULL;
	return usage_count_cached(speak->services->db, speak->owner.user_id,
				  speak->provider->service->name, speak->profile_id,
				  (int64_t)s->result.cached);
}

struct err *speak_text(const struct speak *speak, struct speak_result *ret)
{
	cleanup(speaking_clear) struct speaking s = {
		.own = *speak,
		.pieces_fd = -1,
		.audio_fd = -1,
		.limit = speak->provider->parallel,
		.result.provider_characters = -1,
	};
	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.changed, NULL);
	s.speak = &s.own;
	struct err *e = plan(&s);
	if (!e)
		e = get_pieces(&s);
	settle(&s);
	TRY(e);
	TRY(make_audio(&s));
	count(&s);
	TRY(count_cached(&s));
	*ret = s.result;
	s.result = (struct speak_result){ 0 };
	return NULL;
}
