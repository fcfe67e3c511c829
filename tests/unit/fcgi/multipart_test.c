#include "fcgi/multipart.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { SMALL = MULTIPART_MAX_HEADER_BYTES }; /* the smallest window: its edges are everywhere */

/* What pread does for the parser: counted, and made to misbehave where a test asks for it. */
static struct {
	size_t calls, bytes, most; /* most: bytes in one call; 0 for no limit */
	int error;                 /* errno of every second call (EINTR) or of all (others) */
} reads;

ssize_t pread(int fd, void *buf, size_t nbytes, off_t offset)
{
	reads.calls++;
	if (reads.error && (reads.error != EINTR || reads.calls % 2)) {
		errno = reads.error;
		return -1;
	}
	ssize_t (*real)(int, void *, size_t, off_t) =
		(ssize_t(*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread");
	ssize_t got =
		real(fd, buf, reads.most && nbytes > reads.most ? reads.most : nbytes, offset);
	reads.bytes += got > 0 ? (size_t)got : 0;
	return got;
}

static int reset(void **state)
{
	(void)state;
	memset(&reads, 0, sizeof(reads));
	return 0;
}

static void cleanup_fd(const int *fd)
{
	close(*fd);
}

static int spool(const void *body, size_t len)
{
	int fd = memfd_create("body", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, body, len), len);
	return fd;
}

/* Parses `len` bytes through the smallest window. */
static struct err *parse(const void *body, size_t len, struct multipart *ret)
{
	cleanup(cleanup_fd) int fd = spool(body, len);
	return multipart_parse_window(fd, len, "b", SMALL, ret);
}

static void parse_ok(const char *body, struct multipart *ret)
{
	cleanup(cleanup_err) struct err *e = parse(body, strlen(body), ret);
	if (e)
		fail_msg("%s: %s", body, err_message(e));
}

static void assert_refused(struct err *e, const char *reason)
{
	cleanup(cleanup_err) struct err *owned = e;
	if (!owned)
		fail_msg("accepted, though: %s", reason);
	assert_int_equal(err_kind(owned), ERR_INVALID);
	if (!strstr(err_message(owned), reason))
		fail_msg("\"%s\" does not say \"%s\"", err_message(owned), reason);
}

static void parse_refused(const void *body, size_t len, const char *reason)
{
	struct multipart m = { 0 };
	assert_refused(parse(body, len, &m), reason);
	assert_int_equal(m.count, 0);
}

static void assert_content(const char *body, const struct part *part, const char *want)
{
	assert_non_null(part);
	assert_int_equal(part->length, strlen(want));
	assert_memory_equal(body + part->offset, want, strlen(want));
}

#define DISPOSITION "Content-Disposition: form-data; name=\"file\""
#define FILE_PART   "--b\r\n" DISPOSITION "; filename=\"a.mp3\"\r\n\r\n"
#define END         "\r\n--b--\r\n"

static void reads_what_a_browser_sends(void **state)
{
	(void)state;
	const char *body = "--b\r\nContent-Disposition: form-data; name=\"durationSec\"\r\n\r\n"
			   "12.5\r\n"
			   "--b\r\n" DISPOSITION "; filename=\"my voice.mp3\"\r\n"
			   "Content-Type: audio/mpeg \r\nX-Other: 1\r\n\r\nID3\r\n\r\nmore" END;
	cleanup(multipart_clear) struct multipart m;
	parse_ok(body, &m);
	assert_int_equal(m.count, 2);

	const struct part *file = multipart_find(&m, "file");
	assert_content(body, file, "ID3\r\n\r\nmore");
	assert_string_equal(file->filename, "my voice.mp3");
	assert_string_equal(file->content_type, "audio/mpeg");

	const struct part *duration = multipart_find(&m, "durationSec");
	assert_content(body, duration, "12.5");
	assert_null(duration->filename);
	assert_string_equal(duration->content_type, "text/plain");

	assert_null(multipart_find(&m, "File"));
}

static void accepts_every_lawful_form(void **state)
{
	(void)state;
	static const struct {
		const char *body, *want;
	} cases[] = {
		{ FILE_PART "x\r\n--b--", "x" },   /* no line end at the end */
		{ FILE_PART "x\r\n--b--\r", "x" }, /* or half of one */
		{ FILE_PART "x\r\n--b--  \t", "x" },
		{ "a preamble\r\n" FILE_PART "x" END, "x" },
		{ "\r\n" FILE_PART "x" END, "x" },
		{ FILE_PART "x" END "an epilogue\r\n--b\r\n", "x" },
		{ "--b \t \r\n" DISPOSITION "\r\n\r\nx\r\n--b-- \t\r\n", "x" },
		{ FILE_PART "" END, "" },      /* an empty part, as browsers send it */
		{ FILE_PART "--b--\r\n", "" }, /* and without the line end before it */
		{ FILE_PART "\r\n" END, "\r\n" },
		{ FILE_PART "x\n" END, "x\n" },
		{ FILE_PART "x\r" END, "x\r" },
		{ FILE_PART "--bX\r\n--bX--\n--b--X\r\n--b- -\r\n--b X\r\n--b\rx" END,
		  "--bX\r\n--bX--\n--b--X\r\n--b- -\r\n--b X\r\n--b\rx" },
		{ FILE_PART "x --b\r\n -b\r--b\r\n" END, "x --b\r\n -b\r--b\r\n" },
		{ FILE_PART "\r\n--\r\n-\r\n--\r" END, "\r\n--\r\n-\r\n--\r" },
		{ "--b\r\nCONTENT-DISPOSITION:FORM-DATA ; NAME=file;\r\n\r\nx" END, "x" },
		{ "--b\r\n" DISPOSITION " ; ;x=\"a;b\"; y=1\r\nX-Empty:\r\n\r\nx" END, "x" },
		{ "--b\r\n" DISPOSITION "\r\nContent-Transfer-Encoding: Binary\r\n\r\nx" END, "x" },
		{ "--b\r\n" DISPOSITION "\r\nContent-Transfer-Encoding: 8bit\r\n\r\nx" END, "x" },
		{ "--b\r\n" DISPOSITION "\r\nContent-Transfer-Encoding: 7BIT\r\n\r\nx" END, "x" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(multipart_clear) struct multipart m = { 0 };
		parse_ok(cases[i].body, &m);
		assert_int_equal(m.count, 1);
		assert_content(cases[i].body, multipart_find(&m, "file"), cases[i].want);
	}
}

static void accepts_a_form_without_parts(void **state)
{
	(void)state;
	cleanup(multipart_clear) struct multipart m = { 0 };
	parse_ok("--b--\r\n", &m);
	assert_int_equal(m.count, 0);
	assert_null(multipart_find(&m, "file"));
}

static void refuses_every_broken_form(void **state)
{
	(void)state;
	static const struct {
		const char *body, *reason;
	} cases[] = {
		{ "", "cut off" },
		{ "--b", "cut off" },
		{ "no boundary", "cut off" },
		{ "--c\r\n" DISPOSITION "\r\n\r\nx\r\n--c--\r\n", "cut off" },
		{ FILE_PART "x", "cut off" },
		{ FILE_PART "x\r\n--b\r\n", "cut off" },
		{ FILE_PART "x--b--\r\n", "cut off" },
		{ FILE_PART "x\n--b--\r\n", "end with CRLF" },
		{ FILE_PART "x\n--b--", "end with CRLF" },
		{ FILE_PART "x\r\n--b--\n", "end with CRLF" },
		{ FILE_PART "x\n--b\r\n", "end with CRLF" },
		{ "--b\n" DISPOSITION "\r\n\r\nx" END, "end with CRLF" },
		{ "a preamble\n" FILE_PART "x" END, "end with CRLF" },
		{ "--b\r\n" DISPOSITION "\n\r\nx" END, "Header lines" },
		{ "--b\r\n" DISPOSITION "\r\n\nx" END, "Header lines" },
		{ "--b\r\n\nx" END, "Header lines" },
		{ "--b\r\n\r\nx" END, "Content-Disposition" },
		{ "--b\r\n--b--\r\n", "Name: value" },
		{ "--b\r\nContent-Type: a/b\r\n\r\nx" END, "Content-Disposition" },
		{ "--b\r\nContent-Disposition: form-data\r\n\r\nx" END, "Content-Disposition" },
		{ "--b\r\nContent-Disposition: form-data; filename=a\r\n\r\nx" END, "name=" },
		{ "--b\r\nContent-Disposition: form-datum; name=a\r\n\r\nx" END, "form-data" },
		{ "--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx" END, "form-data" },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx" END, "form-data" },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\\\"\r\n\r\nx" END, "form-data" },
		{ "--b\r\nContent-Disposition: form-data; name\r\n\r\nx" END, "form-data" },
		{ "--b\r\nContent-Disposition: form-data; =a; name=a\r\n\r\nx" END, "form-data" },
		{ "--b\r\n" DISPOSITION "; name=b\r\n\r\nx" END, "form-data" },
		{ "--b\r\n" DISPOSITION "; filename=b; FileName=c\r\n\r\nx" END, "form-data" },
		{ "--b\r\n" DISPOSITION "x\r\n\r\nx" END, "form-data" },
		{ "--b\r\n" DISPOSITION "\r\n" DISPOSITION "\r\n\r\nx" END, "only once" },
		{ "--b\r\n" DISPOSITION ";\r\n filename=a\r\n\r\nx" END, "Name: value" },
		{ "--b\r\n" DISPOSITION ";\r\n\tfilename=a\r\n\r\nx" END, "Name: value" },
		{ "--b\r\nno colon here\r\n" DISPOSITION "\r\n\r\nx" END, "Name: value" },
		{ "--b\r\nContent-Disposition : form-data; name=a\r\n\r\nx" END, "Name: value" },
		{ "--b\r\n: x\r\n" DISPOSITION "\r\n\r\nx" END, "Name: value" },
		{ "--b\r\n" DISPOSITION "; filename=\"\xff\"\r\n\r\nx" END, "UTF-8" },
		{ "--b\r\n" DISPOSITION "; filename*=a.mp3\r\n\r\nx" END, "filename*" },
		{ "--b\r\n" DISPOSITION "; filename*=UTF-8'a.mp3\r\n\r\nx" END, "filename*" },
		{ "--b\r\n" DISPOSITION "; filename*=UTF-8''%\r\n\r\nx" END, "filename*" },
		{ "--b\r\n" DISPOSITION "; filename*=UTF-8''a%00\r\n\r\nx" END, "filename*" },
		{ "--b\r\n" DISPOSITION "; filename*=UTF-8''%FF\r\n\r\nx" END, "filename*" },
		{ "--b\r\n" DISPOSITION "; filename*=ISO-8859-1''%FC\r\n\r\nx" END, "filename*" },
		{ "--b\r\n" DISPOSITION "\r\nContent-Transfer-Encoding: base64\r\n\r\nx" END,
		  "Content-Transfer-Encoding" },
		{ "--b\r\n" DISPOSITION "\r\nContent-Transfer-Encoding:\r\n\r\nx" END,
		  "Content-Transfer-Encoding" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		parse_refused(cases[i].body, strlen(cases[i].body), cases[i].reason);

	static const char nul[] = "--b\r\n" DISPOSITION "; filename=\"a\0b\"\r\n\r\nx" END;
	parse_refused(nul, sizeof(nul) - 1, "NUL");
}

static void reads_names_as_browsers_write_them(void **state)
{
	(void)state;
	static const struct {
		const char *sent, *name, *filename;
	} cases[] = {
		{ "name=file; filename=a.mp3", "file", "a.mp3" },
		{ "name=\"file\"; filename=\"\"", "file", "" },
		{ "name=\"a\\\"b\"; filename=\"c\\\"d\\\\\"", "a\"b", "" },
		{ "name=\"a%22b\"; filename=\"c%22d%0d%0A.mp3\"", "a\"b", "c\"d.mp3" },
		{ "name=\"a\\\\b\\c\"; filename=\"a\\\\\\\"b\"", "a\\b\\c", "\"b" },
		{ "name=\"100%25\"; filename=\"50%.mp3\"", "100%25", "50%.mp3" },
		{ "name=x; filename=\"C:\\Users\\me\\a.mp3\"", "x", "a.mp3" },
		{ "name=x; filename=\"../../etc/passwd\"", "x", "passwd" },
		{ "name=x; filename=\"a/b\\c/\"", "x", "" },
		{ "name=x; filename=\"a\x01\x1f\x7f\t\xc2\x85.mp3\"", "x", "a.mp3" },
		{ "name=x; filename=\"\xc3\xbc\xf0\x9f\x8e\xa4.mp3\"", "x",
		  "\xc3\xbc\xf0\x9f\x8e\xa4.mp3" },
		{ "name=x; filename*=utf-8'en'%C3%BC%20%2f..%2Fa%0ab.mp3", "x", "ab.mp3" },
		{ "name=x; filename*=UTF-8''%e2%82%ac+.mp3", "x", "\xe2\x82\xac+.mp3" },
		{ "name=x; filename*=UTF-8''b.mp3; filename=a.mp3", "x", "a.mp3" },
		{ "name=x; filename=a.mp3; filename*=broken", "x", "a.mp3" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(cleanup_free) char *body = mem_printf(
			"--b\r\nContent-Disposition: form-data; %s\r\n\r\nx" END, cases[i].sent);
		cleanup(multipart_clear) struct multipart m = { 0 };
		parse_ok(body, &m);
		assert_string_equal(m.parts[0].name, cases[i].name);
		assert_string_equal(m.parts[0].filename, cases[i].filename);
	}
}

static void keeps_doubled_fields(void **state)
{
	(void)state;
	const char *body = FILE_PART "first\r\n" FILE_PART "second" END;
	cleanup(multipart_clear) struct multipart m = { 0 };
	parse_ok(body, &m);
	assert_int_equal(multipart_count(&m, "file"), 2);
	assert_int_equal(multipart_count(&m, "other"), 0);
	assert_content(body, multipart_find(&m, "file"), "first");
	assert_content(body, &m.parts[1], "second");

	multipart_clear(&m);
	multipart_clear(&m);
	assert_int_equal(m.count, 0);
}

static void keeps_a_nested_multipart_as_bytes(void **state)
{
	(void)state;
#define NESTED                                                                                     \
	"--inner\r\nContent-Disposition: file; "                                                   \
	"filename=a\r\n\r\n1\r\n--inner\r\n\r\n2\r\n--inner--"
	const char *body = "--b\r\n" DISPOSITION "\r\nContent-Type: multipart/mixed; "
			   "boundary=inner\r\n\r\n" NESTED END;
	cleanup(multipart_clear) struct multipart m = { 0 };
	parse_ok(body, &m);
	assert_int_equal(m.count, 1);
	assert_content(body, &m.parts[0], NESTED);
}

static void boundary_comes_from_the_content_type(void **state)
{
	(void)state;
#define SEVENTY "0123456789012345678901234567890123456789012345678901234567890123456789"
	static const struct {
		const char *content_type, *want;
	} cases[] = {
		{ "multipart/form-data; boundary=abc", "abc" },
		{ "Multipart/FORM-Data;BOUNDARY=aBc;", "aBc" },
		{ "multipart/form-data; charset=utf-8; boundary=abc", "abc" },
		{ "multipart/form-data ; boundary=\"a b\" ; x=\"boundary=no\"", "a b" },
		{ "multipart/form-data; x=\"a\\\";boundary=no\"; boundary=yes", "yes" },
		{ "multipart/form-data; boundary=\"(')+_,-./:=?\"", "(')+_,-./:=?" },
		{ "multipart/form-data; boundary=----=_Part_1", "----=_Part_1" },
		{ "multipart/form-data; boundary=" SEVENTY, SEVENTY },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char boundary[MULTIPART_BOUNDARY_SIZE];
		cleanup(cleanup_err) struct err *e =
			multipart_boundary(cases[i].content_type, boundary);
		assert_null(e);
		assert_string_equal(boundary, cases[i].want);
	}
}

static void refuses_a_bad_content_type(void **state)
{
	(void)state;
	static const struct {
		const char *content_type;
		enum err_kind kind;
	} cases[] = {
		{ NULL, ERR_MEDIA_TYPE },
		{ "", ERR_MEDIA_TYPE },
		{ "application/json", ERR_MEDIA_TYPE },
		{ "multipart/form-data-x; boundary=abc", ERR_MEDIA_TYPE },
		{ "multipart/mixed; boundary=abc", ERR_MEDIA_TYPE },
		{ "multipart/form", ERR_MEDIA_TYPE },
		{ "multipart/form-data", ERR_INVALID },
		{ "multipart/form-data; boundary", ERR_INVALID },
		{ "multipart/form-data; boundary=", ERR_INVALID },
		{ "multipart/form-data; boundary=\"\"", ERR_INVALID },
		{ "multipart/form-data; boundary=\"abc", ERR_INVALID },
		{ "multipart/form-data; boundary=\"abc \"", ERR_INVALID },
		{ "multipart/form-data; boundary=a b", ERR_INVALID },
		{ "multipart/form-data; boundary=a\"b", ERR_INVALID },
		{ "multipart/form-data; boundary=\"a\\b\"", ERR_INVALID },
		{ "multipart/form-data; boundary=\"a%0D%0Ab\"", ERR_INVALID },
		{ "multipart/form-data; boundary=a\r\nb", ERR_INVALID },
		{ "multipart/form-data; boundary=\xc3\xbc", ERR_INVALID },
		{ "multipart/form-data; boundary=abc; Boundary=abc", ERR_INVALID },
		{ "multipart/form-data; boundary=" SEVENTY "x", ERR_INVALID },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char boundary[MULTIPART_BOUNDARY_SIZE] = "untouched";
		cleanup(cleanup_err) struct err *e =
			multipart_boundary(cases[i].content_type, boundary);
		if (!e)
			fail_msg("accepted: %s", cases[i].content_type);
		assert_int_equal(err_kind(e), cases[i].kind);
		assert_string_equal(boundary, "untouched");
	}
}

static void limits_the_parts(void **state)
{
	(void)state;
	enum { MANY = 10000 };
	struct buf body = BUF(1 << 20);
	for (int i = 0; i < MULTIPART_MAX_PARTS; i++)
		buf_adds(&body, FILE_PART "x\r\n");
	cleanup(cleanup_free) char *most = mem_printf("%s--b--", body.data);
	cleanup(multipart_clear) struct multipart m = { 0 };
	parse_ok(most, &m);
	assert_int_equal(m.count, MULTIPART_MAX_PARTS);

	for (int i = MULTIPART_MAX_PARTS; i < MANY; i++)
		buf_adds(&body, FILE_PART "x\r\n");
	buf_adds(&body, "--b--");
	assert_false(body.too_big);
	reset(NULL);
	parse_refused(body.data, body.len, "at most 32 parts");
	assert_true(reads.bytes <= 2 * (size_t)SMALL);
	buf_clear(&body);
}

/* A part with `n` headers besides its disposition, or with a header of `n` bytes more. */
static char *with_headers(int n)
{
	struct buf body = BUF(1 << 16);
	buf_adds(&body, "--b\r\n" DISPOSITION "\r\n");
	for (int i = 0; i < n; i++)
		buf_adds(&body, "X: y\r\n");
	buf_adds(&body, "\r\nx" END);
	return buf_take(&body);
}

static char *with_long_header(int n)
{
	return mem_printf("--b\r\n" DISPOSITION "\r\nX: %0*d\r\n\r\nx" END, n, 0);
}

static void limits_the_headers(void **state)
{
	(void)state;
	const int fixed = (int)strlen(DISPOSITION "\r\nX: \r\n\r\n");
	const int room = MULTIPART_MAX_HEADER_BYTES - fixed;
	cleanup(cleanup_free) char *most = with_headers(MULTIPART_MAX_HEADERS - 1);
	cleanup(cleanup_free) char *too_many = with_headers(MULTIPART_MAX_HEADERS);
	cleanup(cleanup_free) char *longest = with_long_header(room);
	cleanup(cleanup_free) char *too_long = with_long_header(room + 1);
	cleanup(cleanup_free) char *much_too_long = with_long_header(30000);

	cleanup(multipart_clear) struct multipart m = { 0 };
	parse_ok(most, &m);
	multipart_clear(&m);
	parse_ok(longest, &m);
	parse_refused(too_many, strlen(too_many), "at most 16 headers");
	parse_refused(too_long, strlen(too_long), "at most 8192 bytes");
	parse_refused(much_too_long, strlen(much_too_long), "at most 8192 bytes");
}

static void limits_preamble_and_padding(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		cleanup(cleanup_free) char *preamble = mem_printf(
			"%0*d\r\n" FILE_PART "x" END, MULTIPART_MAX_PREAMBLE - 2 + over, 0);
		cleanup(cleanup_free) char *padding =
			mem_printf(FILE_PART "x\r\n--b--%*s\r\n", MULTIPART_MAX_PADDING + over, "");
		cleanup(multipart_clear) struct multipart m = { 0 };
		if (over) {
			parse_refused(preamble, strlen(preamble), "too late");
			parse_refused(padding, strlen(padding), "end with CRLF");
		} else {
			parse_ok(preamble, &m);
			multipart_clear(&m);
			parse_ok(padding, &m);
		}
	}
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	const char *body = "preamble\r\n--b\r\n" DISPOSITION "; filename=\"a.mp3\"\r\n"
			   "Content-Type: audio/mpeg\r\n\r\nID3\r\n--bX\r\n--b\r\n"
			   "Content-Disposition: form-data; name=durationSec\r\n\r\n1.5\r\n--b--";
	const size_t len = strlen(body);
	for (size_t i = 0; i < len; i++)
		parse_refused(body, i, "cut off");
	cleanup(multipart_clear) struct multipart m = { 0 };
	parse_ok(body, &m);
	assert_int_equal(m.count, 2);
}

/* The part ends, byte by byte, at every place around the edge of the first window. */
static void finds_a_boundary_across_the_window_edge(void **state)
{
	(void)state;
	const char *tail = "\r\n--" SEVENTY "  \r\n" DISPOSITION "\r\n\r\nend\r\n--" SEVENTY "--";
	const char *head = "--" SEVENTY "\r\n" DISPOSITION "\r\n\r\n";
	static const size_t windows[] = { SMALL, SMALL + 1, MULTIPART_WINDOW };
	for (size_t w = 0; w < sizeof(windows) / sizeof(*windows); w++) {
		for (size_t before = 0; before < 300; before++) {
			const int n = (int)(windows[w] + 10 - strlen(head) - before);
			cleanup(cleanup_free) char *body = mem_printf("%s%0*d%s", head, n, 0, tail);
			cleanup(cleanup_fd) int fd = spool(body, strlen(body));
			cleanup(multipart_clear) struct multipart m = { 0 };
			cleanup(cleanup_err) struct err *e =
				multipart_parse_window(fd, strlen(body), SEVENTY, windows[w], &m);
			assert_null(e);
			assert_int_equal(m.count, 2);
			assert_int_equal(m.parts[0].length, n);
			assert_content(body, &m.parts[1], "end");
		}
	}
}

static void refuses_a_size_beyond_the_file(void **state)
{
	(void)state;
	const char *body = FILE_PART "x" END;
	cleanup(cleanup_fd) int fd = spool(body, strlen(body));
	struct multipart m = { 0 };
	assert_refused(multipart_parse(fd, strlen(body) + 1, "b", &m), "cut off");
	assert_refused(multipart_parse(fd, UINT64_MAX, "b", &m), "cut off");

	cleanup(cleanup_free) char *long_epilogue = mem_printf("%s%0*d", body, 3 * SMALL, 0);
	cleanup(cleanup_fd) int long_fd = spool(long_epilogue, strlen(long_epilogue));
	const uint64_t beyond = strlen(long_epilogue) + 1;
	assert_refused(multipart_parse_window(long_fd, beyond, "b", SMALL, &m), "cut off");

	cleanup(cleanup_err) struct err *e = multipart_parse(fd, strlen(body), "b", &m);
	assert_null(e);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), strlen(body));
	multipart_clear(&m);
}

static void survives_short_and_interrupted_reads(void **state)
{
	(void)state;
	const char *body = FILE_PART "some content\r\n--bX" END;
	static const size_t most[] = { 1, 2, 3, 7, 50 };
	reads.error = EINTR;
	for (size_t i = 0; i < sizeof(most) / sizeof(*most); i++) {
		reads.most = most[i];
		cleanup(multipart_clear) struct multipart m = { 0 };
		parse_ok(body, &m);
		assert_content(body, multipart_find(&m, "file"), "some content\r\n--bX");
	}
}

static void a_failing_disk_is_not_the_clients_fault(void **state)
{
	(void)state;
	reads.error = EIO;
	struct multipart m = { 0 };
	cleanup(cleanup_err) struct err *e =
		parse(FILE_PART "x" END, strlen(FILE_PART "x" END), &m);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_INTERNAL);

	cleanup(cleanup_err) struct err *closed = multipart_parse(-1, 1, "b", &m);
	assert_non_null(closed);
	assert_int_equal(err_kind(closed), ERR_INTERNAL);
}

