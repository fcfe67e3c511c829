#include "jobs/tts/provider.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NOTE = 300 };

static const struct provider *const providers[] = { &elevenlabs_provider, &azure_provider,
						    &openai_provider };

const char *provider_model(const struct provider *provider, const struct tts_request *request)
{
	return provider->model && request->model ? request->model : provider->model;
}

const struct provider *provider_find(const char *name)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (!strcmp(providers[i]->service->name, name))
			return providers[i];
	return NULL;
}

void tts_result_clear(struct tts_result *r)
{
	free(r->audio);
	free(r->model);
	free(r->request_id);
	free(r->alignment);
	json_object_put(r->notes);
	*r = (struct tts_result){ 0 };
}

void tts_note(struct tts_result *r, const char *fmt, ...)
{
	char note[MAX_NOTE];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(note, sizeof(note), fmt, ap);
	va_end(ap);
	if (!r->notes)
		r->notes = json_object_new_array();
	if (json_object_array_add(r->notes, json_object_new_string(note)) != 0)
		abort();
}

void tts_note_missing(struct tts_result *r, const char *title, const char *setting, double value)
{
	if (!isnan(value))
		tts_note(r, "%s has no %s; %g was left out", title, setting, value);
}

double tts_limited(const struct tts_range *range, double value)
{
	return isnan(value) ? value : fmin(fmax(value, range->min), range->max);
}

double tts_clamp(struct tts_result *r, const char *title, const struct tts_range *range,
		 double value)
{
	double used = tts_limited(range, value);
	if (isnan(value) || used == value)
		return value;
	tts_note(r, "%s %g is %s than %s allows; used %g", range->setting, value,
		 value > used ? "more" : "less", title, used);
	return used;
}

void tts_add_voice(struct json_object *list, const struct tts_voice *voice)
{
	struct json_object *o = json_object_new_object();
	js_set_string(o, "id", voice->id);
	js_set_string(o, "name", voice->name ? voice->name : voice->id);
	js_set_string(o, "language", voice->language);
	js_set_string(o, "category", voice->category);
	js_set_string(o, "description", voice->description);
	js_set_string(o, "previewUrl", voice->preview_url);
	if (json_object_array_add(list, o) != 0)
		abort();
}
