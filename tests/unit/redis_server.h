/* A redis-server of the test's own: on a unix socket in a new folder, dead when the test is. */
#pragma once
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
	pid_t pid;
	char folder[40];
	char socket[60];
	char url[80];
};

/* Runs redis-server in the child; `out` receives what it logs. */
static inline void redis_server_exec(const struct redis_server *s, int out, const char *password)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", s->socket, "--dir",
	       s->folder, "--save", "", "--requirepass", password, (char *)NULL);
	_exit(127);
}

/* Starts the server in its folder and returns once it takes connections; "" for no password. */
static inline void redis_server_run(struct redis_server *s, const char *password)
{
	int out[2];
	if (pipe(out) != 0)
		abort();
	s->pid = fork();
	if (s->pid == 0)
		redis_server_exec(s, out[1], password);
	close(out[1]);
	FILE *lines = fdopen(out[0], "r");
	char line[400];
	while (fgets(line, sizeof(line), lines))
		if (strstr(line, "ready to accept connections"))
			break;
	if (feof(lines))
		abort();
	fclose(lines);
}

static inline void redis_server_start(struct redis_server *s, const char *password)
{
	signal(SIGPIPE, SIG_IGN);
	snprintf(s->folder, sizeof(s->folder), "/tmp/redis-test-XXXXXX");
	if (!mkdtemp(s->folder))
		abort();
	snprintf(s->socket, sizeof(s->socket), "%s/redis.sock", s->folder);
	snprintf(s->url, sizeof(s->url), "unix://%s", s->socket);
	redis_server_run(s, password);
}

/* Ends the process as a power cut would; the folder stays for another redis_server_run. */
static inline void redis_server_kill(struct redis_server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	unlink(s->socket);
}

static inline void redis_server_stop(struct redis_server *s)
{
	redis_server_kill(s);
	rmdir(s->folder);
}
