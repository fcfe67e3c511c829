#include "jobs/base/cleanup.h"
#include "jobs/base/conf.h"
#include "tools/voiceoverctl/commands.h"

#include <stdio.h>
#include <sysexits.h>

int ctl_config(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("| setting | default | meaning |\n|---|---|---|\n");
	conf_describe(stdout);
	static struct conf conf; /* its strings live as long as the process */
	cleanup(cleanup_err) struct err *e = conf_load(CONF_NEEDS_ALL, &conf);
	if (!e)
		return EX_OK;
	fprintf(stderr, "\n%s\n", err_message(e));
	return EX_CONFIG;
}
