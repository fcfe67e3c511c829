#include "jobs/audio/quality.h"

#include "jobs/audio/decode.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	WINDOWS_A_SECOND = 50, /* silence is looked for in steps of 20 ms */
	CLIPPED_RUN = 3,       /* samples at full scale in a row that are no coincidence */
	MAX_CHANNELS = 32,
	MAX_SENTENCE = 300,
	LOW_RATE = 16000, /* Hz; below, consonants are missing */
};
static const double SILENT_POWER = 1e-5; /* mean square: -50 dB */
static const double FULL = 0.9995, FULL_8_BIT = 0.99;

/* ElevenLabs advises one or two minutes at -23 to -18 dB RMS, and no more than three. */
static const double SHORT_SEC = 10, LONG_SEC = 180, QUIET_DB = -30, LOUD_DB = -10;
static const double LONG_SILENCE_SEC = 1;

/* Squares summed over samples of all channels. */
struct power {
	double squares;
	uint64_t samples;
};

/* A recording on its way through. Positions are in samples of one channel. */
struct meter {
	double full, peak;
	struct power all, sound, window;
	uint64_t frames, window_start, sound_start, sound_end;
	uint64_t clipped;
	int run[MAX_CHANNELS]; /* samples at full scale in a row */
};

static void count_clipping(struct meter *m, int channel, double magnitude)
{
	int *run = &m->run[channel % MAX_CHANNELS];
	*run = magnitude < m->full ? 0 : *run + 1;
	if (*run == CLIPPED_RUN)
		m->clipped += CLIPPED_RUN;
	else if (*run > CLIPPED_RUN)
		m->clipped++;
}

static void add_power(struct power *to, const struct power *more)
{
	to->squares += more->squares;
	to->samples += more->samples;
}

/* Decides whether the last window was silent, and begins the next. */
static void close_window(struct meter *m)
{
	const struct power *w = &m->window;
	if (w->samples > 0 && w->squares / (double)w->samples > SILENT_POWER) {
		if (m->sound.samples == 0)
			m->sound_start = m->window_start;
		m->sound_end = m->frames;
		add_power(&m->sound, w);
	}
	add_power(&m->all, w);
	m->window = (struct power){ 0 };
	m->window_start = m->frames;
}

static void add_block(struct meter *m, const struct audio_block *block)
{
	uint64_t window = block->rate / WINDOWS_A_SECOND + 1;
	const float *p = block->samples;
	for (size_t i = 0; i < block->frames; i++) {
		for (int c = 0; c < block->channels; c++, p++) {
			double magnitude = fabs((double)*p);
			m->peak = fmax(m->peak, magnitude);
			m->window.squares += magnitude * magnitude;
			count_clipping(m, c, magnitude);
		}
		m->window.samples += block->channels;
		m->frames++;
		if (m->frames - m->window_start >= window)
			close_window(m);
	}
}

static double decibels(double amplitude)
{
	return amplitude > 0 ? 20 * log10(amplitude) : -INFINITY;
}

static double level(const struct power *p)
{
	return p->samples > 0 ? decibels(sqrt(p->squares / (double)p->samples)) : -INFINITY;
}

static void conclude(const struct meter *m, struct quality *q)
{
	double rate = q->info.rate;
	bool silent = m->sound.samples == 0, whole = m->frames < (uint64_t)(rate * QUALITY_MAX_SEC);
	q->measured_sec = (double)m->frames / rate;
	q->peak_db = decibels(m->peak);
	q->rms_db = level(&m->all);
	q->sound_db = level(&m->sound);
	q->clipped = m->clipped;
	q->leading_sec = silent ? q->measured_sec : (double)m->sound_start / rate;
	q->trailing_sec = silent  ? q->measured_sec
			  : whole ? (double)(m->frames - m->sound_end) / rate
				  : 0;
}

