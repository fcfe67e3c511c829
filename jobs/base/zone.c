#include "jobs/base/zone.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/date.h"
#include "jobs/base/mem.h"
#include "jobs/base/zone_rule.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	MAX_NAME = 64,
	MAX_FILE = 256 * 1024,
	HEAD_SIZE = 44, /* RFC 8536, 3.1 */
	TYPE_SIZE = 6,  /* of a local time type: offset, daylight saving, abbreviation */
	V1_TIME = 4,    /* bytes of a time in the first data block, and in the second */
	V2_TIME = 8,
	MAX_OFFSET = 26 * 3600,
};

struct change {
	int64_t at;
	int offset; /* from then on */
};

struct zone {
	int first; /* the offset before the first change */
	size_t count;
	struct change *changes; /* in order of time */
	struct zone_rule rule;  /* from the last change on */
};

/* A file's bytes that are still to be read; `bad` once more were asked for than there are. */
struct reader {
	const uint8_t *next;
	size_t left;
	bool bad;
};

static const uint8_t *take_bytes(struct reader *r, size_t len)
{
	static const uint8_t nothing[HEAD_SIZE];
	if (len > r->left) {
		r->bad = true;
		return nothing; /* asked for a head or a number at most */
	}
	const uint8_t *bytes = r->next;
	r->next += len;
	r->left -= len;
	return bytes;
}

static void skip(struct reader *r, size_t len)
{
	if (len > r->left)
		r->bad = true;
	else
		take_bytes(r, len);
}

/* A signed number of `size` bytes, the highest first. */
static int64_t number(const uint8_t *bytes, int size)
{
	uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
	for (int i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

/* The counts of a header, in the order of the file. */
struct head {
	char version;
	size_t utc_flags, standard_flags, leaps, times, types, characters;
};

static struct head read_head(struct reader *r)
{
	const uint8_t *b = take_bytes(r, HEAD_SIZE);
	size_t counts[6];
	r->bad |= memcmp(b, "TZif", 4) != 0;
	for (int i = 0; i < 6; i++) {
		int64_t count = number(b + 20 + (size_t)4 * (size_t)i, 4);
		r->bad |= count < 0 || count > MAX_FILE;
		counts[i] = r->bad ? 0 : (size_t)count;
	}
	return (struct head){ (char)b[4], counts[0], counts[1], counts[2],
			      counts[3],  counts[4], counts[5] };
}

/* The size of a data block, whose times have `size` bytes. */
static size_t block_size(const struct head *h, size_t size)
{
	return h->times * (size + 1) + h->types * TYPE_SIZE + h->characters +
	       h->leaps * (size + 4) + h->standard_flags + h->utc_flags;
}

static struct err *damaged(const char *name)
{
	return err_new(ERR_INTERNAL, "the file of the time zone %s is damaged", name);
}

/* The 64-bit block: `times` instants, as many indexes of types, then the types. */
static bool read_changes(const struct head *h, const uint8_t *block, struct zone *z)
{
	const uint8_t *indexes = block + h->times * V2_TIME, *types = indexes + h->times;
	if (h->types == 0)
		return false;
	z->first = (int)number(types, 4);
	z->changes = mem_alloc((h->times + 1) * sizeof(*z->changes));
	for (size_t i = 0; i < h->times; i++) {
		if (indexes[i] >= h->types)
			return false;
		z->changes[i] =
			(struct change){ number(block + i * V2_TIME, V2_TIME),
					 (int)number(types + (size_t)indexes[i] * TYPE_SIZE, 4) };
		if ((i > 0 && z->changes[i].at <= z->changes[i - 1].at) ||
		    abs(z->changes[i].offset) > MAX_OFFSET)
			return false;
	}
	z->count = h->times;
	return abs(z->first) <= MAX_OFFSET;
}

/* The line behind the last block; an empty one means that the last offset stays. */
static bool read_footer(struct reader *r, struct zone *z)
{
	const uint8_t *end = r->left > 1 ? memchr(r->next + 1, '\n', r->left - 1) : NULL;
	if (!end || *r->next != '\n')
		return false;
	cleanup(cleanup_free) char *text =
		mem_strndup((const char *)r->next + 1, (size_t)(end - r->next) - 1);
	if (*text)
		return zone_rule_parse(text, &z->rule);
	z->rule = zone_rule_fixed(z->count > 0 ? z->changes[z->count - 1].offset : z->first);
	return true;
}

static struct err *parse(const char *name, struct reader *r, struct zone *z)
{
	struct head head = read_head(r);
	if (r->bad)
		return err_new(ERR_INVALID, "There is no time zone \"%s\"", name);
	if (head.version < '2')
		return damaged(name);
	skip(r, block_size(&head, V1_TIME));
	head = read_head(r);
	if (head.leaps > 0)
		return err_new(ERR_INVALID, "The time zone %s counts leap seconds; use UTC's",
			       name);
	const uint8_t *block = r->next;
	skip(r, block_size(&head, V2_TIME));
	if (r->bad || !read_changes(&head, block, z) || !read_footer(r, z))
		return damaged(name);
	return NULL;
}

/* Parts of letters, digits, '_', '+' and '-' with a slash between each two: no path leads out. */
static bool is_name(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_+-";
	if (strlen(name) > MAX_NAME)
		return false;
	for (;;) {
		size_t len = strspn(name, allowed);
		if (len == 0 || (name[len] && name[len] != '/'))
			return false;
		if (!name[len])
			return true;
		name += len + 1;
	}
}

/* The bytes of the zone's file, which the caller frees; NULL where there is no such file. */
static uint8_t *read_file(const char *name, size_t *ret_len)
{
	char path[MAX_NAME + 32];
	struct stat st;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	FILE *file = fopen(path, "rbe");
	if (!file)
		return NULL;
	uint8_t *bytes = NULL;
	if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode)) {
		bytes = mem_alloc(MAX_FILE);
		*ret_len = fread(bytes, 1, MAX_FILE, file);
	}
	fclose(file);
	return bytes;
}

