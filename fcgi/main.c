/* voiceover-fcgi: one responder of the pool; single-threaded but for workflows run without Redis.
 */
#include "fcgi/app.h"
#include "fcgi/serve.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char program[] = "voiceover-fcgi";
static const int stop_signals[] = { SIGTERM, SIGINT, SIGUSR1 };
enum { STOP_SIGNALS = sizeof(stop_signals) / sizeof(stop_signals[0]) };

/* Only has to interrupt the wait for a request; sigpending tells that there is a stop. */
static void on_stop(int signal)
{
	(void)signal;
	FCGX_ShutdownPending();
}

/*
 * Signals are blocked all the time but while waiting for a request: libfcgi takes an interrupted
 * read for the end of the body. Returns what the mask is while waiting.
 */
static sigset_t block_stop_signals(void)
{
	sigset_t stop, waiting;
	struct sigaction action = { .sa_handler = on_stop }; /* no SA_RESTART: it must wake poll */
	sigemptyset(&stop);
	for (int i = 0; i < STOP_SIGNALS; i++) {
		sigaction(stop_signals[i], &action, NULL);
		sigaddset(&stop, stop_signals[i]);
	}
	pthread_sigmask(SIG_BLOCK, &stop, &waiting);
	for (int i = 0; i < STOP_SIGNALS; i++)
		sigdelset(&waiting, stop_signals[i]);
	signal(SIGPIPE, SIG_IGN);
	return waiting;
}

/* A busy process finds a request each time it polls, so a pending signal has to be asked for. */
static bool must_stop(void)
{
	sigset_t pending;
	sigpending(&pending);
	for (int i = 0; i < STOP_SIGNALS; i++)
		if (sigismember(&pending, stop_signals[i]))
			return true;
	return false;
}

/* Serves until a stop, or until this process has served its share. */
static void serve_requests(struct app *app, FCGX_Request *request, const sigset_t *waiting)
{
	struct pollfd listener = { .fd = STDIN_FILENO, .events = POLLIN };
	int left = app->conf->requests_per_responder;
	while (left > 0 && !must_stop()) {
		if (ppoll(&listener, 1, NULL, waiting) < 0 && errno == EINTR)
			break;
		int rc = FCGX_Accept_r(request);
		if (rc == -EAGAIN || rc == EAGAIN)
			continue; /* another responder was faster */
		if (rc < 0)
			break;
		serve(app, request);
		FCGX_Finish_r(request);
		left--;
	}
}

static struct err *open_app(struct app *app, const struct conf *conf)
{
	*app = (struct app){
		.conf = conf,
		.db = db_new(conf->database_url, program),
		.http = http_new(),
		.started_ms = clock_monotonic_ms(),
	};
	services_open(&app->services, conf, program, 2);
	if (*conf->redis_url) {
		const struct queue_options options = {
			.url = conf->redis_url,
			.prefix = conf->queue_prefix,
			.name = QUEUE_EXECUTIONS,
		};
		TRY(queue_new(&options, &app->queue));
		return NULL;
	}
	const struct runner_options options = {
		.services = &app->services,
		.concurrency = conf->engine_threads,
	};
	app->runner = runner_start(&options);
	return NULL;
}

static void close_app(struct app *app)
{
	struct runner_summary summary;
	if (app->runner)
		runner_stop(app->runner, app->conf->stop_grace_s, &summary);
	queue_free(app->queue);
	services_close(&app->services);
	http_free(app->http);
	db_free(app->db);
}

static int run(const struct conf *conf)
{
	FCGX_Request request;
	sigset_t waiting = block_stop_signals();
	if (FCGX_Init() != 0 ||
	    FCGX_InitRequest(&request, STDIN_FILENO, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		return EX_OSERR;
	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	struct app app;
	cleanup(cleanup_err) struct err *e = open_app(&app, conf);
	if (e) {
		fprintf(stderr, "%s: %s\n", program, err_message(e));
		return EX_CONFIG;
	}
	log_info("up");
	serve_requests(&app, &request, &waiting);
	FCGX_Free(&request, 1);
	close_app(&app);
	log_info("down");
	return EX_OK;
}

static int usage(int code)
{
	fprintf(code == EX_OK ? stdout : stderr,
		"usage: voiceover-fcgi [--check-config]\n\n"
		"Answers FastCGI requests on the socket that it inherits as standard input:\n"
		"  spawn-fcgi -n -s SOCKET -- multiwatch -f 4 -r 1000000 -- voiceover-fcgi\n\n"
		"Settings come from the environment; voiceoverctl config lists them.\n"
		"SIGTERM or SIGUSR1: finish the request and leave.\n");
	return code;
}

int main(int argc, char **argv)
{
	bool check = argc == 2 && !strcmp(argv[1], "--check-config");
	if (argc > 1 && !check)
		return usage(strcmp(argv[1], "--help") != 0 ? EX_USAGE : EX_OK);
	static struct conf conf;
	cleanup(cleanup_err) struct err *e = conf_load(CONF_NEEDS_ALL, &conf);
	if (e) {
		fprintf(stderr, "%s: %s\n", program, err_message(e));
		return EX_CONFIG;
	}
	log_open(program, (enum log_level)log_level_parse(conf.log_level));
	js_init();
	http_init();
	return check ? EX_OK : run(&conf);
}
