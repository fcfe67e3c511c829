/* /v1: OpenAI's speech API, so that programs made for it speak in the user's voices. */
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/audio/audio.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/base/scratch.h"
#include "jobs/model/voice_profile.h"
#include "jobs/nodes/node.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* OpenAI's own range of speeds (API reference, "Create speech"). */
static const double MIN_SPEED = 0.25, MAX_SPEED = 4;
enum { MAX_INPUT = 10000 }; /* what a request has the time for; more is a workflow's work */

/* What is to be spoken; owned but for the format. */
struct speech_order {
	char *input, *voice, *profile_id;
	const char *format;
	double speed; /* NAN where it was not set */
};

static void order_clear(struct speech_order *o)
{
	free(o->input);
	free(o->voice);
	free(o->profile_id);
}

static double read_speed(struct validation *v)
{
	struct json_object *value = js_get(v->body, "speed");
	double speed = js_number(v->body, "speed", NAN);
	if (value && !(speed >= MIN_SPEED && speed <= MAX_SPEED))
		validate_fault(v, "speed", "Speed must be a number from %g to %g", MIN_SPEED,
			       MAX_SPEED);
	return speed;
}

static struct err *read_order(struct json_object *body, struct speech_order *ret)
{
	static const struct text_rule input = {
		.field = "input", .label = "Input", .required = true, .min = 1, .max = MAX_INPUT
	};
	static const struct text_rule voice = { .field = "voice",
						.label = "Voice",
						.required = true,
						.trim = true,
						.min = 1,
						.max = 200 };
	static const char *const formats[] = { "mp3", "wav" }, *const streams[] = { "audio" };
	cleanup(cleanup_validation) struct validation v = VALIDATION(body);
	ret->input = validate_text(&v, &input);
	ret->voice = validate_text(&v, &voice);
	ret->format = validate_word(&v, "response_format", "Response format", false, formats, 2);
	ret->speed = read_speed(&v);
	validate_word(&v, "stream_format", "Stream format", false, streams, 1);
	return faults_error(&v.faults, "%s");
}

static struct err *find_profile(struct app *app, const char *user_id, struct speech_order *order)
{
	TRY(voice_profile_named(app->db, user_id, order->voice, &order->profile_id));
	if (!order->profile_id)
		return err_new(ERR_INVALID,
			       "You have no voice profile with the id or name \"%.80s\"; GET "
			       "/v1/audio/voices lists those that can speak",
			       order->voice);
	return NULL;
}

/* Speaks as the node voice.tts does; the caller owns the node's output. */
static struct err *speak(struct app *app, const struct request *request,
			 const struct speech_order *order, struct json_object **ret_output)
{
	char run_id[ID_SIZE];
	const struct node_type *type = node_type_find("voice.tts");
	const struct stop stop = { .deadline_ms = clock_monotonic_ms() + REQUEST_MAX_MS };
	cleanup(cleanup_json) struct json_object *config = json_object_new_object();
	cleanup(cleanup_json) struct json_object *inputs = json_object_new_object();
	js_set_string(config, "voiceProfileId", order->profile_id);
	js_set_string(config, "format", order->format ? order->format : "mp3");
	if (!isnan(order->speed))
		js_set_double(config, "speakingRate", order->speed);
	/* As an input: a template in it is text like any other. */
	js_set_string(inputs, "input", order->input);
	struct node_run run = {
		.services = &app->services,
		.http = app->http,
		.user_id = request->user_id,
		.run_id = id_new(run_id),
		.node_id = type->name,
		.type = type->name,
		.file_name = run_id,
		.config = config,
		.inputs = inputs,
		.stop = &stop,
	};
	struct err *e = response_blame_provider(type->run(&run, ret_output));
	json_object_put(run.cost);
	json_object_put(run.notes);
	return e;
}

/* Fetches the audio into the response's file. */
static struct err *fetch(struct app *app, const char *key, const char *format,
			 struct response *response)
{
	TRY(scratch_open(&response->file));
	response->file_type =
		audio_content_type(format && !strcmp(format, "wav") ? AUDIO_WAV : AUDIO_MP3);
	const struct http_file file = { .fd = response->file, .length = INT64_MAX };
	return s3_get(app->services.s3, app->http, key, &file, &response->file_size);
}

struct err *openai_speech(struct app *app, struct request *request, struct response *response)
{
	cleanup(order_clear) struct speech_order order = { 0 };
	cleanup(cleanup_json) struct json_object *output = NULL;
	TRY(read_order(request->body, &order));
	TRY(find_profile(app, request->user_id, &order));
	TRY(speak(app, request, &order, &output));
	const char *key = js_string(output, "audioKey");
	struct err *e = fetch(app, key, order.format, response);
	/* Nothing names the whole; its segments stay in the ledger. */
	cleanup(cleanup_err) struct err *left = s3_delete(app->services.s3, app->http, key);
	if (left)
		log_warn("%s stays in the storage: %s", key, err_message(left));
	return e;
}

struct err *openai_voices(struct app *app, struct request *request, struct response *response)
{
	return voice_profile_speaking(app->db, request->user_id, &response->body);
}

/* One model, under the name that clients ask for unless they are told another. */
struct err *openai_models(struct app *app, struct request *request, struct response *response)
{
	(void)app, (void)request;
	response_json(response, 200,
		      mem_strdup("{\"object\":\"list\",\"data\":[{\"id\":\"tts-1\",\"object\":"
				 "\"model\",\"created\":0,\"owned_by\":\"voiceover\"}]}"));
	return NULL;
}
