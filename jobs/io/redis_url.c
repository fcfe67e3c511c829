#include "jobs/io/redis_url.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

enum { DEFAULT_PORT = 6379, MAX_PORT = 65535, MAX_DATABASE = 65535 };

static void cleanup_curlu(CURLU **u)
{
	curl_url_cleanup(*u);
}

/* A part of the URL, decoded, as our own copy; NULL where it is absent or empty. */
static char *url_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	if (curl_url_get(u, part, &text, CURLU_URLDECODE) != CURLUE_OK || !*text) {
		curl_free(text);
		return NULL;
	}
	char *copy = mem_strdup(text);
	OPENSSL_cleanse(text, strlen(text));
	curl_free(text);
	return copy;
}

/* A decimal number up to `max`; `fallback` for NULL, -1 for anything else. */
static int parse_number(const char *text, int max, int fallback)
{
	if (!text)
		return fallback;
	int number = 0;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return -1;
		number = number * 10 + (*c - '0');
		if (number > max)
			return -1;
	}
	return *text ? number : -1;
}

/* host[:port][/db] */
static struct err *read_tcp(CURLU *u, struct redis_url *ret)
{
	ret->host = url_part(u, CURLUPART_HOST);
	cleanup(cleanup_free) char *port = url_part(u, CURLUPART_PORT);
	cleanup(cleanup_free) char *path = url_part(u, CURLUPART_PATH);
	ret->port = parse_number(port, MAX_PORT, DEFAULT_PORT);
	ret->database = parse_number(path && path[1] ? path + 1 : NULL, MAX_DATABASE, 0);
	if (!ret->host || ret->port < 1)
		return err_new(ERR_INVALID, "The Redis URL names no host, or no valid port");
	if (ret->database < 0)
		return err_new(ERR_INVALID, "The path of the Redis URL must be a database number");

	size_t len = strlen(ret->host);
	if (ret->host[0] == '[') { /* curl keeps the brackets of an IPv6 address */
		memmove(ret->host, ret->host + 1, len);
		ret->host[len - 2] = '\0';
	}
	ret->label = mem_printf("%s port %d", ret->host, ret->port);
	return NULL;
}

/* /path[?db=n] */
static struct err *read_unix(CURLU *u, struct redis_url *ret)
{
	ret->socket = url_part(u, CURLUPART_PATH);
	cleanup(cleanup_free) char *query = url_part(u, CURLUPART_QUERY);
	bool has_db = query && strncmp(query, "db=", 3) == 0;
	ret->database = has_db ? parse_number(query + 3, MAX_DATABASE, 0) : query ? -1 : 0;
	if (!ret->socket || !ret->socket[1] || ret->database < 0)
		return err_new(ERR_INVALID,
			       "The Redis URL of a socket must look like unix:///path?db=0");
	ret->label = mem_strdup(ret->socket);
	return NULL;
}

/*
 * curl takes the first folder of a path for a host where the URL has none, so a host is put in.
 * NULL where `url` is of neither form.
 */
static char *url_for_curl(const char *url)
{
	static const char tcp[] = "redis://", local[] = "unix://";
	if (strncmp(url, tcp, strlen(tcp)) == 0)
		return url[strlen(tcp)] == '/' ? NULL : mem_strdup(url);
	if (strncmp(url, local, strlen(local)) != 0)
		return NULL;
	const char *login = url + strlen(local);
	int len = (int)strcspn(login, "/");
	bool bare_host = len > 0 && login[len - 1] != '@';
	return bare_host ? NULL : mem_printf("redis://%.*ssocket%s", len, login, login + len);
}

struct err *redis_url_parse(const char *url, struct redis_url *ret)
{
	*ret = (struct redis_url){ 0 };
	if (strncmp(url, "rediss://", 9) == 0)
		return err_new(ERR_INVALID, "Redis over TLS (rediss://) is not available in this "
					    "build; connect through stunnel or a unix socket");
	cleanup(cleanup_free) char *full = url_for_curl(url);
	cleanup(cleanup_curlu) CURLU *u = curl_url();
	if (!u)
		abort();
	CURLUcode rc = full ? curl_url_set(u, CURLUPART_URL, full, CURLU_NON_SUPPORT_SCHEME)
			    : CURLUE_MALFORMED_INPUT;
	if (full)
		OPENSSL_cleanse(full, strlen(full));
	if (rc != CURLUE_OK) /* the URL may hold a password: it is not repeated */
		return err_new(ERR_INVALID, "The Redis URL must look like redis://host:6379/0 or "
					    "unix:///path/to/socket");
	ret->user = url_part(u, CURLUPART_USER);
	ret->password = url_part(u, CURLUPART_PASSWORD);
	return url[0] == 'u' ? read_unix(u, ret) : read_tcp(u, ret);
}

void redis_url_clear(struct redis_url *u)
{
	if (u->password)
		OPENSSL_cleanse(u->password, strlen(u->password));
	char *owned[] = { u->host, u->socket, u->user, u->password, u->label };
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
	*u = (struct redis_url){ 0 };
}