struct err *zone_open(const char *name, struct zone **ret)
{
	size_t len = 0;
	cleanup(cleanup_free) uint8_t *bytes = is_name(name) ? read_file(name, &len) : NULL;
	if (!bytes)
		return err_new(ERR_INVALID,
			       "There is no time zone \"%.64s\"; use a name like Europe/Berlin",
			       name);
	cleanup(cleanup_zone) struct zone *z = mem_alloc(sizeof(*z));
	struct reader reader = { .next = bytes, .left = len };
	TRY(parse(name, &reader, z));
	*ret = take(z);
	return NULL;
}

void zone_free(struct zone *z)
{
	if (z)
		free(z->changes);
	free(z);
}

/* How many of the changes are not after `t`. */
static size_t changes_until(const struct zone *z, int64_t t)
{
	size_t low = 0, high = z->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (z->changes[middle].at <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The span of the listed changes that comes before change `i` (or, with i == count, after all). */
static struct zone_span listed_span(const struct zone *z, size_t i)
{
	const struct change *c = z->changes;
	return (struct zone_span){
		.begin = i > 0 ? c[i - 1].at : INT64_MIN,
		.end = i < z->count ? c[i].at : INT64_MAX,
		.offset = i > 0 ? c[i - 1].offset : z->first,
		.before = i > 1 ? c[i - 2].offset : z->first,
	};
}

struct zone_span zone_span(const struct zone *z, int64_t t)
{
	size_t i = changes_until(z, t);
	struct zone_span listed = listed_span(z, i);
	if (i < z->count)
		return listed;
	struct zone_span ruled = zone_rule_span(&z->rule, t);
	if (ruled.begin > listed.begin)
		return ruled;
	listed.end =
		ruled.end; /* the rule has not changed anything yet since the last listed one */
	return listed;
}