/* However the content tempts the parser, each byte of the body is read once. */
static void reads_each_byte_once(void **state)
{
	(void)state;
	static const char *const fillers[] = {
		"\n", "\r\n", "\r\n--", "\n--bX", "\r\n--b--X", "--b", " ", "\r\n--b \tX",
	};
	enum { LENGTH = 4 << 20 };
	for (size_t i = 0; i < sizeof(fillers) / sizeof(*fillers); i++) {
		struct buf body = BUF(LENGTH + 1000);
		buf_adds(&body, FILE_PART);
		while (body.len < LENGTH)
			buf_adds(&body, fillers[i]);
		buf_adds(&body, "." END);
		cleanup(cleanup_fd) int fd = spool(body.data, body.len);
		cleanup(multipart_clear) struct multipart m = { 0 };
		reset(NULL);
		cleanup(cleanup_err) struct err *e = multipart_parse(fd, body.len, "b", &m);
		assert_null(e);
		assert_int_equal(reads.bytes, body.len);
		assert_true(reads.calls <= LENGTH / (MULTIPART_WINDOW / 2));
		buf_clear(&body);
	}
}

static void part_text_takes_only_text(void **state)
{
	(void)state;
	static const char body[] = "12.5 \xc3\xbc\xff"
				   "a\0b";
	static const struct {
		uint64_t offset, length;
		const char *want, *reason;
	} cases[] = {
		{ 0, 4, "12.5", NULL },       { 0, 0, "", NULL },
		{ 3, 4, "5 \xc3\xbc", NULL }, { 0, 6, NULL, "UTF-8" }, /* half a character */
		{ 7, 1, NULL, "UTF-8" },                               /* none at all */
		{ 8, 3, NULL, "NUL" },        { 5, 100, NULL, "at most 8 bytes" },
		{ 8, 8, NULL, "cut off" }, /* the file shrank */
	};
	cleanup(cleanup_fd) int fd = spool(body, sizeof(body) - 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct part part = { .name = (char[]){ "durationSec" },
					   .offset = cases[i].offset,
					   .length = cases[i].length };
		cleanup(cleanup_free) char *text = NULL;
		struct err *e = part_text(fd, &part, 8, &text);
		if (cases[i].reason) {
			assert_refused(e, cases[i].reason);
			assert_null(text);
			continue;
		}
		assert_null(e);
		assert_int_equal(strlen(text), cases[i].length);
		assert_memory_equal(text, body + cases[i].offset, cases[i].length);
	}
}

