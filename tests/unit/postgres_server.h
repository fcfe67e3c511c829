/*
 * A PostgreSQL server of the test's own: on a unix socket in a new folder, dead when the test is.
 * It does not run as root: a test that does runs it as the user postgres.
 */
#pragma once
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct postgres_server {
	pid_t pid;
	uid_t uid;
	char folder[40], data[60], bin[100];
	char url[100]; /* of the database "postgres" */
};

static inline uid_t postgres_server_uid(void)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];
	if (getuid() != 0)
		return getuid();
	if (getpwnam_r("postgres", &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		abort();
	return entry.pw_uid;
}

/* Starts a program of PostgreSQL's in the child; its output goes to `out`. */
static inline pid_t postgres_server_spawn(const struct postgres_server *s, int out,
					  const char *const *arguments)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", s->bin, arguments[0]);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	if (setuid(s->uid) != 0 || chdir(s->folder) != 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(path, (char *const *)arguments);
	_exit(127);
}

static inline void postgres_server_initdb(const struct postgres_server *s)
{
	const char *const arguments[] = { "initdb",    "-D",    s->data, "-U",   "test",
					  "-A",        "trust", "-E",    "UTF8", "--locale=C.UTF-8",
					  "--no-sync", NULL };
	int status = 0, nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = postgres_server_spawn(s, nowhere, arguments);
	close(nowhere);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		abort();
}

/* Starts the server in its folder and returns once it takes connections. */
static inline void postgres_server_run(struct postgres_server *s)
{
	const char *const arguments[] = { "postgres",
					  "-D",
					  s->data,
					  "-k",
					  s->folder,
					  "-c",
					  "listen_addresses=",
					  "-c",
					  "fsync=off",
					  "-c",
					  "shared_buffers=16MB",
					  NULL };
	int out[2];
	if (pipe2(out, O_CLOEXEC) != 0)
		abort();
	s->pid = postgres_server_spawn(s, out[1], arguments);
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

static inline void postgres_server_start(struct postgres_server *s)
{
	glob_t found;
	signal(SIGPIPE, SIG_IGN);
	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
		abort();
	snprintf(s->bin, sizeof(s->bin), "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	snprintf(s->folder, sizeof(s->folder), "/tmp/postgres-test-XXXXXX");
	s->uid = postgres_server_uid();
	if (!mkdtemp(s->folder) || chown(s->folder, s->uid, (gid_t)-1) != 0)
		abort();
	snprintf(s->data, sizeof(s->data), "%s/data", s->folder);
	snprintf(s->url, sizeof(s->url), "postgresql:///postgres?host=%s&user=test", s->folder);
	postgres_server_initdb(s);
	postgres_server_run(s);
}

/* Ends the server at once, and its connections; the data stay for another postgres_server_run. */
static inline void postgres_server_kill(struct postgres_server *s)
{
	kill(s->pid, SIGQUIT);
	waitpid(s->pid, NULL, 0);
}

static inline int postgres_server_remove(const char *path, const struct stat *st, int type,
					 struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static inline void postgres_server_stop(struct postgres_server *s)
{
	postgres_server_kill(s);
	nftw(s->folder, postgres_server_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/*
 * Runs a statement on a connection of its own; the caller frees the first value, which is NULL
 * where there is none. A refused statement ends the test.
 */
static inline __attribute__((format(printf, 2, 3))) char *
postgres_server_ask(const struct postgres_server *s, const char *fmt, ...)
{
	char *sql = NULL;
	va_list ap;
	va_start(ap, fmt);
	if (vasprintf(&sql, fmt, ap) < 0)
		abort();
	va_end(ap);
	PGconn *conn = PQconnectdb(s->url);
	PGresult *result = PQexec(conn, sql);
	free(sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		fprintf(stderr, "%s\n", PQerrorMessage(conn));
		abort();
	}
	bool found = PQntuples(result) > 0 && !PQgetisnull(result, 0, 0);
	char *value = found ? mem_strdup(PQgetvalue(result, 0, 0)) : NULL;
	PQclear(result);
	PQfinish(conn);
	return value;
}
