#include "jobs/io/hop.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <curl/curl.h>
#include <string.h>

/* Blanks and other characters that a URL may not have are encoded, as browsers do. */
enum {
	PARSE_FLAGS = CURLU_PATH_AS_IS | CURLU_ALLOW_SPACE | CURLU_URLENCODE | CURLU_DISALLOW_USER |
		      CURLU_NON_SUPPORT_SCHEME,
};

/* Framing and routing (RFC 9110, 7.6.1): in other hands they make another request of this one. */
static const char *const own_headers[] = {
	"Connection",     "Content-Length",    "Expect", "Host",
	"HTTP2-Settings", "Keep-Alive",        "TE",     "Trailer",
	"Upgrade",        "Transfer-Encoding",
};

/* What names of headers with credentials have in common: Authorization, X-Api-Key, Cookie, … */
static const char *const secret_words[] = {
	"auth", "cookie", "credential", "key", "passw", "secret", "session", "signature", "token",
};

/* What describes a body goes with it. */
static const char *const body_headers[] = { "Content-Type", "Content-Encoding", "Content-Language",
					    "Content-Location" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t name_length(const char *line)
{
	return strcspn(line, ":");
}

static bool is_named(const char *line, const char *const *names, size_t count)
{
	size_t len = name_length(line);
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == len && !strncasecmp(line, names[i], len))
			return true;
	return false;
}

static bool describes_body(const char *line)
{
	return is_named(line, body_headers, COUNT(body_headers));
}

static bool is_secret(const char *line)
{
	cleanup(cleanup_free) char *name = mem_strndup(line, name_length(line));
	for (size_t i = 0; i < COUNT(secret_words); i++)
		if (strcasestr(name, secret_words[i]))
			return true;
	return false;
}

/* A token, a colon, and no control characters but tabs (RFC 9110, 5.1 and 5.5). */
static struct err *check_header(const char *line)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = name_length(line);
	if (len == 0 || strspn(line, token) != len || line[len] != ':')
		return err_new(ERR_INVALID, "\"%.60s\" is not the name of a header", line);
	for (const char *p = line + len; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return err_new(ERR_INVALID,
				       "Header %.*s has a line break or control character",
				       (int)len, line);
	if (is_named(line, own_headers, COUNT(own_headers)))
		return err_new(ERR_INVALID, "Header %.*s is set by the system; leave it out",
			       (int)len, line);
	return NULL;
}

static struct err *copy_headers(struct hop *hop, const char *const *lines)
{
	size_t count = 0;
	while (lines && lines[count])
		TRY(check_header(lines[count++]));
	hop->headers = mem_alloc((count + 1) * sizeof(*hop->headers));
	for (size_t i = 0; i < count; i++)
		hop->headers[i] = lines[i];
	hop->request.headers = hop->headers;
	return NULL;
}

static void drop_headers(struct hop *hop, bool (*drop)(const char *line))
{
	const char **to = hop->headers;
	for (const char **from = hop->headers; *from; from++)
		if (!drop(*from))
			*to++ = *from;
	*to = NULL;
}

/* A part of the URL; the caller frees it with curl_free. NULL where there is none. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;
	return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static void cleanup_curl(char **text)
{
	curl_free(*text);
}

static bool is_scheme(CURLU *url, const char *name)
{
	cleanup(cleanup_curl) char *scheme = part_of(url, CURLUPART_SCHEME, 0);
	return scheme && !strcasecmp(scheme, name);
}

/* Reads `text`, relative to what was read before, and keeps the forms that are needed of it. */
static struct err *read_url(struct hop *hop, const char *text)
{
	CURLUcode code = curl_url_set(hop->url, CURLUPART_URL, text, PARSE_FLAGS);
	if (code == CURLUE_USER_NOT_ALLOWED)
		return err_new(ERR_INVALID, "The URL must not hold a user name or password; send "
					    "them in an Authorization header");
	bool is_http = is_scheme(hop->url, "http") || is_scheme(hop->url, "https");
	if (code == CURLUE_BAD_SCHEME || (code == CURLUE_OK && !is_http))
		return err_new(ERR_INVALID, "The URL has to begin with http:// or https://");
	if (code != CURLUE_OK)
		return err_new(ERR_INVALID, "The URL is not valid: %s", curl_url_strerror(code));
	curl_free(hop->text);
	curl_free(hop->host);
	hop->host = NULL;
	hop->text = part_of(hop->url, CURLUPART_URL, CURLU_PUNYCODE);
	if (hop->text && curl_url_set(hop->url, CURLUPART_URL, hop->text, PARSE_FLAGS) == CURLUE_OK)
		hop->host = part_of(hop->url, CURLUPART_HOST, 0);
	if (!hop->host)
		return err_new(ERR_INVALID, "The URL's host is not valid");
	hop->request.url = hop->text;
	return NULL;
}

struct err *hop_begin(struct hop *hop, const struct http_request *first)
{
	*hop = (struct hop){ .request = *first, .url = curl_url() };
	if (!hop->url)
		abort();
	TRY(copy_headers(hop, first->headers));
	return read_url(hop, first->url);
}

bool hop_is_redirect(int status)
{
	static const int statuses[] = { 301, 302, 303, 307, 308 };
	for (size_t i = 0; i < COUNT(statuses); i++)
		if (statuses[i] == status)
			return true;
	return false;
}

static void make_get(struct http_request *request)
{
	request->method = "GET";
	request->body = NULL;
	request->body_len = 0;
	request->body_file = NULL;
	request->parts = NULL;
	request->part_count = 0;
}

static void adapt_method(struct hop *hop, int status)
{
	const char *method = hop->request.method;
	bool see_other = status == 303 && strcmp(method, "HEAD") != 0;
	bool moved_post = (status == 301 || status == 302) && !strcmp(method, "POST");
	if (!see_other && !moved_post)
		return;
	make_get(&hop->request);
	drop_headers(hop, describes_body);
}

/* Host and port, which credentials are for. */
static char *authority_of(const struct hop *hop)
{
	cleanup(cleanup_curl) char *port = part_of(hop->url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	return mem_printf("%s:%s", hop->host, port ? port : "");
}

static struct err *follow(struct hop *hop, int status, const char *location)
{
	cleanup(cleanup_free) char *from = authority_of(hop);
	bool was_secure = is_scheme(hop->url, "https");
	TRY(read_url(hop, location));
	if (was_secure && !is_scheme(hop->url, "https"))
		return err_new(ERR_INVALID, "It would go on without encryption");
	cleanup(cleanup_free) char *to = authority_of(hop);
	if (strcasecmp(from, to) != 0)
		drop_headers(hop, is_secret);
	adapt_method(hop, status);
	return NULL;
}

struct err *hop_follow(struct hop *hop, int status, const char *location)
{
	cleanup(cleanup_free) char *host = mem_strdup(hop->host);
	cleanup(cleanup_err) struct err *e = follow(hop, status, location);
	return e ? err_new(ERR_REFUSED, "A redirect by %s was not followed. %s", host,
			   err_message(e))
		 : NULL;
}

void hop_clear(struct hop *hop)
{
	curl_url_cleanup(hop->url);
	curl_free(hop->text);
	curl_free(hop->host);
	free(hop->headers);
	*hop = (struct hop){ 0 };
}
