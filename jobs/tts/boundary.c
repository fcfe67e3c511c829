#include "jobs/tts/boundary.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <unictype.h>
#include <unigbrk.h>

enum {
	MAX_MARKUP = 200,  /* bytes of a tag or instruction */
	MAX_ENTITY = 12,   /* of an entity */
	MAX_WORD = 24,     /* bytes of the longest abbreviation, and some more */
	MAX_SHORT = 2,     /* digits of a number that a full stop makes an ordinal or a list's */
	LOOK_AHEAD = 64,   /* bytes behind a cut that can belong to the grapheme before it */
	MAX_CLOSERS = 100, /* quotes and brackets behind one mark */
};

enum class {
	CLASS_OTHER,
	CLASS_SPACE,
	CLASS_LINE,   /* the end of one */
	CLASS_CLOSER, /* quotes and brackets that close */
	CLASS_STOP,   /* ends a sentence before a space */
	CLASS_END,    /* ends a sentence, also without a space behind it */
	CLASS_COMMA,  /* ends a clause before a space */
	CLASS_DASH,   /* ends a clause, also without a space behind it */
};

static const uint8_t ascii[128] = {
	['\t'] = CLASS_SPACE, [' '] = CLASS_SPACE,  ['\n'] = CLASS_LINE,  ['\v'] = CLASS_LINE,
	['\f'] = CLASS_LINE,  ['\r'] = CLASS_LINE,  ['"'] = CLASS_CLOSER, ['\''] = CLASS_CLOSER,
	[')'] = CLASS_CLOSER, [']'] = CLASS_CLOSER, ['}'] = CLASS_CLOSER, ['.'] = CLASS_STOP,
	['!'] = CLASS_STOP,   ['?'] = CLASS_STOP,   [','] = CLASS_COMMA,  [';'] = CLASS_COMMA,
	[':'] = CLASS_COMMA,
};

/*
 * Beyond ASCII, in rising order (Unicode's PropList: White_Space, Sentence_Terminal and Terminal_
 * Punctuation; the quotes of Final_Punctuation). U+00A0 and U+202F are spaces that keep together.
 */
static const struct {
	uint16_t first, last;
	uint8_t class;
} others[] = {
	{ 0x0085, 0x0085, CLASS_LINE },   { 0x00bb, 0x00bb, CLASS_CLOSER },
	{ 0x037e, 0x037e, CLASS_STOP },   { 0x0387, 0x0387, CLASS_COMMA },
	{ 0x0589, 0x0589, CLASS_END },    { 0x05c3, 0x05c3, CLASS_END },
	{ 0x060c, 0x060c, CLASS_DASH },   { 0x061b, 0x061b, CLASS_DASH },
	{ 0x061d, 0x061f, CLASS_END },    { 0x06d4, 0x06d4, CLASS_END },
	{ 0x0700, 0x0702, CLASS_END },    { 0x0964, 0x0965, CLASS_END },
	{ 0x0e5a, 0x0e5b, CLASS_END },    { 0x0f0d, 0x0f0e, CLASS_END },
	{ 0x104a, 0x104a, CLASS_DASH },   { 0x104b, 0x104b, CLASS_END },
	{ 0x1361, 0x1361, CLASS_SPACE },  { 0x1362, 0x1362, CLASS_END },
	{ 0x1363, 0x1366, CLASS_DASH },   { 0x1367, 0x1368, CLASS_END },
	{ 0x1680, 0x1680, CLASS_SPACE },  { 0x17d4, 0x17d5, CLASS_END },
	{ 0x1803, 0x1803, CLASS_END },    { 0x2000, 0x2006, CLASS_SPACE },
	{ 0x2008, 0x200b, CLASS_SPACE },  { 0x2013, 0x2013, CLASS_COMMA },
	{ 0x2014, 0x2015, CLASS_DASH },   { 0x2019, 0x2019, CLASS_CLOSER },
	{ 0x201d, 0x201d, CLASS_CLOSER }, { 0x2026, 0x2026, CLASS_STOP },
	{ 0x2028, 0x2029, CLASS_LINE },   { 0x203a, 0x203a, CLASS_CLOSER },
	{ 0x203c, 0x203d, CLASS_END },    { 0x2047, 0x2049, CLASS_END },
	{ 0x205f, 0x205f, CLASS_SPACE },  { 0x3000, 0x3000, CLASS_SPACE },
	{ 0x3001, 0x3001, CLASS_DASH },   { 0x3002, 0x3002, CLASS_END },
	{ 0x3009, 0x3009, CLASS_CLOSER }, { 0x300b, 0x300b, CLASS_CLOSER },
	{ 0x300d, 0x300d, CLASS_CLOSER }, { 0x300f, 0x300f, CLASS_CLOSER },
	{ 0x3011, 0x3011, CLASS_CLOSER }, { 0x3015, 0x3015, CLASS_CLOSER },
	{ 0xff01, 0xff01, CLASS_END },    { 0xff09, 0xff09, CLASS_CLOSER },
	{ 0xff0c, 0xff0c, CLASS_DASH },   { 0xff0e, 0xff0e, CLASS_END },
	{ 0xff1a, 0xff1b, CLASS_DASH },   { 0xff1f, 0xff1f, CLASS_END },
	{ 0xff3d, 0xff3d, CLASS_CLOSER }, { 0xff5d, 0xff5d, CLASS_CLOSER },
	{ 0xff61, 0xff61, CLASS_END },    { 0xff63, 0xff63, CLASS_CLOSER },
	{ 0xff64, 0xff64, CLASS_DASH },
};

