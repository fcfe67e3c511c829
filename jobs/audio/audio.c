#include "jobs/audio/audio.h"

#include "jobs/audio/mp3.h"
#include "jobs/audio/wav.h"
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/utf8.h"

#include <string.h>

enum {
	MAX_JUNK = SOURCE_WINDOW, /* bytes before the first frame of an MP3 */
	TEXT_SAMPLE = 256,        /* bytes that must read as text in what is taken for text */
	QUOTE_CHARS = 200,
	QUOTE_BYTES = 300,  /* the rest of an error's message is the sentence around it */
	QUOTE_SAMPLE = 800, /* bytes that are looked at for it */
	PCM_BITS = 16,
};
static const double MIN_SPEECH_SEC = 0.05, MAX_DURATION_SEC = 24 * 60 * 60;

/* What a format is called and, where it can be measured, how. */
static const struct {
	const char *name, *content_type, *extension;
	struct err *(*measure)(struct audio_source *s, struct audio_info *ret_info);
} formats[AUDIO_FORMATS] = {
	[AUDIO_UNKNOWN] = { "unknown", "application/octet-stream", "bin", NULL },
	[AUDIO_MP3] = { "MP3", "audio/mpeg", "mp3", mp3_measure },
	[AUDIO_WAV] = { "WAV", "audio/wav", "wav", wav_measure },
	[AUDIO_OGG] = { "Ogg", "audio/ogg", "ogg", NULL },
	[AUDIO_FLAC] = { "FLAC", "audio/flac", "flac", NULL },
	[AUDIO_MP4] = { "MP4", "audio/mp4", "m4a", NULL },
	[AUDIO_AAC] = { "AAC", "audio/aac", "aac", NULL },
	[AUDIO_WEBM] = { "WebM", "audio/webm", "webm", NULL },
	[AUDIO_JSON] = { "JSON", "application/json", "json", NULL },
	[AUDIO_HTML] = { "HTML or XML", "text/html", "html", NULL },
	[AUDIO_TEXT] = { "text", "text/plain", "txt", NULL },
};

/* First bytes; a `?` stands for any byte. */
static const struct {
	enum audio_format format;
	const char *pattern;
} magics[] = {
	{ AUDIO_WAV, "RIFF????WAVE" },
	{ AUDIO_OGG, "OggS" },
	{ AUDIO_FLAC, "fLaC" },
	{ AUDIO_MP4, "????ftyp" },
	{ AUDIO_WEBM, "\x1a\x45\xdf\xa3" }, /* EBML, of Matroska */
};

const char *audio_format_name(enum audio_format format)
{
	return formats[format].name;
}

const char *audio_content_type(enum audio_format format)
{
	return formats[format].content_type;
}

const char *audio_extension(enum audio_format format)
{
	return formats[format].extension;
}

static bool matches(struct audio_source *s, uint64_t offset, const char *pattern)
{
	size_t n = strlen(pattern);
	const uint8_t *p = source_at(s, offset, n);
	for (size_t i = 0; p && i < n; i++)
		if (pattern[i] != '?' && p[i] != (uint8_t)pattern[i])
			return false;
	return p;
}

/* AAC in ADTS frames (ISO/IEC 13818-7): 12 sync bits, layer 0, a length of 13 bits at bit 30. */
static size_t adts_length(const uint8_t *p)
{
	if (p[0] != 0xff || (p[1] & 0xf6) != 0xf0)
		return 0;
	return (size_t)((p[3] & 3) << 11 | p[4] << 3 | p[5] >> 5);
}

static bool is_adts_at(struct audio_source *s, uint64_t offset)
{
	enum { ADTS_HEADER = 7 };
	const uint8_t *p = source_at(s, offset, ADTS_HEADER);
	size_t length = p ? adts_length(p) : 0;
	p = length >= ADTS_HEADER ? source_at(s, offset + length, ADTS_HEADER) : NULL;
	return p && adts_length(p) > 0;
}

/* How many of the first `n` bytes are whole characters of the kind that text is made of. */
static size_t text_length(const uint8_t *bytes, size_t n)
{
	size_t i = 0;
	while (i < n) {
		uint32_t cp;
		size_t len = utf8_next((const char *)bytes + i, n - i, &cp);
		if (len == 0 || cp == 0x7f || (cp < ' ' && cp != '\t' && cp != '\n' && cp != '\r'))
			break;
		i += len;
	}
	return i;
}

static enum audio_format sniff_text(struct audio_source *s)
{
	size_t n = s->length < TEXT_SAMPLE ? (size_t)s->length : TEXT_SAMPLE;
	const uint8_t *p = n > 0 ? source_at(s, 0, n) : NULL;
	if (!p)
		return AUDIO_UNKNOWN;
	size_t cut = n == TEXT_SAMPLE ? 3 : 0; /* the sample may end inside a character */
	if (text_length(p, n) + cut < n)
		return AUDIO_UNKNOWN;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) { /* byte order mark */
		p += 3;
		n -= 3;
	}
	while (n > 0 && strchr(" \t\r\n", *p)) {
		p++;
		n--;
	}
	if (n > 0 && (*p == '{' || *p == '['))
		return AUDIO_JSON;
	return n > 0 && *p == '<' ? AUDIO_HTML : AUDIO_TEXT;
}