/* The differential test: random bodies whose content is full of almost-boundaries. */

static uint64_t seed = 88172645463325252;

static size_t below(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % n);
}

static void random_boundary(char boundary[static MULTIPART_BOUNDARY_SIZE])
{
	static const char bchars[] = "-aB0'()+_,./:=? ";
	static const size_t longest[] = { 1, 3, MULTIPART_BOUNDARY_SIZE - 1 };
	size_t len = 1 + below(longest[below(3)]);
	for (size_t i = 0; i < len; i++)
		boundary[i] = bchars[below(sizeof(bchars) - (i + 1 == len ? 2 : 1))];
	boundary[len] = '\0';
}

/* Appends one piece of content: noise, line ends, dashes, or the beginning of a delimiter. */
static void add_piece(struct buf *b, const char *boundary)
{
	static const char *const pieces[] = { "\r",     "\n",   "\r\n", "-", "--",
					      "\r\n--", "\n--", " ",    "" };
	const size_t n = sizeof(pieces) / sizeof(*pieces);
	size_t kind = below(n + 3);
	if (kind < n)
		buf_adds(b, pieces[kind]);
	else if (kind == n)
		buf_add(b, boundary, below(strlen(boundary) + 1));
	else if (kind == n + 1)
		buf_addf(b, "\r\n--%s%sX", boundary, below(2) ? "--" : "");
	else
		for (size_t i = below(below(8) ? 20 : 9000); i > 0; i--)
			buf_add(b, (char[]){ (char)below(256) }, 1);
}

