#include "jobs/tts/text.h"

#include "jobs/base/buf.h"
#include "jobs/base/utf8.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST_DIRECTION = 40 };

/* Blocks beyond ASCII that hold no letters or digits (Unicode's Blocks.txt), in rising order. */
static const struct {
	uint32_t first, last;
} silent[] = {
	{ 0x00ab, 0x00b4 },   /* Latin-1 punctuation and signs */
	{ 0x00b6, 0x00b9 },   /* more of them */
	{ 0x00bb, 0x00bf },   /* more of them */
	{ 0x00d7, 0x00d7 },   /* the multiplication sign */
	{ 0x00f7, 0x00f7 },   /* the division sign */
	{ 0x0300, 0x036f },   /* combining marks, which need a letter */
	{ 0x060c, 0x061f },   /* Arabic punctuation */
	{ 0x06d4, 0x06d4 },   /* the Urdu full stop */
	{ 0x0964, 0x0965 },   /* dandas */
	{ 0x2000, 0x20ff },   /* punctuation, superscripts, currency, marks for symbols */
	{ 0x2190, 0x245f },   /* arrows, mathematics, technical signs, control pictures */
	{ 0x2500, 0x2bff },   /* drawing, shapes, dingbats, arrows */
	{ 0x2e00, 0x2e7f },   /* more punctuation */
	{ 0x3000, 0x3004 },   /* CJK punctuation */
	{ 0x3008, 0x3020 },   /* CJK brackets */
	{ 0x3030, 0x3030 },   /* the wavy dash */
	{ 0x303d, 0x303f },   /* more CJK signs */
	{ 0x30fb, 0x30fb },   /* the katakana middle dot */
	{ 0xe000, 0xf8ff },   /* private use */
	{ 0xfe00, 0xfe6f },   /* variation selectors, vertical and small punctuation */
	{ 0xfeff, 0xff0f },   /* the byte order mark, full-width punctuation */
	{ 0xff1a, 0xff20 },   /* full-width punctuation */
	{ 0xff3b, 0xff40 },   /* full-width punctuation */
	{ 0xff5b, 0xff65 },   /* full-width and half-width punctuation */
	{ 0xffe0, 0xffff },   /* full-width signs, specials */
	{ 0x1f000, 0x1faff }, /* pictures, emoji */
	{ 0xe0000, 0x10ffff } /* tags, private use */
};

bool text_is_forbidden(uint32_t code_point)
{
	if (code_point < 0x20)
		return code_point != '\t' && code_point != '\n' && code_point != '\r';
	return (code_point >= 0x7f && code_point < 0xa0) || code_point == 0xfffe ||
	       code_point == 0xffff;
}

char *text_clean(const char *text)
{
	size_t len = strlen(text);
	struct buf clean = BUF(len + 1);
	uint32_t code_point;
	for (size_t i = 0, n; i < len && (n = utf8_next(text + i, len - i, &code_point)); i += n)
		buf_add(&clean, text_is_forbidden(code_point) ? " " : text + i,
			text_is_forbidden(code_point) ? 1 : n);
	return buf_take(&clean);
}

static bool is_speakable(uint32_t code_point)
{
	if (code_point < 0x80)
		return isalnum((int)code_point);
	if (code_point < 0xaa)
		return false;
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (code_point >= silent[i].first && code_point <= silent[i].last)
			return false;
	return true;
}

bool text_is_speakable(const char *text)
{
	size_t len = strlen(text);
	uint32_t code_point;
	for (size_t i = 0, n; i < len && (n = utf8_next(text + i, len - i, &code_point)); i += n)
		if (is_speakable(code_point))
			return true;
	return false;
}

const char *text_direction(const char *text, size_t *ret_length)
{
	static const char inside[] = "abcdefghijklmnopqrstuvwxyz ,'-";
	for (const char *open = text; (open = strchr(open, '[')); open++) {
		size_t length = strspn(open + 1, inside);
		if (length >= 2 && length <= LONGEST_DIRECTION && open[1 + length] == ']') {
			*ret_length = length + 2;
			return open;
		}
	}
	return NULL;
}
