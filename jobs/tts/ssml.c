#include "jobs/tts/ssml.h"

#include "jobs/base/cleanup.h"
#include "jobs/tts/text.h"

#include <stdbool.h>
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

/* What stands between `opening` and `closing`, and is text or not. */
static const struct {
	const char *opening, *closing;
	bool is_text;
} spans[] = {
	{ "<!--", "-->", false },
	{ "<![CDATA[", "]]>", true },
	{ "<", ">", false },
};

/* The rest of a document behind the span that begins with it, whose text is added. */
static const char *skip_span(struct buf *said, const char *document)
{
	size_t i = 0;
	while (strncmp(document, spans[i].opening, strlen(spans[i].opening)) != 0)
		i++;
	const char *begin = document + strlen(spans[i].opening);
	const char *end = strstr(begin, spans[i].closing);
	if (spans[i].is_text)
		buf_add(said, begin, end ? (size_t)(end - begin) : strlen(begin));
	return end ? end + strlen(spans[i].closing) : begin + strlen(begin);
}

/* Makes each run of blanks one space. */
static void fold_blanks(char *text)
{
	static const char blanks[] = " \t\r\n";
	char *to = text;
	for (const char *from = text; *from; from++)
		if (!strchr(blanks, *from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
}

char *ssml_text(const char *document)
{
	struct buf said = BUF(strlen(document) + 1);
	while (*document) {
		size_t length = strcspn(document, "<");
		buf_add(&said, document, length);
		document += length;
		if (*document)
			document = skip_span(&said, document);
	}
	char *text = buf_take(&said);
	fold_blanks(text);
	return text;
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