struct err *quality_measure(struct audio_source *s, const struct audio_info *info,
			    struct quality *ret)
{
	cleanup(cleanup_decoder) struct decoder *d = NULL;
	TRY(decoder_new(s, info->format, &d));
	struct meter m = { .full = info->bits == 8 ? FULL_8_BIT : FULL };
	struct audio_block block;
	uint64_t most = (uint64_t)info->rate * QUALITY_MAX_SEC;
	while (m.frames < most && decoder_next(d, &block))
		add_block(&m, &block);
	close_window(&m);
	TRY(source_check(s));
	if (m.frames == 0)
		return err_new(ERR_INVALID, "The audio cannot be decoded.");
	*ret = (struct quality){ .info = *info };
	conclude(&m, ret);
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void advise(struct json_object *list, const char *fmt,
							 ...)
{
	char sentence[MAX_SENTENCE];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	if (json_object_array_add(list, json_object_new_string(sentence)) != 0)
		abort();
}

static void judge_length(const struct quality *q, struct json_object *advice)
{
	double seconds = q->info.duration_sec;
	if (seconds < SHORT_SEC)
		advise(advice,
		       "It is too short, %.1f seconds: one to two minutes of speech make a good "
		       "voice.",
		       seconds);
	else if (seconds > LONG_SEC)
		advise(advice,
		       "It is long, %.1f minutes: one to two minutes are enough, and more than "
		       "three can make the voice worse.",
		       seconds / 60);
}

static void judge_level(const struct quality *q, struct json_object *advice)
{
	if (q->sound_db < QUIET_DB)
		advise(advice,
		       "It is too quiet, %.0f dB on average: come closer to the microphone or "
		       "raise the recording level, to about -20 dB.",
		       q->sound_db);
	else if (q->sound_db > LOUD_DB)
		advise(advice,
		       "It is too loud, %.0f dB on average: lower the recording level, to about "
		       "-20 dB.",
		       q->sound_db);
	if (q->clipped > 0)
		advise(advice,
		       "It is clipped: %llu samples are cut off at full level, which sounds "
		       "distorted. Lower the recording level and record it again.",
		       (unsigned long long)q->clipped);
}

static void judge_silence(const struct quality *q, struct json_object *advice)
{
	if (q->leading_sec > LONG_SILENCE_SEC)
		advise(advice, "It begins with a long silence, %.1f seconds: cut that off.",
		       q->leading_sec);
	if (q->trailing_sec > LONG_SILENCE_SEC)
		advise(advice, "It ends with a long silence, %.1f seconds: cut that off.",
		       q->trailing_sec);
}

static struct json_object *advice_of(const struct quality *q, bool for_training)
{
	struct json_object *advice = json_object_new_array();
	if (for_training)
		judge_length(q, advice);
	if (isinf(q->sound_db)) {
		advise(advice, "It is silent: nothing can be heard in it. Check the microphone.");
	} else {
		judge_level(q, advice);
		judge_silence(q, advice);
	}
	if (q->info.rate < LOW_RATE)
		advise(advice,
		       "Its sample rate is low, %u Hz: record at 44,100 Hz, or at least 16,000.",
		       q->info.rate);
	if (q->info.truncated)
		advise(advice, "Its end is missing: the file was cut off. Upload it again.");
	if (q->measured_sec + 1 < q->info.duration_sec)
		advise(advice, "Only its first %.0f minutes were looked at.", q->measured_sec / 60);
	return advice;
}

/* To the hundredth, as what lies behind it says nothing; nothing at all for digital silence. */
static void set_level(struct json_object *o, const char *key, double value)
{
	if (isinf(value))
		js_set(o, key, NULL);
	else
		js_set_double(o, key, round(value * 100) / 100);
}

struct json_object *quality_json(const struct quality *q, bool for_training)
{
	struct json_object *o = json_object_new_object();
	js_set_string(o, "format", audio_extension(q->info.format));
	js_set_int(o, "sampleRate", q->info.rate);
	js_set_int(o, "channels", q->info.channels);
	js_set_double(o, "durationSec", q->info.duration_sec);
	set_level(o, "peakDb", q->peak_db);
	set_level(o, "rmsDb", q->rms_db);
	js_set_int(o, "clippedSamples", (int64_t)q->clipped);
	js_set_double(o, "leadingSilenceSec", round(q->leading_sec * 1000) / 1000);
	js_set_double(o, "trailingSilenceSec", round(q->trailing_sec * 1000) / 1000);
	js_set(o, "advice", advice_of(q, for_training));
	return o;
}
