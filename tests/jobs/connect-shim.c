/*
 * Preloaded into a program, it writes down every connect() and answers for the DNS, so that tests
 * see what a program tries to reach without reaching it.
 *
 * CONNECT_TRACE   a file to which "address port" is added for each call
 * CONNECT_PUBLIC  the port on 127.0.0.1 that stands for all addresses but loopback
 * RESOLVE         name=addresses,addresses,…;name=…  The n-th look-up of a name gets the n-th
 *                 answer, later ones the last; addresses are joined by "+", and the name * stands
 *                 for all others. Names never leave the program.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_RULES = 64, MAX_ANSWER = 256, MAX_LINE = 100 };

typedef int connect_fn(int fd, const struct sockaddr *to, socklen_t len);
typedef int getaddrinfo_fn(const char *name, const char *service, const struct addrinfo *hints,
			   struct addrinfo **ret);

/* Set once for the whole program, and so read from any thread. */
static const char *setting(const char *name)
{
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe) */
	return value ? value : "";
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned asked[MAX_RULES]; /* how often each rule has answered */

static void *next_symbol(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	if (!symbol)
		abort();
	return symbol;
}

static in_port_t port_of(const struct sockaddr *to)
{
	return to->sa_family == AF_INET
		       ? ((const struct sockaddr_in *)(const void *)to)->sin_port
		       : ((const struct sockaddr_in6 *)(const void *)to)->sin6_port;
}

static void trace(const struct sockaddr *to)
{
	char address[INET6_ADDRSTRLEN] = "?", line[MAX_LINE];
	const void *bytes =
		to->sa_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)(const void *)to)->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)(const void *)to)->sin6_addr;
	inet_ntop(to->sa_family, bytes, address, sizeof(address));
	int n = snprintf(line, sizeof(line), "%s %u\n", address, ntohs(port_of(to)));
	int fd = open(setting("CONNECT_TRACE"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

/* What the kernel takes for this machine. */
static int is_loopback(const struct sockaddr *to)
{
	if (to->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)to;
		uint32_t address = ntohl(v4->sin_addr.s_addr);
		return address >> 24 == 127 || address == 0;
	}
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

static int connect_to_stand_in(int fd, int family)
{
	connect_fn *real = (connect_fn *)next_symbol("connect");
	unsigned long port = strtoul(setting("CONNECT_PUBLIC"), NULL, 10);
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons((in_port_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
	return family == AF_INET ? real(fd, (const struct sockaddr *)&v4, sizeof(v4))
				 : real(fd, (const struct sockaddr *)&v6, sizeof(v6));
}

/* The C library's own names for the parameters of these two are reserved. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int connect(int fd, const struct sockaddr *to, socklen_t len)
{
	connect_fn *real = (connect_fn *)next_symbol("connect");
	if (to->sa_family != AF_INET && to->sa_family != AF_INET6)
		return real(fd, to, len);
	trace(to);
	return is_loopback(to) ? real(fd, to, len) : connect_to_stand_in(fd, to->sa_family);
}

/* The answers of the rule for `name`, and the rule's number; NULL where there is none. */
static char *find_rule(char *rules, const char *name, int *ret_number)
{
	char *save = NULL, *found = NULL;
	int number = 0;
	for (char *rule = strtok_r(rules, ";", &save); rule && number < MAX_RULES;
	     rule = strtok_r(NULL, ";", &save), number++) {
		char *answers = strchr(rule, '=');
		*answers++ = '\0';
		if (strcmp(rule, "*") != 0 && strcasecmp(rule, name) != 0)
			continue;
		found = answers;
		*ret_number = number;
		if (*rule != '*')
			break;
	}
	return found;
}

/* Copies the answer whose turn it is. */
static int answer_for(const char *name, char answer[static MAX_ANSWER])
{
	char *rules = strdup(setting("RESOLVE")), *save = NULL;
	int number = 0;
	char *answers = find_rule(rules, name, &number);
	pthread_mutex_lock(&lock);
	unsigned turn = answers ? asked[number]++ : 0;
	pthread_mutex_unlock(&lock);
	char *next = answers ? strtok_r(answers, ",", &save) : NULL;
	for (unsigned i = 0; next; i++, next = strtok_r(NULL, ",", &save)) {
		snprintf(answer, MAX_ANSWER, "%s", next);
		if (i == turn)
			break;
	}
	free(rules);
	return answers != NULL;
}

/* Puts the results for each of the joined addresses into one list. */
static int resolve_all(char *addresses, const char *service, const struct addrinfo *hints,
		       struct addrinfo **ret)
{
	getaddrinfo_fn *real = (getaddrinfo_fn *)next_symbol("getaddrinfo");
	struct addrinfo **end = ret, only_numbers = hints ? *hints : (struct addrinfo){ 0 };
	char *save = NULL;
	only_numbers.ai_flags |= AI_NUMERICHOST;
	*ret = NULL;
	for (char *one = strtok_r(addresses, "+", &save); one; one = strtok_r(NULL, "+", &save)) {
		if (real(one, service, &only_numbers, end) != 0)
			*end = NULL;
		while (*end)
			end = &(*end)->ai_next;
	}
	return *ret ? 0 : EAI_NONAME;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret)
{
	char answer[MAX_ANSWER] = "";
	snprintf(answer, sizeof(answer), "%s", name ? name : "");
	if (resolve_all(answer, service, hints, ret) == 0)
		return 0;
	return answer_for(name ? name : "", answer) ? resolve_all(answer, service, hints, ret)
						    : EAI_NONAME;
}
