#include "jobs/tts/ssml.h"

#include "jobs/base/cleanup.h"
#include "jobs/tts/text.h"

#include <stddef.h>
#include <string.h>

enum {
	LONGEST_ENTITY = 6, /* &quot; */
	MARKUP = 1024,      /* bytes of the document that are not the user's */
};

static const struct {
	char character;
	const char *entity;
} entities[] = {
	{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&apos;" },
};

static const char *entity_of(char c)
{
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (entities[i].character == c)
			return entities[i].entity;
	return NULL;
}

void ssml_escape(struct buf *b, const char *text)
{
	cleanup(cleanup_free) char *clean = text_clean(text);
	for (const char *c = clean; *c; c++) {
		const char *entity = entity_of(*c);
		if (entity)
			buf_adds(b, entity);
		else
			buf_add(b, c, 1);
	}
}

/* Adds `<name attribute="value">` with the value escaped. */
static void open_tag(struct buf *b, const char *name, const char *attribute, const char *value)
{
	buf_addf(b, "<%s %s=\"", name, attribute);
	ssml_escape(b, value);
	buf_adds(b, "\">");
}

/* A multiplier as SSML's signed percentage: 1.25 is +25%. */
static void add_spoken(struct buf *b, const struct ssml *ssml)
{
	bool own_pace = ssml->rate == 1;
	if (!own_pace)
		buf_addf(b, "<prosody rate=\"%+g%%\">", (ssml->rate - 1) * 100);
	ssml_escape(b, ssml->text);
	if (!own_pace)
		buf_adds(b, "</prosody>");
}

char *ssml_text(const char *document)
{
	struct buf said = BUF(strlen(document) + 1);
	for (const char *tag; *document; document = tag) {
		size_t length = strcspn(document, "<");
		buf_add(&said, document, length);
		tag = strchr(document + length, '>');
		tag = tag ? tag + 1 : document + strlen(document);
	}
	return buf_take(&said);
}

char *ssml_build(const struct ssml *ssml)
{
	size_t from_user = strlen(ssml->text) + strlen(ssml->voice) + strlen(ssml->language) +
			   (ssml->speaker_profile ? strlen(ssml->speaker_profile) : 0);
	struct buf b = BUF(from_user * LONGEST_ENTITY + MARKUP);
	buf_adds(&b, "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\""
		     " xmlns:mstts=\"http://www.w3.org/2001/mstts\" xml:lang=\"");
	ssml_escape(&b, ssml->language);
	buf_adds(&b, "\">");
	open_tag(&b, "voice", "name", ssml->voice);
	if (ssml->speaker_profile)
		open_tag(&b, "mstts:ttsembedding", "speakerProfileId", ssml->speaker_profile);
	add_spoken(&b, ssml);
	if (ssml->speaker_profile)
		buf_adds(&b, "</mstts:ttsembedding>");
	buf_adds(&b, "</voice></speak>");
	return buf_take(&b);
}
