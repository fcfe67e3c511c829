/*
 * The least that a FastCGI responder with a database can do, to measure ours beside it: accept, run
 * the statement of GET /api/voice-profiles, already prepared, and write its value out. No sign-in,
 * no routes, no errors but the end.
 *
 * usage: bare DATABASE_URL USER_ID, on the socket that it inherits as standard input
 */
#include "sql.h"

#include <fcgiapp.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

static const struct query *const list = &Q_VOICE_PROFILE_LIST;

static bool prepare(PGconn *db)
{
	PGresult *result = PQprepare(db, list->name, list->text, 0, NULL);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return done;
}

static bool answer(PGconn *db, const char *user_id, FCGX_Stream *out)
{
	static const char head[] = "Content-Type: application/json; charset=utf-8\r\n\r\n";
	PGresult *result = PQexecPrepared(db, list->name, 1, &user_id, NULL, NULL, 0);
	bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
	if (done) {
		FCGX_PutStr(head, sizeof(head) - 1, out);
		FCGX_PutStr(PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0), out);
	}
	PQclear(result);
	return done;
}

int main(int argc, char **argv)
{
	FCGX_Request request;
	if (argc != 3)
		return EX_USAGE;
	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		return EX_OSERR;
	PGconn *db = PQconnectdb(argv[1]);
	bool works = prepare(db);
	while (works && FCGX_Accept_r(&request) == 0)
		works = answer(db, argv[2], request.out);
	if (!works)
		fprintf(stderr, "bare: %s", PQerrorMessage(db));
	PQfinish(db);
	return works ? EX_OK : EX_UNAVAILABLE;
}