/* What a full stop ends without ending a sentence, in small letters. */
static const char *const abbreviations[] = {
	"abs", "adm", "al",   "apr",  "approx", "art", "aug", "ave", "bd",   "betr", "bspw",
	"bzw", "ca",  "cap",  "capt", "cf",     "co",  "col", "dec", "dept", "dr",   "dra",
	"e.g", "ed",  "etc",  "evtl", "feb",    "fig", "gen", "ggf", "gov",  "hon",  "hr",
	"i.e", "inc", "inkl", "jan",  "jr",     "jul", "jun", "lt",  "ltd",  "maj",  "max",
	"mio", "min", "mlle", "mme",  "mr",     "mrd", "mrs", "ms",  "mt",   "nov",  "nr",
	"oct", "okt", "p.ej", "pp",   "prof",   "pvt", "rev", "s.a", "sen",  "sep",  "sept",
	"sgt", "sog", "sr",   "sra",  "st",     "str", "tel", "u.a", "u.s",  "univ", "usw",
	"vgl", "vol", "vs",   "z.b",  "zzgl",
};

static enum class class_of(uint32_t c) {
	if (c < 128) return ascii[c];
	if (c > 0xffff || (c > 0x3015 && c < 0xff01)) return CLASS_OTHER;
	size_t low = 0, high = sizeof(others) / sizeof(*others);
	while (low < high){ size_t middle = (low + high) / 2;
			    if (c > others[middle].last) low = middle + 1; else high = middle; }
return low < sizeof(others) / sizeof(*others) && c >= others[low].first ? others[low].class
									: CLASS_OTHER;
}

