#include "jobs/base/utf8.h"

#include <string.h>

/* Lead bytes by sequence length: their fixed bits, the mask of those, the least code point. */
static const struct {
	uint8_t mask, bits;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

size_t utf8_next(const char *s, size_t len, uint32_t *ret_cp)
{
	uint8_t lead = (uint8_t)s[0];
	size_t n = 0;
	while (n < 4 && (lead & forms[n].mask) != forms[n].bits)
		n++;
	if (n == 4 || n >= len)
		return 0;
	uint32_t cp = lead & (uint8_t)~forms[n].mask;
	for (size_t i = 1; i <= n; i++) {
		if (((uint8_t)s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | ((uint8_t)s[i] & 0x3f);
	}
	if (cp < forms[n].least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret_cp = cp;
	return n + 1;
}

bool utf8_is_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = utf8_next(s + i, len - i, &cp);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t utf8_length(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}

void utf8_repair(char *s)
{
	char *to = s;
	for (size_t left = strlen(s); left > 0;) {
		uint32_t cp;
		size_t n = utf8_next(s, left, &cp);
		memmove(to, s, n);
		to += n;
		s += n ? n : 1;
		left -= n ? n : 1;
	}
	*to = '\0';
}
