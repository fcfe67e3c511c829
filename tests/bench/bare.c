/*
 * The least that a FastCGI responder with a database can do, to measure ours beside it: accept, run
 * the statement of GET /api/voice-profiles, already prepared, and write its value out. No sign-in,
 * no routes, no errors but death.
 *
 * usage: bare USER_ID, on the socket that it inherits as standard input; DATABASE_URL is libpq's.
 */
#include "sql.h"

#include <fcgiapp.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

static const struct query *const list = &Q_VOICE_PROFILE_LIST;

static _Noreturn void die(PGconn *db)
{
	fprintf(stderr, "bare: %s", PQerrorMessage(db));
	exit(EX_UNAVAILABLE);
}

static PGconn *open_database(const char *url)
{
	PGconn *db = PQconnectdb(url);
	PGresult *result = PQprepare(db, list->name, list->text, 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		die(db);
	PQclear(result);
	return db;
}

static void answer(PGconn *db, const char *user_id, FCGX_Stream *out)
{
	static const char head[] = "Content-Type: application/json; charset=utf-8\r\n\r\n";
	PGresult *result = PQexecPrepared(db, list->name, 1, &user_id, NULL, NULL, 0);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		die(db);
	FCGX_PutStr(head, sizeof(head) - 1, out);
	FCGX_PutStr(PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0), out);
	PQclear(result);
}

int main(int argc, char **argv)
{
	const char *url = getenv("DATABASE_URL");
	FCGX_Request request;
	if (argc != 2 || !url)
		return EX_USAGE;
	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		return EX_OSERR;
	PGconn *db = open_database(url);
	while (FCGX_Accept_r(&request) == 0)
		answer(db, argv[1], request.out);
	PQfinish(db);
	return EX_OK;
}
