#include "jobs/base/cleanup.h"
#include "jobs/base/conf.h"
#include "jobs/io/db.h"
#include "jobs/model/migration.h"
#include "tools/voiceoverctl/commands.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void cleanup_db(struct db **db)
{
	db_free(*db);
}

static void print_applying(const struct migration *m, void *arg)
{
	++*(int *)arg;
	printf("applying %s\n", m->version);
}

static void print_status(const struct migration *m, void *arg)
{
	*(int *)arg += !m->applied;
	printf("%-8s %s\n", m->applied ? "applied" : "missing", m->version);
}

static int exit_code(const struct err *e)
{
	return err_kind(e) == ERR_UNAVAILABLE ? EX_TEMPFAIL : EX_SOFTWARE;
}

int ctl_migrate(int argc, char **argv)
{
	bool status = argc == 2 && !strcmp(argv[1], "--status");
	if (argc > 1 && !status) {
		fprintf(stderr, "usage: voiceoverctl migrate [--status]\n");
		return EX_USAGE;
	}
	static struct conf conf; /* its strings live as long as the process */
	cleanup(cleanup_err) struct err *e = conf_load(CONF_NEEDS_DATABASE, &conf);
	if (e) {
		fprintf(stderr, "voiceoverctl: %s\n", err_message(e));
		return EX_CONFIG;
	}
	cleanup(cleanup_db) struct db *db = db_new(conf.database_url, "voiceoverctl");
	int count = 0;
	e = status ? migration_status(db, print_status, &count)
		   : migration_apply(db, print_applying, &count);
	if (e) {
		cleanup(cleanup_free) char *stack = err_stack(e);
		fprintf(stderr, "voiceoverctl: %s\n%s\n", err_message(e), stack);
		return exit_code(e);
	}
	if (!status)
		printf("the schema is up to date (%d applied)\n", count);
	return status && count > 0 ? 1 : EX_OK;
}
