#include "fcgi/multipart.h"

#include "fcgi/query.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that tell a delimiter line from content: its dashes, boundary, padding and line end. */
enum { LINE_LOOKAHEAD = 2 + MULTIPART_BOUNDARY_SIZE + 2 + MULTIPART_MAX_PADDING + 2 };

/* The headers or parameters that are wanted, and what was found of them. */
struct fields {
	const char *const *names; /* up to a NULL */
	char *values[3];
};

enum { DISPOSITION, TYPE, ENCODING };
static const char *const part_headers[] = {
	[DISPOSITION] = "Content-Disposition",
	[TYPE] = "Content-Type",
	[ENCODING] = "Content-Transfer-Encoding",
	NULL,
};

enum { NAME, FILENAME, FILENAME_EXTENDED };
static const char *const disposition_params[] = {
	[NAME] = "name",
	[FILENAME] = "filename",
	[FILENAME_EXTENDED] = "filename*",
	NULL,
};

enum { BOUNDARY };
static const char *const media_type_params[] = { [BOUNDARY] = "boundary", NULL };

static void fields_clear(struct fields *f)
{
	for (int i = 0; f->names[i]; i++)
		free(f->values[i]);
}

/* Takes over `value`; false where there is a value of that name already. */
static bool fields_keep(struct fields *f, const char *name, size_t name_len, char *value)
{
	cleanup(cleanup_free) char *owned = value;
	int i = 0;
	while (f->names[i] &&
	       (strlen(f->names[i]) != name_len || strncasecmp(f->names[i], name, name_len) != 0))
		i++;
	if (!f->names[i])
		return true;
	if (f->values[i])
		return false;
	f->values[i] = take(owned);
	return true;
}

/*
 * What stands for another character in a quoted string: MIME's own escapes, and those that
 * browsers use in names (HTML, "multipart/form-data encoding algorithm"). Any other backslash is
 * itself, since old clients send Windows paths.
 */
static const struct escape {
	const char *text;
	char meaning;
} escapes[] = {
	{ "\\\"", '"' }, { "\\\\", '\\' }, { "%22", '"' }, { "%0D", '\r' }, { "%0A", '\n' }, { 0 },
};

static const struct escape *escape_at(const char *s)
{
	const struct escape *e = escapes;
	while (e->text && strncasecmp(s, e->text, strlen(e->text)) != 0)
		e++;
	return e->text ? e : NULL;
}

/* Reads the quoted string behind the quote at *s, and moves *s behind it; NULL if it never ends. */
static char *read_quoted(const char **s)
{
	const char *start = *s + 1, *end = start;
	while (*end && *end != '"')
		end += *end == '\\' && (end[1] == '"' || end[1] == '\\') ? 2 : 1;
	if (!*end)
		return NULL;
	*s = end + 1;

	char *text = mem_strndup(start, (size_t)(end - start)), *to = text;
	for (const char *from = text; *from; to++) {
		const struct escape *e = escape_at(from);
		*to = *from;
		if (e)
			*to = e->meaning;
		from += e ? strlen(e->text) : 1;
	}
	*to = '\0';
	return text;
}

/* Up to white space or `;`: wider than a token, since boundaries with `=` come without quotes. */
static char *read_unquoted(const char **s)
{
	size_t len = strcspn(*s, "; \t");
	*s += len;
	return mem_strndup(*s - len, len);
}

/* Reads `; name=value` as often as it comes; false where it is malformed or a name is doubled. */
static bool read_params(const char *s, struct fields *params)
{
	for (s += strspn(s, " \t"); *s; s += strspn(s, " \t")) {
		if (*s++ != ';')
			return false;
		s += strspn(s, " \t");
		const char *name = s;
		size_t name_len = strcspn(s, "=; \t");
		if (name_len == 0 && (*s == ';' || !*s))
			continue; /* an empty parameter, which RFC 9110 5.6.6 allows */
		if (name_len == 0 || s[name_len] != '=')
			return false;
		s += name_len + 1;
		char *value = *s == '"' ? read_quoted(&s) : read_unquoted(&s);
		if (!value || !fields_keep(params, name, name_len, value))
			return false;
	}
	return true;
}

/* Where the parameters of a header value begin; NULL where it is not about `word`. */
static const char *skip_word(const char *value, const char *word)
{
	size_t len = strlen(word);
	bool matches = value && strncasecmp(value, word, len) == 0 && strchr("; \t", value[len]);
	return matches ? value + len : NULL;
}