/* Content that holds no delimiter line: wherever one came about, its line feed is taken out. */
static void random_content(struct buf *b, const char *boundary)
{
	buf_adds(b, "\n"); /* stands for the end of the headers */
	for (size_t i = below(60); i > 0; i--)
		add_piece(b, boundary);
	cleanup(cleanup_free) char *line = mem_printf("\n--%s", boundary);
	const size_t len = strlen(line);
	char *at = b->data, *end = b->data + b->len;
	while ((at = memmem(at, (size_t)(end - at), line, len))) {
		const char *behind = at + len;
		const bool longer =
			behind < end &&
			(*behind == 'X' || (end - behind > 2 && memcmp(behind, "--X", 3) == 0));
		if (!longer)
			*at = '.';
		at++;
	}
}

struct expected {
	size_t count, offset[MULTIPART_MAX_PARTS], length[MULTIPART_MAX_PARTS];
};

static void random_body(struct buf *body, const char *boundary, struct expected *want)
{
	if (below(2))
		buf_adds(body, "preamble\r\n");
	want->count = below(below(10) ? 4 : MULTIPART_MAX_PARTS + 1);
	for (size_t i = 0; i < want->count; i++) {
		struct buf content = BUF(1 << 20);
		random_content(&content, boundary);
		assert_false(content.too_big);
		/* A line feed taken out of the front would be the one that ends the headers. */
		if (content.data[0] != '\n')
			content.len = 1;
		buf_addf(body, "--%s%*s\r\n", boundary, (int)below(3), "");
		buf_addf(body, "Content-Disposition: form-data; name=n%zu\r\n\r\n", i);
		want->offset[i] = body->len;
		want->length[i] = content.len - 1;
		buf_add(body, content.data + 1, content.len - 1);
		buf_adds(body, "\r\n");
		buf_clear(&content);
	}
	buf_addf(body, "--%s--", boundary);
	if (below(2))
		buf_addf(body, "\r\nepilogue\r\n--%s\r\n", boundary);
}

