#include "jobs/tts/script.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/split.h"
#include "jobs/tts/ssml.h"
#include "jobs/tts/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Changes where the same text would be spoken in another way by a new version of ours. */
static const char HASH_VERSION[] = "1";

void script_clear(struct script *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->pieces[i].text);
	free(s->pieces);
	*s = (struct script){ 0 };
}

/* Adds a text and its end, so that no two lists of texts give the same bytes. */
static void hash_text(struct digest *d, const char *text)
{
	digest_add(d, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void hash_number(struct digest *d, double number)
{
	char text[32] = "";
	if (!isnan(number))
		snprintf(text, sizeof(text), "%.6g", number);
	hash_text(d, text);
}

static void hash_piece(const struct provider *provider, const struct conf *conf,
		       const struct tts_request *whole, struct piece *piece)
{
	struct tts_request reduced = *whole, *request = &reduced;
	if (provider->reduce)
		provider->reduce(request);
	uint8_t bytes[DIGEST_SIZE];
	const char *const *address =
		(const char *const *)((const char *)conf + provider->base_url_offset);
	struct digest *d = digest_new();
	hash_text(d, HASH_VERSION);
	hash_text(d, provider->service->name);
	hash_text(d, *address);
	hash_text(d, request->voice);
	hash_text(d, provider_model(provider, request));
	hash_text(d, request->language);
	hash_text(d, audio_extension(request->format));
	hash_number(d, request->stability);
	hash_number(d, request->similarity_boost);
	hash_number(d, request->speaking_rate);
	hash_text(d, piece->text);
	if (request->ssml)
		hash_text(d, "ssml");
	digest_finish(d, bytes);
	digest_hex(bytes, piece->hash);
}

/* A copy of text[0..len] without the space at its ends, ASCII's and U+3000. */
static char *trimmed(const char *text, size_t len)
{
	static const char blank[] = " \t\r\n\v\f";
	for (;;) {
		size_t n = len > 0 && *text && strchr(blank, *text) ? 1 : 0;
		if (len >= 3 && !memcmp(text, "\u3000", 3))
			n = 3;
		if (n == 0)
			break;
		text += n;
		len -= n;
	}
	for (;;) {
		size_t n = len > 0 && strchr(blank, text[len - 1]) ? 1 : 0;
		if (len >= 3 && !memcmp(text + len - 3, "\u3000", 3))
			n = 3;
		if (n == 0)
			break;
		len -= n;
	}
	return mem_strndup(text, len);
}

static void add(struct script *s, char *text, bool ends_paragraph, double pause)
{
	if ((s->count & (s->count + 1)) == 0) /* room for 1, 3, 7, … pieces */
		s->pieces = mem_resize(s->pieces, 2 * s->count + 1, sizeof(*s->pieces));
	size_t characters = utf8_length(text);
	s->pieces[s->count++] = (struct piece){
		.text = text,
		.characters = characters,
		.ends_paragraph = ends_paragraph,
		.pause = pause,
	};
	s->characters += characters;
}

/* An element that is to be sent as it is. */
static struct err *add_ssml(const struct provider *provider, const struct tts_request *request,
			    const char *text, struct script *ret)
{
	static const char opening[] = "<speak", closing[] = "</speak>";
	if (!provider->takes_ssml)
		return err_new(ERR_INVALID,
			       "%s takes no SSML: switch SSML off in the node's settings, or "
			       "choose a voice of Azure",
			       provider->service->title);
	cleanup(cleanup_free) char *element = trimmed(text, strlen(text));
	size_t length = strlen(element);
	if (length < strlen(closing) || strncmp(element, opening, strlen(opening)) != 0 ||
	    strcmp(element + length - strlen(closing), closing) != 0)
		return err_new(ERR_INVALID, "The text is said to be SSML: it has to begin with "
					    "<speak and to end with </speak>");
	struct tts_request plain = *request;
	if (provider->reduce)
		provider->reduce(&plain); /* the settings that SSML leaves aside */
	plain.ssml = false;
	cleanup(cleanup_free) char *said = ssml_text(element);
	size_t count = utf8_length(said), most = provider->max_characters(&plain);
	if (count > most)
		return err_new(ERR_INVALID,
			       "The SSML says %zu characters; %s takes at most %zu in one request. "
			       "Split it over several nodes.",
			       count, provider->service->title, most);
	/* a recording, or what stands for a sign, may speak too */
	if (text_is_speakable(said) || strstr(element, "<audio") || strstr(element, "alias="))
		add(ret, take(element), true, 0);
	return NULL;
}

static void add_pieces(const struct provider *provider, const struct tts_request *request,
		       const char *text, double pause, struct script *ret)
{
	const struct split_limits limits = { provider->usual_characters,
					     provider->max_characters(request) };
	struct split split = split_start(text, limits);
	struct split_piece part;
	while (split_next(&split, &part)) {
		cleanup(cleanup_free) char *spoken = trimmed(text + part.offset, part.length);
		double after = part.ends_paragraph ? pause : 0;
		if (text_is_speakable(spoken))
			add(ret, take(spoken), part.ends_paragraph, after);
		else if (ret->count > 0)
			ret->pieces[ret->count - 1].pause += after;
	}
}

struct err *script_write(const struct provider *provider, const struct conf *conf,
			 const struct tts_request *request, const char *text, double pause,
			 struct script *ret)
{
	cleanup(script_clear) struct script script = { 0 };
	if (request->ssml)
		TRY(add_ssml(provider, request, text, &script));
	else
		add_pieces(provider, request, text, pause, &script);
	if (script.count == 0)
		return err_new(ERR_INVALID, "There is nothing to speak in the text: it has no "
					    "letter or digit.");
	script.pieces[script.count - 1].pause = 0;
	for (size_t i = 0; i < script.count; i++)
		hash_piece(provider, conf, request, &script.pieces[i]);
	*ret = script;
	script = (struct script){ 0 };
	return NULL;
}
