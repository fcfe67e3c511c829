/*
 * voiceover-jobs: takes workflows from the queue and runs them, and does what else has to be done
 * from time to time. Exit codes: 0 done; EX_USAGE for a wrong command line; EX_CONFIG for wrong
 * settings; EX_TEMPFAIL where the queue or the database could not be reached; EX_SOFTWARE where a
 * duty failed otherwise; ended by a second signal: that signal.
 */
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/conf.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/duties.h"
#include "jobs/io/http.h"
#include "jobs/progress.h"
#include "jobs/runner.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

static const char program[] = "voiceover-jobs";
enum {
	DEFAULT_CONCURRENCY = 50,
	MAX_CONCURRENCY = 1000,
	MAX_CONNECTIONS = 8,           /* to the database */
	METRICS_MINUTES = 7 * 24 * 60, /* for dashboards */
	TICK_MS = 250,                 /* how often the progress bar is drawn */
	MAX_SCREEN = 4096,
	/* Of malloc: threads mostly wait, and each arena more would keep what they freed. */
	ARENAS = 2,
};

struct options {
	bool drain, check_config, progress;
	long concurrency;
	long seconds; /* 0: without end */
	const struct duty *duty;
};

static int usage(int code)
{
	FILE *out = code == EX_OK ? stdout : stderr;
	fprintf(out,
		"usage: voiceover-jobs [--drain | --for SECONDS] [--concurrency N] [--progress]\n"
		"       voiceover-jobs DUTY\n"
		"       voiceover-jobs --check-config\n\n"
		"  --drain          end when nothing is due and nothing runs (for cron)\n"
		"  --for SECONDS    take nothing new after so many seconds, and end when nothing "
		"runs\n"
		"  --concurrency N  workflows at a time, 1 to %d (default %d)\n"
		"  --progress       draw a progress bar, if this is a terminal\n"
		"  --check-config   check the settings and end\n\n"
		"Without --drain and --for it stays. Settings come from the environment; "
		"voiceoverctl\n"
		"config lists them. SIGTERM: take nothing new, finish or hand back what runs "
		"within\n"
		"STOP_GRACE_S seconds, and leave; a second SIGTERM: leave at once.\n\n"
		"It does these duties, too, now and then; a DUTY named alone is done once:\n\n",
		MAX_CONCURRENCY, DEFAULT_CONCURRENCY);
	for (int i = 0; i < DUTIES; i++)
		fprintf(out, "  %-15s  %s (every %lld s)\n", duty_table[i].name, duty_table[i].help,
			(long long)duty_table[i].every_ms / 1000);
	fputs("\nExit status: 0 done; 64 wrong command line; 70 a duty failed; 75 the queue or the "
	      "database\ncould not be reached (a duty at once, --drain for a minute); 78 wrong "
	      "settings.\n",
	      out);
	return code;
}

/* A whole number from 1 to `max`, or 0. */
static long read_number(const char *text, long max)
{
	char *end = NULL;
	errno = 0;
	long number = strtol(text, &end, 10);
	return errno || *end || number < 1 || number > max ? 0 : number;
}

/* Takes one option over; false where it is wrong. */
static bool read_option(int c, struct options *o)
{
	if (c == 'f')
		o->seconds = read_number(optarg, INT_MAX);
	if (c == 'c')
		o->concurrency = read_number(optarg, MAX_CONCURRENCY);
	o->drain = o->drain || c == 'd';
	o->progress = o->progress || c == 'p';
	o->check_config = o->check_config || c == 'C';
	return c != '?' && (c != 'f' || o->seconds > 0) && (c != 'c' || o->concurrency > 0);
}

/* Reads the command line; -1 to go on, else the exit code. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "drain", no_argument, NULL, 'd' },
		{ "for", required_argument, NULL, 'f' },
		{ "concurrency", required_argument, NULL, 'c' },
		{ "progress", no_argument, NULL, 'p' },
		{ "check-config", no_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	*o = (struct options){ .concurrency = DEFAULT_CONCURRENCY };
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet */
	for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		if (c == 'h')
			return usage(EX_OK);
		if (!read_option(c, o))
			return usage(EX_USAGE);
	}
	if (o->drain && o->seconds > 0)
		return usage(EX_USAGE);
	if (optind == argc)
		return -1;
	o->duty = duty_find(argv[optind]);
	return o->duty && optind + 1 == argc ? -1 : usage(EX_USAGE);
}

/*
 * Blocked before any thread exists, and waited for in main; SIGUSR2 says that the runner is over.
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

static void on_over(void *arg)
{
	(void)arg;
	kill(getpid(), SIGUSR2);
}

/* What main watches while the runner works. */
struct watch {
	struct runner *runner;
	struct queue *queue;
	const struct options *options;
	int64_t begin_ms;
	bool draws; /* the progress bar */
};

static void draw(const struct watch *w)
{
	const struct runner_summary summary = runner_look(w->runner);
	const long *ends = summary.ends;
	struct queue_counts counts = { 0 };
	struct winsize size = { 0 };
	if (w->queue)
		err_free(queue_count(w->queue, &counts));
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		size.ws_col = 80;
	const struct progress progress = {
		.ended = ends[ASSIGNMENT_COMPLETED] + ends[ASSIGNMENT_FAILED] +
			 ends[ASSIGNMENT_CANCELLED],
		.failed = ends[ASSIGNMENT_FAILED],
		.running = summary.running,
		.waiting = counts.waiting + counts.prioritized,
		.elapsed_ms = clock_monotonic_ms() - w->begin_ms,
	};
	cleanup(buf_clear) struct buf line = BUF(MAX_SCREEN);
	progress_line(&progress, size.ws_col - 1, &line);
	fprintf(stderr, "\r%s\033[K", line.data);
}