/* The character at `at`, of text that is known to be valid. */
static uint32_t character_at(const char *text, size_t at)
{
	const uint8_t *p = (const uint8_t *)text + at;
	if (p[0] < 0x80)
		return p[0];
	if (p[0] < 0xe0)
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	if (p[0] < 0xf0)
		return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	return (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

/* Where the character before `at` begins. */
static size_t before(const char *text, size_t at)
{
	do
		at--;
	while (at > 0 && ((uint8_t)text[at] & 0xc0) == 0x80);
	return at;
}

static enum class class_before(const char *text, size_t at) {
	return at == 0 ? CLASS_OTHER : class_of(character_at(text, before(text, at)));
}

static bool is_word_byte(char c)
{
	uint8_t b = (uint8_t)c;
	return b >= 0x80 || (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') ||
	       (b >= 'a' && b <= 'z') || b == '.';
}

static bool is_abbreviation(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(abbreviations) / sizeof(*abbreviations); i++)
		if (strlen(abbreviations[i]) == len && !strncasecmp(word, abbreviations[i], len))
			return true;
	return false;
}

/* True for "J", "É", the last letter of "U.S.A", and numbers like the 3 of "am 3. Mai". */
static bool is_initial_or_ordinal(const char *word, size_t len)
{
	const char *dot = memrchr(word, '.', len);
	if (dot) {
		len -= (size_t)(dot + 1 - word);
		word = dot + 1;
	}
	if (len == 0)
		return false;
	size_t digits = strspn(word, "0123456789");
	if (digits >= len)
		return len <= MAX_SHORT;
	uint32_t c = character_at(word, 0);
	return before(word, len) == 0 && uc_is_upper(c);
}

/* True where the full stop at `at` belongs to the word before it. */
static bool is_part_of_word(const char *text, size_t at)
{
	size_t start = at;
	while (start > 0 && at - start <= MAX_WORD && is_word_byte(text[start - 1]))
		start--;
	size_t len = at - start;
	if (len == 0 || len > MAX_WORD)
		return false;
	return is_abbreviation(text + start, len) || is_initial_or_ordinal(text + start, len);
}

/* True where the mark that ends at `end` ends a sentence, if `next` is what comes after spaces. */
static bool ends_sentence(const char *text, size_t end, uint32_t next)
{
	if (next < 128 ? next >= 'a' && next <= 'z' : uc_is_lower(next))
		return false;
	return text[end - 1] != '.' || !is_part_of_word(text, end - 1);
}

/* Skips the spaces before `at`; *ret_line tells whether a line ends among them. */
static size_t skip_spaces(const char *text, size_t at, bool *ret_line)
{
	for (enum class c; at > 0; at = before(text, at)) {
		c = class_before(text, at);
		if (c != CLASS_SPACE && c != CLASS_LINE)
			break;
		*ret_line |= c == CLASS_LINE;
	}
	return at;
}

/* True where a grapheme may begin with `c` after a space or a mark (UAX #29, GB9 and GB9a). */
static bool begins_grapheme(uint32_t c)
{
	if (c < 0x300)
		return true;
	int property = uc_graphemeclusterbreak_property(c);
	return property != GBP_EXTEND && property != GBP_ZWJ && property != GBP_SPACINGMARK;
}

enum boundary boundary_at(const char *text, size_t len, size_t at)
{
	enum class last = class_before(text, at);
	if (at >= len || last == CLASS_OTHER || last == CLASS_STOP || last == CLASS_COMMA)
		return BOUNDARY_NONE;
	uint32_t next = character_at(text, at);
	enum class after = class_of(next);
	if ((after != CLASS_OTHER && next != '"' && next != '\'') || !begins_grapheme(next))
		return BOUNDARY_NONE;

	bool line = false;
	size_t end = skip_spaces(text, at, &line);
	bool spaced = end < at;
	if (!spaced && after != CLASS_OTHER)
		return BOUNDARY_NONE;
	size_t mark = end;
	for (int i = 0; i < MAX_CLOSERS && class_before(text, mark) == CLASS_CLOSER; i++)
		mark = before(text, mark);
	switch (class_before(text, mark)) {
	case CLASS_END:
		return BOUNDARY_SENTENCE;
	case CLASS_STOP:
		if (spaced && ends_sentence(text, mark, next))
			return BOUNDARY_SENTENCE;
		break;
	case CLASS_COMMA:
		if (spaced)
			return BOUNDARY_CLAUSE;
		break;
	case CLASS_DASH:
		return BOUNDARY_CLAUSE;
	case CLASS_OTHER:
	case CLASS_SPACE:
	case CLASS_LINE:
	case CLASS_CLOSER:
		break;
	}
	return line ? BOUNDARY_CLAUSE : spaced ? BOUNDARY_WORD : BOUNDARY_NONE;
}

/* True where `at` is behind an `open` and before a `close`, with no line's end in between. */
static bool is_between(const char *text, size_t len, size_t at, char open, char close)
{
	size_t low = at > MAX_MARKUP ? at - MAX_MARKUP : 0;
	size_t high = len - at > MAX_MARKUP ? at + MAX_MARKUP : len;
	const char *begin = memrchr(text + low, open, at - low);
	if (!begin || memchr(begin, close, (size_t)(text + at - begin)))
		return false;
	const char *end = memchr(text + at, close, high - at);
	if (!end || memchr(begin, '\n', (size_t)(end - begin)))
		return false;
	/* "a < b" opens nothing */
	return begin[1] == '/' || (uint8_t)begin[1] >= 0x80 || (begin[1] >= 'A' && begin[1] <= 'z');
}

static bool is_in_entity(const char *text, size_t len, size_t at)
{
	static const char inner[] =
		"#0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t low = at > MAX_ENTITY ? at - MAX_ENTITY : 0;
	const char *begin = memrchr(text + low, '&', at - low);
	for (const char *p = begin ? begin + 1 : NULL; p && p < text + len; p++) {
		if (*p == ';')
			return p >= text + at && p > begin + 1;
		if (!*p || !strchr(inner, *p) || p - begin > MAX_ENTITY)
			return false;
	}
	return false;
}

bool boundary_is_inside_markup(const char *text, size_t len, size_t at)
{
	return is_between(text, len, at, '<', '>') || is_between(text, len, at, '[', ']') ||
	       is_in_entity(text, len, at);
}

size_t boundary_last_grapheme(const char *text, size_t len, size_t most)
{
	size_t shown = len - most > LOOK_AHEAD ? most + LOOK_AHEAD : len;
	while (shown < len && ((uint8_t)text[shown] & 0xc0) == 0x80)
		shown++;
	cleanup(cleanup_free) char *breaks = mem_alloc(shown);
	u8_grapheme_breaks((const uint8_t *)text, shown, breaks);
	for (size_t at = most; at > 0; at--)
		if (breaks[at])
			return at;
	return 0;
}
