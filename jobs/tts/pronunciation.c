#include "jobs/tts/pronunciation.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/tts/boundary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>

struct entry {
	const char *word, *replacement; /* borrowed */
	size_t len;
	bool any_case;
};

/* Letters, marks and digits make words. */
static bool is_word(uint32_t cp)
{
	return uc_is_general_category(cp, UC_LETTER) || uc_is_general_category(cp, UC_MARK) ||
	       uc_is_general_category(cp, UC_NUMBER);
}

/* Of a script that has no spaces between its words. */
static bool runs_on(uint32_t cp)
{
	static const char *const scripts[] = { "Han", "Hiragana", "Katakana", "Thai",
					       "Lao", "Khmer",    "Myanmar" };
	const uc_script_t *script = uc_script(cp);
	for (size_t i = 0; script && i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (!strcmp(script->name, scripts[i]))
			return true;
	return false;
}

/* True where no word goes on from `before` to `after`; 0 stands for an end of the text. */
static bool is_edge(uint32_t before, uint32_t after)
{
	if (after && uc_is_general_category(after, UC_MARK))
		return false;
	if (!before || !after || !is_word(before) || !is_word(after))
		return true;
	return runs_on(before) || runs_on(after);
}

static bool is_small(const char *word)
{
	uint32_t cp;
	for (size_t left = strlen(word), n; left > 0; word += n, left -= n) {
		n = utf8_next(word, left, &cp);
		if (n == 0 || uc_tolower(cp) != cp)
			return false;
	}
	return true;
}

/* Longest first. */
static int by_length(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return x->len < y->len ? 1 : x->len > y->len ? -1 : strcmp(x->word, y->word);
}

static size_t load(struct json_object *list, struct entry *ret)
{
	size_t count = 0, length = json_object_array_length(list);
	for (size_t i = 0; i < length; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *word = js_string(o, "word"), *replacement = js_string(o, "replacement");
		if (word && *word && replacement)
			ret[count++] =
				(struct entry){ word, replacement, strlen(word), is_small(word) };
	}
	qsort(ret, count, sizeof(*ret), by_length);
	return count;
}

/* Bytes of `text` that the entry fits, whole words only; 0 where it does not fit. */
static size_t fits(const struct entry *e, const char *text, size_t left)
{
	uint32_t want, got = 0;
	size_t at = 0, n;
	for (size_t i = 0; i < e->len; i += n) {
		n = utf8_next(e->word + i, e->len - i, &want);
		size_t m = at < left ? utf8_next(text + at, left - at, &got) : 0;
		if (n == 0 || m == 0 || (got != want && !(e->any_case && uc_tolower(got) == want)))
			return 0;
		at += m;
	}
	uint32_t after = 0;
	if (at < left)
		utf8_next(text + at, left - at, &after);
	return is_edge(got, after) ? at : 0;
}

/* The first entry that fits; NULL where none does. */
static const struct entry *find(const struct entry *entries, size_t count, const char *text,
				size_t left, size_t *ret_len)
{
	for (size_t i = 0; i < count; i++) {
		*ret_len = fits(&entries[i], text, left);
		if (*ret_len > 0)
			return &entries[i];
	}
	return NULL;
}

char *pronunciation_apply(struct json_object *list, const char *text, size_t *ret_count)
{
	size_t len = strlen(text), length = list ? json_object_array_length(list) : 0, n = 0;
	cleanup(cleanup_free) struct entry *entries = mem_alloc((length + 1) * sizeof(*entries));
	size_t count = length ? load(list, entries) : 0;
	struct buf out = BUF(SIZE_MAX / 2);
	uint32_t before = 0, cp = 0;
	*ret_count = 0;
	for (size_t at = 0; at < len; at += n) {
		size_t step = utf8_next(text + at, len - at, &cp);
		const struct entry *e =
			is_edge(before, cp) ? find(entries, count, text + at, len - at, &n) : NULL;
		if (e && (at == 0 || !boundary_is_inside_markup(text, len, at))) {
			buf_adds(&out, e->replacement);
			++*ret_count;
			cp = 0; /* the match ended where a word does */
		} else {
			n = step ? step : 1;
			buf_add(&out, text + at, n);
		}
		before = cp;
	}
	return buf_take(&out);
}