static void finds_what_was_generated(void **state)
{
	(void)state;
	for (int round = 0; round < 600; round++) {
		char boundary[MULTIPART_BOUNDARY_SIZE];
		random_boundary(boundary);
		struct buf body = BUF(8 << 20);
		struct expected want;
		random_body(&body, boundary, &want);
		assert_false(body.too_big);

		cleanup(cleanup_fd) int fd = spool(body.data, body.len);
		cleanup(multipart_clear) struct multipart m = { 0 };
		cleanup(cleanup_err) struct err *e =
			multipart_parse_window(fd, body.len, boundary, SMALL + below(500), &m);
		if (e)
			fail_msg("round %d: %s", round, err_message(e));
		assert_int_equal(m.count, want.count);
		for (size_t i = 0; i < want.count; i++) {
			cleanup(cleanup_free) char *name = mem_printf("n%zu", i);
			assert_string_equal(m.parts[i].name, name);
			assert_int_equal(m.parts[i].offset, want.offset[i]);
			assert_int_equal(m.parts[i].length, want.length[i]);
		}
		buf_clear(&body);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, reset)
	const struct CMUnitTest tests[] = {
		TEST(reads_what_a_browser_sends),
		TEST(accepts_every_lawful_form),
		TEST(accepts_a_form_without_parts),
		TEST(refuses_every_broken_form),
		TEST(reads_names_as_browsers_write_them),
		TEST(keeps_doubled_fields),
		TEST(keeps_a_nested_multipart_as_bytes),
		TEST(boundary_comes_from_the_content_type),
		TEST(refuses_a_bad_content_type),
		TEST(limits_the_parts),
		TEST(limits_the_headers),
		TEST(limits_preamble_and_padding),
		TEST(refuses_every_truncation),
		TEST(finds_a_boundary_across_the_window_edge),
		TEST(refuses_a_size_beyond_the_file),
		TEST(survives_short_and_interrupted_reads),
		TEST(a_failing_disk_is_not_the_clients_fault),
		TEST(reads_each_byte_once),
		TEST(part_text_takes_only_text),
		TEST(finds_what_was_generated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
