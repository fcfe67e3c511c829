/* voiceoverctl: the administrator's command line. */
#include "tools/voiceoverctl/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int help(int argc, char **argv);

static const struct command {
	const char *name, *arguments, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "migrate", "[--status]", "bring the database's schema up to date, or show where it is",
	  ctl_migrate },
	{ "config", "", "check the environment, and list every setting", ctl_config },
	{ "queue", "[ACTION]", "look at the queue and its failed jobs, retry, remove, pause, drain",
	  ctl_queue },
	{ "audio", "FILE...", "measure MP3 and WAV files", ctl_audio },
	{ "help", "", "show this text", help },
};

static void usage(FILE *out)
{
	fprintf(out, "usage: voiceoverctl COMMAND\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-8s %-11s %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	fprintf(out, "\nSettings come from the environment; see `voiceoverctl config`.\n");
}

static int help(int argc, char **argv)
{
	(void)argc, (void)argv;
	usage(stdout);
	return EX_OK;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (*name)
		fprintf(stderr, "voiceoverctl: there is no command \"%s\"\n", name);
	usage(stderr);
	return EX_USAGE;
}
