/*
 * Input: a byte that pushes the body towards the edge of the small window, the Content-Type value,
 * a line feed, the body. Whatever it is, the size of the window must not change what is found.
 */
#include "fcgi/multipart.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void compare(int fd, uint64_t size, const struct multipart *a, const struct multipart *b)
{
	check(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct part *p = &a->parts[i], *q = &b->parts[i];
		check(p->offset == q->offset && p->length == q->length &&
		      !strcmp(p->name, q->name));
		check(p->offset <= size && p->length <= size - p->offset);
		check(!p->filename || !strpbrk(p->filename, "/\\\r\n"));
		cleanup(cleanup_free) char *text = NULL;
		err_free(part_text(fd, p, 100, &text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	const uint8_t *lf = len ? memchr(input, '\n', len) : NULL;
	if (!lf || lf == input)
		return 0;
	cleanup(cleanup_free) char *type =
		mem_strndup((const char *)input + 1, (size_t)(lf - input - 1));
	char boundary[MULTIPART_BOUNDARY_SIZE];
	cleanup(cleanup_err) struct err *e = multipart_boundary(type, boundary);
	if (e)
		return 0;

	int fd = memfd_create("body", MFD_CLOEXEC);
	off_t preamble = (off_t)32 * input[0];
	size_t n = len - (size_t)(lf + 1 - input);
	check(fd >= 0 && pwrite(fd, lf + 1, n, preamble) == (ssize_t)n);
	uint64_t size = (uint64_t)preamble + n;
	cleanup(multipart_clear) struct multipart a = { 0 }, b = { 0 };
	cleanup(cleanup_err) struct err *ea = multipart_parse(fd, size, boundary, &a);
	cleanup(cleanup_err) struct err *eb =
		multipart_parse_window(fd, size, boundary, MULTIPART_MAX_HEADER_BYTES, &b);
	check(!ea == !eb && (!ea || !strcmp(err_message(ea), err_message(eb))));
	compare(fd, size, &a, &b);
	close(fd);
	return 0;
}