static bool boundary_is_valid(const char *boundary)
{
	static const char bchars[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? ";
	size_t len = strlen(boundary);
	return len > 0 && len < MULTIPART_BOUNDARY_SIZE && strspn(boundary, bchars) == len &&
	       boundary[len - 1] != ' ';
}

struct err *multipart_boundary(const char *content_type,
			       char ret_boundary[static MULTIPART_BOUNDARY_SIZE])
{
	const char *s = skip_word(content_type, "multipart/form-data");
	if (!s)
		return err_new(ERR_MEDIA_TYPE, "Send the upload as multipart/form-data.");
	cleanup(fields_clear) struct fields params = { .names = media_type_params };
	const bool well_formed = read_params(s, &params);
	const char *boundary = params.values[BOUNDARY];
	if (!well_formed || !boundary || !boundary_is_valid(boundary))
		return err_new(ERR_INVALID, "The Content-Type header needs one boundary parameter "
					    "of 1 to 70 characters (RFC 2046).");
	memcpy(ret_boundary, boundary, strlen(boundary) + 1);
	return NULL;
}

static struct err *cut_off(void)
{
	return err_new(ERR_INVALID, "The upload was cut off, or its boundary is not the one in "
				    "the Content-Type header.");
}

static struct err *read_at(int fd, char *to, size_t n, uint64_t offset)
{
	while (n > 0) {
		ssize_t got = pread(fd, to, n, (off_t)offset);
		if (got == 0)
			return cut_off();
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_new(ERR_INTERNAL, "The upload could not be read: %m");
		to += got;
		n -= (size_t)got;
		offset += (size_t)got;
	}
	return NULL;
}

struct reader {
	int fd;
	uint64_t size;       /* of the body */
	uint64_t next;       /* offset in the body of what follows the window */
	char *data;          /* the window, and a NUL behind what it holds */
	size_t cap, len, at; /* `at` is where we are in it */
	bool after_crlf;     /* the line at `at` follows a CRLF, not a bare LF */
	char delimiter[2 + MULTIPART_BOUNDARY_SIZE];
	size_t delimiter_len;
};

static uint64_t tell(const struct reader *r)
{
	return r->next - (r->len - r->at);
}

static bool at_end(const struct reader *r)
{
	return r->next == r->size;
}

/* Moves the window so that it starts at `at`. */
static struct err *slide(struct reader *r)
{
	r->len -= r->at;
	memmove(r->data, r->data + r->at, r->len);
	r->at = 0;

	uint64_t left = r->size - r->next;
	size_t n = left < r->cap - r->len ? (size_t)left : r->cap - r->len;
	TRY(read_at(r->fd, r->data + r->len, n, r->next));
	r->len += n;
	r->next += n;
	r->data[r->len] = '\0';
	return NULL;
}

/* Sees to it that the window holds `n` bytes from `at` on, or all that are left. */
static struct err *look_ahead(struct reader *r, size_t n)
{
	return r->len - r->at < n && !at_end(r) ? slide(r) : NULL;
}

/* Moves to the start of the next line, far enough inside the window to classify it. */
static struct err *next_line(struct reader *r)
{
	const char *lf;
	while (!(lf = memchr(r->data + r->at, '\n', r->len - r->at))) {
		if (at_end(r))
			return cut_off();
		r->at = r->len - 1; /* which may be the CR of a CRLF */
		TRY(slide(r));
	}
	r->after_crlf = lf > r->data + r->at && lf[-1] == '\r';
	r->at = (size_t)(lf + 1 - r->data);
	return look_ahead(r, LINE_LOOKAHEAD);
}

enum line { LINE_CONTENT, LINE_DELIMITER, LINE_LAST_DELIMITER, LINE_BROKEN };

static enum line classify_line(const struct reader *r)
{
	const char *p = r->data + r->at, *end = r->data + r->len;
	if (strncmp(p, r->delimiter, r->delimiter_len) != 0)
		return LINE_CONTENT;
	p += r->delimiter_len;
	const bool last = strncmp(p, "--", 2) == 0;
	p += last ? 2 : 0;
	size_t padding = strspn(p, " \t");
	if (padding > MULTIPART_MAX_PADDING)
		return LINE_BROKEN;
	p += padding;
	/* Only the last delimiter may do without a line end, or with half of one. */
	const bool ends_body = last && end - p <= (*p == '\r');
	if (*p != '\n' && strncmp(p, "\r\n", 2) != 0 && !ends_body)
		return LINE_CONTENT;
	if (*p == '\n' || !r->after_crlf)
		return LINE_BROKEN;
	return last ? LINE_LAST_DELIMITER : LINE_DELIMITER;
}

/*
 * Moves to the start of the next delimiter line. Linear however often the boundary almost appears:
 * no boundary holds a line feed, so no byte is compared for two lines.
 */
static struct err *next_delimiter(struct reader *r, enum line *ret)
{
	enum line line;
	do {
		TRY(next_line(r));
		line = classify_line(r);
	} while (line == LINE_CONTENT);
	if (line == LINE_BROKEN)
		return err_new(ERR_INVALID, "Boundaries in the upload must stand on lines of their "
					    "own that end with CRLF.");
	*ret = line;
	return NULL;
}

/* The length, without CRLF, of the header line at `at`, which has to end before `limit`. */
static struct err *header_line(const struct reader *r, size_t limit, size_t *ret_len)
{
	const char *line = r->data + r->at;
	size_t most = limit < r->len ? limit : r->len;
	const char *lf = memchr(line, '\n', most - r->at);
	if (!lf && r->len < limit)
		return cut_off();
	if (!lf)
		return err_new(ERR_INVALID, "The headers of a part may have at most %d bytes.",
			       MULTIPART_MAX_HEADER_BYTES);
	if (lf == line || lf[-1] != '\r')
		return err_new(ERR_INVALID, "Header lines in the upload must end with CRLF.");
	size_t len = (size_t)(lf - 1 - line);
	if (memchr(line, '\0', len) || !utf8_is_valid(line, len))
		return err_new(ERR_INVALID, "The headers of a part must be UTF-8 without NUL.");
	*ret_len = len;
	return NULL;
}

static struct err *keep_header(struct fields *headers, const char *line, size_t len)
{
	size_t name_len = strcspn(line, ": \t\r");
	if (name_len == 0 || line[name_len] != ':') /* white space in front: a folded line */
		return err_new(ERR_INVALID, "Each header of a part must be one line of the form "
					    "\"Name: value\".");
	size_t start = name_len + 1;
	start += strspn(line + start, " \t");
	while (len > start && strchr(" \t", line[len - 1]))
		len--;
	char *value = mem_strndup(line + start, len > start ? len - start : 0);
	if (!fields_keep(headers, line, name_len, value))
		return err_new(ERR_INVALID, "A part may have each header only once.");
	return NULL;
}

/*
 * Reads the headers that follow the delimiter line at `at`, and stops before the empty line: in a
 * part without content, that line's CRLF is the one that opens the next delimiter.
 */
static struct err *read_headers(struct reader *r, struct fields *headers)
{
	TRY(next_line(r));
	TRY(look_ahead(r, MULTIPART_MAX_HEADER_BYTES));
	const size_t limit = r->at + MULTIPART_MAX_HEADER_BYTES;
	for (int n = 0;; n++) {
		size_t len = 0;
		TRY(header_line(r, limit, &len));
		if (len == 0)
			return NULL;
		if (n == MULTIPART_MAX_HEADERS)
			return err_new(ERR_INVALID, "A part may have at most %d headers.",
				       MULTIPART_MAX_HEADERS);
		TRY(keep_header(headers, r->data + r->at, len));
		r->at += len + 2;
	}
}

/* The last component of a path (valid UTF-8) without control characters; the caller frees it. */
static char *file_label(const char *path)
{
	for (const char *slash; (slash = strpbrk(path, "/\\"));)
		path = slash + 1;
	const char *end = path + strlen(path);
	char *label = mem_strdup(path), *to = label;
	for (size_t n; path < end; path += n) {
		uint32_t cp;
		n = utf8_next(path, (size_t)(end - path), &cp);
		const bool control = cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
		if (!control)
			to = mempcpy(to, path, n);
	}
	*to = '\0';
	return label;
}

/* Decodes UTF-8'language'text (RFC 8187) in place; NULL where it is anything else. */
static const char *decode_extended(char *value)
{
	const bool utf8 = strncasecmp(value, "UTF-8'", 6) == 0;
	char *quote = utf8 ? strchr(value + 6, '\'') : NULL;
	return quote && percent_decode(quote + 1) ? quote + 1 : NULL;
}

static struct err *read_disposition(const char *value, struct part *part)
{
	cleanup(fields_clear) struct fields params = { .names = disposition_params };
	const char *s = skip_word(value, "form-data");
	if (!s || !read_params(s, &params) || !params.values[NAME])
		return err_new(ERR_INVALID, "Each part of the upload needs a header of the form "
					    "Content-Disposition: form-data; name=\"...\".");
	const char *filename = params.values[FILENAME];
	char *extended = params.values[FILENAME_EXTENDED];
	if (!filename && extended) {
		filename = decode_extended(extended);
		if (!filename)
			return err_new(ERR_INVALID, "A part's filename* must be of the form "
						    "UTF-8''name, percent-encoded.");
	}
	part->name = take(params.values[NAME]);
	part->filename = filename ? file_label(filename) : NULL;
	return NULL;
}

static bool encoding_is_plain(const char *encoding)
{
	return !encoding || strcasecmp(encoding, "binary") == 0 ||
	       strcasecmp(encoding, "8bit") == 0 || strcasecmp(encoding, "7bit") == 0;
}

/* Reads the part behind the delimiter at `at`, up to the next delimiter, which is told in *ret. */
static struct err *read_part(struct reader *r, struct part *part, enum line *ret)
{
	cleanup(fields_clear) struct fields headers = { .names = part_headers };
	TRY(read_headers(r, &headers));
	TRY(read_disposition(headers.values[DISPOSITION], part));
	if (!encoding_is_plain(headers.values[ENCODING]))
		return err_new(ERR_INVALID, "Parts must be sent as they are, without a "
					    "Content-Transfer-Encoding.");
	const char *type = headers.values[TYPE];
	part->content_type = mem_strdup(type ? type : "text/plain"); /* RFC 7578 4.4 */

	part->offset = tell(r) + 2;
	TRY(next_delimiter(r, ret));
	uint64_t end = tell(r) - 2;
	part->length = end > part->offset ? end - part->offset : 0;
	return NULL;
}

struct err *multipart_parse_window(int fd, uint64_t size, const char *boundary, size_t window,
				   struct multipart *ret)
{
	assert(window >= MULTIPART_MAX_HEADER_BYTES && boundary_is_valid(boundary));
	struct stat file;
	if (fstat(fd, &file) != 0)
		return err_new(ERR_INTERNAL, "The upload could not be read: %m");
	if ((uint64_t)file.st_size < size)
		return cut_off();

	cleanup(cleanup_free) char *data = mem_alloc(window + 1);
	struct reader r = { .fd = fd, .size = size, .data = data, .cap = window };
	r.delimiter_len = (size_t)snprintf(r.delimiter, sizeof(r.delimiter), "--%s", boundary);
	/* The first delimiter has no line end before it: give it one. */
	r.len = (size_t)(stpcpy(data, "\r\n") - data);

	cleanup(multipart_clear) struct multipart m = { 0 };
	enum line line = LINE_CONTENT;
	TRY(next_delimiter(&r, &line));
	if (tell(&r) > MULTIPART_MAX_PREAMBLE)
		return err_new(ERR_INVALID, "The first boundary of the upload comes too late.");
	while (line == LINE_DELIMITER) {
		if (m.count == MULTIPART_MAX_PARTS)
			return err_new(ERR_INVALID, "An upload may have at most %d parts.",
				       MULTIPART_MAX_PARTS);
		struct part *part = &m.parts[m.count++];
		TRY(err_wrap(read_part(&r, part, &line), "part %zu", m.count));
	}
	*ret = m;
	m.count = 0;
	return NULL;
}

struct err *multipart_parse(int fd, uint64_t size, const char *boundary, struct multipart *ret)
{
	return multipart_parse_window(fd, size, boundary, MULTIPART_WINDOW, ret);
}

void multipart_clear(struct multipart *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->parts[i].name);
		free(m->parts[i].filename);
		free(m->parts[i].content_type);
	}
	*m = (struct multipart){ 0 };
}

const struct part *multipart_find(const struct multipart *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->parts[i].name, name) == 0)
			return &m->parts[i];
	}
	return NULL;
}

size_t multipart_count(const struct multipart *m, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < m->count; i++)
		n += strcmp(m->parts[i].name, name) == 0;
	return n;
}

struct err *part_text(int fd, const struct part *part, size_t max, char **ret)
{
	if (part->length > max)
		return err_new(ERR_INVALID, "The field \"%s\" may have at most %zu bytes.",
			       part->name, max);
	size_t len = (size_t)part->length;
	cleanup(cleanup_free) char *text = mem_alloc(len + 1);
	TRY(read_at(fd, text, len, part->offset));
	if (memchr(text, '\0', len) || !utf8_is_valid(text, len))
		return err_new(ERR_INVALID, "The field \"%s\" must be UTF-8 text without NUL.",
			       part->name);
	*ret = take(text);
	return NULL;
}
