/* voiceover-jobs: drains the queue and runs workflows. */
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/conf.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/io/http.h"
#include "jobs/runner.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char program[] = "voiceover-jobs";
enum { DEFAULT_CONCURRENCY = 50, MAX_CONCURRENCY = 1000, MAX_CONNECTIONS = 8 };

struct options {
	bool drain, check_config;
	long concurrency;
};

static int usage(int code)
{
	fprintf(code == EX_OK ? stdout : stderr,
		"usage: voiceover-jobs [--drain] [--concurrency N] [--check-config]\n\n"
		"  --drain          end when nothing is due and nothing runs (for cron)\n"
		"  --concurrency N  workflows at a time, 1 to %d (default %d)\n"
		"  --check-config   check the settings and end\n\n"
		"Without --drain it stays. Settings come from the environment; voiceoverctl "
		"config\n"
		"lists them. SIGTERM: take nothing new, finish or hand back what runs within\n"
		"STOP_GRACE_S seconds, and leave; a second SIGTERM: leave at once.\n",
		MAX_CONCURRENCY, DEFAULT_CONCURRENCY);
	return code;
}

/* Reads the command line; -1 to go on, else the exit code. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "drain", no_argument, NULL, 'd' },
		{ "concurrency", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	*o = (struct options){ .concurrency = DEFAULT_CONCURRENCY };
	for (int c = 0; c != -1;) {
		char *end = NULL;
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet */
		c = getopt_long(argc, argv, "", names, NULL);
		if (c == 'd')
			o->drain = true;
		else if (c == 'C')
			o->check_config = true;
		else if (c == 'c')
			o->concurrency = strtol(optarg, &end, 10);
		else if (c != -1)
			return usage(c == 'h' ? EX_OK : EX_USAGE);
		if (end && (*end || o->concurrency < 1 || o->concurrency > MAX_CONCURRENCY))
			return usage(EX_USAGE);
	}
	return optind < argc ? usage(EX_USAGE) : -1;
}

/* Blocked before any thread exists, and waited for in main; SIGUSR2 says that the queue is empty.
 */
static sigset_t block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return set;
}

static void on_drained(void *arg)
{
	(void)arg;
	kill(getpid(), SIGUSR2);
}

/* Waits for the end, and ends; a signal from now on kills at once. */
static void wait_and_stop(struct runner *runner, const struct conf *conf, sigset_t *signals,
			  struct runner_summary *ret)
{
	int signal_number;
	sigwait(signals, &signal_number);
	if (signal_number != SIGUSR2)
		log_info("stopping; a second signal ends at once");
	sigdelset(signals, SIGUSR2);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
	runner_stop(runner, conf->stop_grace_s, ret);
}

static struct err *run(const struct conf *conf, const struct options *options)
{
	struct services services;
	cleanup(cleanup_queue) struct queue *queue = NULL;
	if (*conf->redis_url) {
		const struct queue_options queue_options = {
			.url = conf->redis_url,
			.prefix = conf->queue_prefix,
			.name = QUEUE_EXECUTIONS,
			.worker = program,
		};
		TRY(queue_new(&queue_options, &queue));
	}
	sigset_t signals = block_signals();
	long connections =
		options->concurrency < MAX_CONNECTIONS ? options->concurrency + 2 : MAX_CONNECTIONS;
	services_open(&services, conf, program, (int)connections);
	const struct runner_options runner_options = {
		.services = &services,
		.queue = queue,
		.concurrency = (int)options->concurrency,
		.drain = options->drain,
		.on_drained = on_drained,
	};
	int64_t begin = clock_monotonic_ms();
	log_info("up: %ld workflows at a time, from %s", options->concurrency,
		 queue ? "the queue" : "the database");
	struct runner_summary summary;
	wait_and_stop(runner_start(&runner_options), conf, &signals, &summary);
	printf("%s: %ld completed, %ld failed, %ld cancelled, %ld handed back, %.1f s\n", program,
	       summary.ends[ASSIGNMENT_COMPLETED], summary.ends[ASSIGNMENT_FAILED],
	       summary.ends[ASSIGNMENT_CANCELLED], summary.ends[ASSIGNMENT_RETURNED],
	       (double)(clock_monotonic_ms() - begin) / 1000);
	services_close(&services);
	return NULL;
}

int main(int argc, char **argv)
{
	struct options options;
	int code = read_options(argc, argv, &options);
	if (code >= 0)
		return code;
	static struct conf conf;
	cleanup(cleanup_err) struct err *e = conf_load(CONF_NEEDS_ALL, &conf);
	if (!e && !options.check_config) {
		log_open(program, (enum log_level)log_level_parse(conf.log_level));
		js_init();
		http_init();
		e = run(&conf, &options);
	}
	if (e)
		fprintf(stderr, "%s: %s\n", program, err_message(e));
	return e ? EX_CONFIG : EX_OK;
}