static int64_t ms_to_next_look(const struct watch *w)
{
	int64_t left = INT_MAX;
	if (w->options->seconds > 0)
		left = w->begin_ms + (int64_t)w->options->seconds * 1000 - clock_monotonic_ms();
	if (left < 0)
		left = INT_MAX; /* it has been closed */
	return w->draws && left > TICK_MS ? TICK_MS : left;
}

/* Waits until the runner is over, or somebody wants it to end. */
static void wait_for_end(const struct watch *w, const sigset_t *signals)
{
	for (;;) {
		int64_t ms = ms_to_next_look(w);
		const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
		int signal_number = sigtimedwait(signals, NULL, &t);
		if (signal_number == SIGUSR2)
			return;
		if (signal_number > 0) {
			log_info("stopping; a second signal ends at once");
			return;
		}
		int64_t elapsed = clock_monotonic_ms() - w->begin_ms;
		if (w->options->seconds > 0 && elapsed >= (int64_t)w->options->seconds * 1000)
			runner_close(w->runner);
		if (w->draws)
			draw(w);
	}
}

static void print_summary(const struct runner_summary *s, int64_t begin_ms)
{
	printf("%s: %ld completed, %ld failed, %ld retried, %ld cancelled, %ld handed back, %.1f "
	       "s\n",
	       program, s->ends[ASSIGNMENT_COMPLETED], s->ends[ASSIGNMENT_FAILED],
	       s->ends[ASSIGNMENT_RETRIED], s->ends[ASSIGNMENT_CANCELLED],
	       s->ends[ASSIGNMENT_RETURNED], (double)(clock_monotonic_ms() - begin_ms) / 1000);
}

/* Runs workflows until the end; returns the exit code. */
static int work(const struct services *services, struct queue *queue, const struct options *options,
		sigset_t *signals)
{
	const struct runner_options runner_options = {
		.services = services,
		.queue = queue,
		.concurrency = (int)options->concurrency,
		.drain = options->drain,
		.on_over = on_over,
	};
	struct watch watch = {
		.queue = queue,
		.options = options,
		.begin_ms = clock_monotonic_ms(),
		.draws = options->progress && isatty(STDERR_FILENO),
	};
	log_info("up: %ld workflows at a time, from %s", options->concurrency,
		 queue ? "the queue" : "the database");
	watch.runner = runner_start(&runner_options);
	wait_for_end(&watch, signals);
	if (watch.draws) {
		draw(&watch);
		fputs("\n", stderr);
	}
	/* A signal from now on kills at once. */
	sigdelset(signals, SIGUSR2);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
	struct runner_summary summary;
	runner_stop(watch.runner, services->conf->stop_grace_s, &summary);
	print_summary(&summary, watch.begin_ms);
	if (summary.gave_up)
		fprintf(stderr, "%s: gave up, since the queue or the database cannot be reached\n",
			program);
	return summary.gave_up ? EX_TEMPFAIL : EX_OK;
}

/* Does one duty; returns the exit code. */
static int do_duty(const struct duties *d, const struct duty *duty)
{
	if (duty->of_queue && !d->queue) {
		fprintf(stderr, "%s: %s needs a queue, but REDIS_URL is not set\n", program,
			duty->name);
		return EX_CONFIG;
	}
	int count = 0;
	cleanup(cleanup_err) struct err *e = duty->run(d, &count);
	printf("%s %s: %d %s\n", program, duty->name, count, duty->counted);
	if (!e)
		return EX_OK;
	fprintf(stderr, "%s %s: %s\n", program, duty->name, err_message(e));
	return err_is_retryable(e) ? EX_TEMPFAIL : EX_SOFTWARE;
}

static struct err *open_queue(const struct conf *conf, struct queue **ret)
{
	const struct queue_options options = {
		.url = conf->redis_url,
		.prefix = conf->queue_prefix,
		.name = QUEUE_EXECUTIONS,
		.worker = program,
		.metrics_minutes = METRICS_MINUTES,
	};
	return *conf->redis_url ? queue_new(&options, ret) : NULL;
}

static struct err *run(const struct conf *conf, const struct options *options, int *ret_code)
{
	struct services services;
	cleanup(cleanup_queue) struct queue *queue = NULL;
	TRY(open_queue(conf, &queue));
	sigset_t signals = block_signals();
	long connections =
		options->concurrency < MAX_CONNECTIONS ? options->concurrency + 2 : MAX_CONNECTIONS;
	services_open(&services, conf, program, (int)connections);
	const struct duties duties = { .services = &services, .queue = queue };
	if (options->duty)
		*ret_code = do_duty(&duties, options->duty);
	else
		*ret_code = work(&services, queue, options, &signals);
	services_close(&services);
	return NULL;
}

/* The log would tear the progress bar; only what matters is let through then. */
static enum log_level level_of(const struct conf *conf, const struct options *options)
{
	enum log_level level = (enum log_level)log_level_parse(conf->log_level);
	bool draws = options->progress && isatty(STDERR_FILENO);
	return draws && level == LOG_INFO ? LOG_WARN : level;
}

int main(int argc, char **argv)
{
	struct options options;
	mallopt(M_ARENA_MAX, ARENAS); /* NOLINT(concurrency-mt-unsafe): before any thread */
	int code = read_options(argc, argv, &options);
	if (code >= 0)
		return code;
	code = EX_OK;
	static struct conf conf;
	cleanup(cleanup_err) struct err *e = conf_load(CONF_NEEDS_ALL, &conf);
	if (!e && !options.check_config) {
		log_open(program, level_of(&conf, &options));
		js_init();
		http_init();
		e = run(&conf, &options, &code);
	}
	if (e)
		fprintf(stderr, "%s: %s\n", program, err_message(e));
	return e ? EX_CONFIG : code;
}
