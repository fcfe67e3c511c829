/* The subcommands of voiceoverctl: each takes its own argv and returns an exit code (sysexits.h).
 */
#pragma once

int ctl_migrate(int argc, char **argv);
int ctl_config(int argc, char **argv);
int ctl_audio(int argc, char **argv);
int ctl_queue(int argc, char **argv);