/* What begins right behind the tags, without a doubt: raw PCM does not look like it. */
static enum audio_format sniff_start(struct audio_source *s)
{
	uint64_t start = mp3_skip_tags(s, 0);
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (matches(s, start, magics[i].pattern))
			return magics[i].format;
	if (mp3_frame_at(s, start))
		return AUDIO_MP3;
	if (is_adts_at(s, start))
		return AUDIO_AAC;
	return sniff_text(s);
}

enum audio_format audio_sniff(struct audio_source *s)
{
	enum audio_format format = sniff_start(s);
	if (format != AUDIO_UNKNOWN)
		return format;
	uint64_t start = mp3_skip_tags(s, 0);
	uint64_t end = s->length - start < MAX_JUNK ? s->length : start + MAX_JUNK;
	for (uint64_t at = start; at < end; at++)
		if (mp3_frame_at(s, at))
			return AUDIO_MP3;
	return AUDIO_UNKNOWN;
}

static struct err *measure_as(enum audio_format format, struct audio_source *s,
			      struct audio_info *ret_info)
{
	if (format == AUDIO_UNKNOWN)
		return err_new(ERR_INVALID, "The file is neither MP3 nor WAV audio.");
	if (!formats[format].measure)
		return err_new(ERR_INVALID, "The file is %s, not MP3 or WAV audio.",
			       audio_format_name(format));
	TRY(formats[format].measure(s, ret_info));
	if (ret_info->duration_sec >= MAX_DURATION_SEC)
		return err_new(ERR_INVALID, "The audio claims to play for a day or longer.");
	return NULL;
}

struct err *audio_measure(struct audio_source *s, struct audio_info *ret_info)
{
	struct audio_info info = { 0 };
	cleanup(cleanup_err) struct err *e = measure_as(audio_sniff(s), s, &info);
	TRY(source_check(s));
	if (e)
		return take(e);
	if (info.samples == 0)
		return err_new(ERR_INVALID, "The file holds no audio.");
	*ret_info = info;
	return NULL;
}

/* The start of a text on one line, without what does not print. */
static void quote(const struct audio_bytes *bytes, struct buf *out)
{
	const char *text = (const char *)bytes->data;
	size_t n = bytes->len < QUOTE_SAMPLE ? bytes->len : QUOTE_SAMPLE;
	bool space = false;
	for (size_t i = 0, chars = 0; i < n && chars + space < QUOTE_CHARS;) {
		uint32_t cp;
		size_t len = utf8_next(text + i, n - i, &cp);
		bool prints = len > 0 && cp > ' ' && (cp < 0x7f || cp >= 0xa0) && cp != 0xfeff;
		if (prints && space && out->len > 0) {
			buf_adds(out, " ");
			chars++;
		}
		if (prints)
			buf_add(out, text + i, len);
		chars += prints;
		space = !prints;
		i += len ? len : 1;
	}
}

static struct err *not_wanted(const struct audio_bytes *bytes, enum audio_format found,
			      enum audio_format wanted)
{
	if (found == AUDIO_UNKNOWN)
		return err_new(ERR_UPSTREAM, "The provider sent %zu bytes that are no audio.",
			       bytes->len);
	if (found < AUDIO_JSON)
		return err_new(ERR_UPSTREAM, "The provider sent %s instead of %s.",
			       audio_format_name(found), audio_format_name(wanted));
	cleanup(buf_clear) struct buf text = BUF(QUOTE_BYTES);
	quote(bytes, &text);
	return err_new(ERR_UPSTREAM, "The provider sent %s instead of audio: %s",
		       audio_format_name(found), text.len ? text.data : "");
}

static struct err *silent(void)
{
	return err_new(ERR_REFUSED, "The provider sent no audio: is there anything speakable in "
				    "the text, and does the voice speak its language?");
}

struct err *audio_normalize(struct audio_bytes *bytes, enum audio_format wanted, uint32_t pcm_rate,
			    struct audio_info *ret_info)
{
	struct audio_source s = source_memory(bytes->data, bytes->len);
	if (mp3_skip_tags(&s, 0) >= s.length)
		return silent();
	if (pcm_rate > 0 && sniff_start(&s) == AUDIO_UNKNOWN) {
		TRY(wav_wrap(bytes, &(struct wav_format){ WAV_PCM, 1, PCM_BITS, pcm_rate }));
		s = source_memory(bytes->data, bytes->len);
	}
	enum audio_format found = audio_sniff(&s);
	if (found != wanted)
		return not_wanted(bytes, found, wanted);

	struct audio_info info = { 0 };
	cleanup(cleanup_err) struct err *damage = measure_as(found, &s, &info);
	if (damage)
		return err_new(ERR_UPSTREAM, "The provider sent damaged audio: %s",
			       err_message(damage));
	if (info.duration_sec < MIN_SPEECH_SEC)
		return silent();
	if (found == AUDIO_WAV) {
		TRY(wav_repair(bytes));
		info.data_offset = WAV_HEADER;
	} else if (info.truncated) {
		bytes->len = (size_t)(info.data_offset + info.data_length);
	}
	*ret_info = info;
	return NULL;
}
