/*
 * Speaks, clones and deletes voices for tests/jobs/tts.test.js: one JSON request a line on stdin,
 * one JSON answer a line on stdout. SIGUSR1 cancels the request in hand.
 *
 * { action: "synthesize" | "clone" | "delete", provider, baseUrl, key, region, voice, retryMs,
 *   timeoutS, text, language, format, stability, similarityBoost, speakingRate,     to synthesize
 *   name, files: [path] }                                                           to clone
 * -> { ok: true, … } or { ok: false, kind, message, retryAfter }
 */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/synthesize.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 8 };

static atomic_bool cancelled;

static const char *const kinds[ERR_KINDS] = {
	[ERR_INVALID] = "invalid",           [ERR_UNAUTHORIZED] = "unauthorized",
	[ERR_FORBIDDEN] = "forbidden",       [ERR_NOT_FOUND] = "not-found",
	[ERR_CONFLICT] = "conflict",         [ERR_OUTDATED] = "outdated",
	[ERR_TOO_LARGE] = "too-large",       [ERR_MEDIA_TYPE] = "media-type",
	[ERR_RATE_LIMITED] = "rate-limited", [ERR_UPSTREAM] = "upstream",
	[ERR_REFUSED] = "refused",           [ERR_UNAVAILABLE] = "unavailable",
	[ERR_CANCELLED] = "cancelled",       [ERR_INTERNAL] = "internal",
};

/* What every action needs. */
struct call {
	struct json_object *in;
	struct http *http;
	struct conf conf;
	struct service_key key;
	const struct provider *provider;
};

static void on_cancel(int sig)
{
	(void)sig;
	atomic_store(&cancelled, true);
}

static const char *text_or(struct json_object *o, const char *name, const char *fallback)
{
	const char *text = js_string(o, name);
	return text ? text : fallback;
}

static struct err *run_synthesize(const struct call *call, struct json_object *out)
{
	const struct tts_request request = {
		.text = text_or(call->in, "text", ""),
		.voice = text_or(call->in, "voice", ""),
		.language = text_or(call->in, "language", "en"),
		.format = strcmp(text_or(call->in, "format", "mp3"), "wav") != 0 ? AUDIO_MP3
										 : AUDIO_WAV,
		.stability = js_number(call->in, "stability", NAN),
		.similarity_boost = js_number(call->in, "similarityBoost", NAN),
		.speaking_rate = js_number(call->in, "speakingRate", NAN),
		.stop = &(const struct stop){ .asked = &cancelled },
	};
	cleanup(tts_result_clear) struct tts_result result = { 0 };
	const struct services services = { .conf = &call->conf, .gate = gate_new(&call->conf) };
	struct err *e =
		synthesize(&services, call->http, call->provider, &call->key, &request, &result);
	gate_free(services.gate);
	TRY(e);
	js_set_string(out, "format", audio_extension(result.info.format));
	js_set_int(out, "bytes", (int64_t)result.audio_len);
	js_set_int(out, "rate", result.info.rate);
	js_set_double(out, "durationSec", result.info.duration_sec);
	js_set_string(out, "model", result.model);
	js_set_string(out, "requestId", result.request_id);
	js_set_int(out, "billedCharacters", result.billed_characters);
	js_set(out, "notes", json_object_get(result.notes));
	return NULL;
}

static struct tts_sample open_sample(const char *path)
{
	struct stat st = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		abort();
	return (struct tts_sample){ .file = { .fd = fd, .length = (uint64_t)st.st_size },
				    .filename = "sample.wav",
				    .content_type = "audio/wav" };
}

static struct err *run_clone(const struct call *call, struct json_object *out)
{
	struct tts_sample samples[MAX_FILES];
	struct json_object *files = js_get(call->in, "files");
	const struct tts_clone clone = { .name = text_or(call->in, "name", ""),
					 .samples = samples,
					 .count = json_object_array_length(files) };
	if (clone.count > MAX_FILES)
		abort();
	for (size_t i = 0; i < clone.count; i++)
		samples[i] =
			open_sample(json_object_get_string(json_object_array_get_idx(files, i)));
	cleanup(cleanup_free) char *voice = NULL;
	bool pending = false;
	struct err *e = call->provider->clone(call->http, &call->conf, &call->key, &clone, &voice,
					      &pending);
	for (size_t i = 0; i < clone.count; i++)
		close(samples[i].file.fd);
	js_set_string(out, "voice", voice);
	js_set_bool(out, "pending", pending);
	return e;
}

static struct err *run_delete(const struct call *call, struct json_object *out)
{
	(void)out;
	return call->provider->delete_voice(call->http, &call->conf, &call->key,
					    text_or(call->in, "voice", ""));
}

static const struct {
	const char *name;
	struct err *(*run)(const struct call *call, struct json_object *out);
} actions[] = {
	{ "synthesize", run_synthesize },
	{ "clone", run_clone },
	{ "delete", run_delete },
};

static struct err *run(struct http *http, struct json_object *in, struct json_object *out)
{
	const char *url = text_or(in, "baseUrl", "");
	const struct call call = {
		.in = in,
		.http = http,
		.conf = { .redis_url = "",
			  .elevenlabs_base_url = url,
			  .azure_base_url = url,
			  .azure_region = "eastus",
			  .provider_retry_ms = (int)js_number(in, "retryMs", 1),
			  .provider_timeout_s = (int)js_number(in, "timeoutS", 30) },
		.key = { .secret = text_or(in, "key", ""), .region = js_string(in, "region") },
		.provider = provider_find(text_or(in, "provider", "")),
	};
	const char *wanted = text_or(in, "action", "synthesize");
	for (size_t i = 0; call.provider && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].name, wanted))
			return actions[i].run(&call, out);
	return err_new(ERR_INTERNAL, "The test asked for no known provider or action");
}

static void answer(struct http *http, const char *line, size_t len)
{
	cleanup(cleanup_json) struct json_object *in = NULL;
	cleanup(cleanup_json) struct json_object *out = json_object_new_object();
	cleanup(cleanup_err) struct err *e = js_parse(line, len, &in);
	atomic_store(&cancelled, false);
	if (!e)
		e = run(http, in, out);
	js_set_bool(out, "ok", !e);
	if (e) {
		js_set_string(out, "kind", kinds[err_kind(e)]);
		js_set_string(out, "message", err_message(e));
		js_set_int(out, "retryAfter", err_retry_after(e));
	}
	cleanup(cleanup_free) char *text = js_text(out);
	puts(text);
	fflush(stdout);
}

int main(void)
{
	const struct sigaction cancel = { .sa_handler = on_cancel, .sa_flags = SA_RESTART };
	sigaction(SIGUSR1, &cancel, NULL);
	signal(SIGPIPE, SIG_IGN);
	http_init();
	js_init();
	cleanup(cleanup_http) struct http *http = http_new();
	cleanup(cleanup_free) char *line = NULL;
	size_t room = 0;
	for (ssize_t len; (len = getline(&line, &room, stdin)) > 0;)
		answer(http, line, (size_t)len - (line[len - 1] == '\n'));
	return 0;
}
