/*
 * The parts of an upload (multipart/form-data, RFC 7578 and RFC 2046 5.1) that lies in a file.
 *
 * The body is read once, front to back, through a window of fixed size: time is linear in its
 * length and memory depends neither on that nor on what is in it. A part is an offset and a length
 * in the file; its content is never copied, and a multipart inside a part is plain content.
 *
 * Lines end with CRLF. A line is a delimiter only as a whole: `--boundary`, `--` for the last,
 * then spaces and tabs; `--boundaryX` is content. What precedes the first delimiter and what
 * follows the last is ignored.
 */
#pragma once
#include "jobs/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
	MULTIPART_BOUNDARY_SIZE = 71, /* 70 characters (RFC 2046 5.1.1) and the NUL */
	MULTIPART_MAX_PARTS = 32,
	MULTIPART_MAX_HEADERS = 16,        /* of one part */
	MULTIPART_MAX_HEADER_BYTES = 8192, /* of one part, line ends and the empty line included */
	MULTIPART_MAX_PREAMBLE = 8192,     /* bytes before the first delimiter */
	MULTIPART_MAX_PADDING = 128,       /* spaces and tabs behind a boundary */
	MULTIPART_WINDOW = 65536,
};

struct part {
	char *name;
	char *filename;          /* a label for people, never a path; NULL where none was sent */
	char *content_type;      /* as the client claims; text/plain where it says nothing */
	uint64_t offset, length; /* of the content, in bytes of the body */
};

struct multipart {
	struct part parts[MULTIPART_MAX_PARTS];
	size_t count;
};

/*
 * The boundary in the value of a Content-Type header, which may be NULL. Fails with ERR_MEDIA_TYPE
 * where that is not multipart/form-data, with ERR_INVALID where the boundary is missing, doubled
 * or malformed.
 */
must_check struct err *multipart_boundary(const char *content_type,
					  char ret_boundary[static MULTIPART_BOUNDARY_SIZE]);

/*
 * Finds the parts of the body, the first `size` bytes of `fd`, whose offset is left alone. The
 * caller clears *ret. Fails with ERR_INVALID and what is wrong with the body, with ERR_INTERNAL
 * where the file cannot be read.
 *
 * Names and file names are decoded as browsers encode them; of a file name only what follows the
 * last slash or backslash is kept, without control characters.
 */
must_check struct err *multipart_parse(int fd, uint64_t size, const char *boundary,
				       struct multipart *ret);

/* The same through a window of `window` bytes, at least MULTIPART_MAX_HEADER_BYTES. */
must_check struct err *multipart_parse_window(int fd, uint64_t size, const char *boundary,
					      size_t window, struct multipart *ret);

/* Frees what the parts hold; a zeroed or cleared one stays as it is. */
void multipart_clear(struct multipart *m);

/* The first part of that name, borrowed from `m`, or NULL; and how many there are. */
const struct part *multipart_find(const struct multipart *m, const char *name);
size_t multipart_count(const struct multipart *m, const char *name);

/*
 * The content of a part of `fd` as text, which the caller frees. Fails with ERR_INVALID where it
 * is longer than `max` bytes, holds a NUL or is not UTF-8.
 */
must_check struct err *part_text(int fd, const struct part *part, size_t max, char **ret);
