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
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

static const char program[] = "voiceover-fcgi";
static const int stop_signals[] = { SIGTERM, SIGINT, SIGUSR1 };
enum { STOP_SIGNALS = sizeof(stop_signals) / sizeof(stop_signals[0]) };

/*
 * A descriptor that becomes readable on a stop. The signals stay blocked all the time: libfcgi
 * takes an interrupted read for the end of the body. Threads inherit the mask.
 */
static int open_stop(void)
{
	sigset_t stop;
	sigemptyset(&stop);
	for (int i = 0; i < STOP_SIGNALS; i++)
		sigaddset(&stop, stop_signals[i]);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &stop, SFD_CLOEXEC);
}

/*
 * Watches for requests and for a stop. Exclusively, as the whole pool shares the socket: without
 * it, each request would wake every idle responder.
 */
static int open_watch(int stop)
{
	struct epoll_event request = { .events = EPOLLIN | EPOLLEXCLUSIVE,
				       .data.fd = STDIN_FILENO };
	struct epoll_event leave = { .events = EPOLLIN, .data.fd = stop };
	int watch = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(watch, EPOLL_CTL_ADD, STDIN_FILENO, &request) != 0 ||
	    epoll_ctl(watch, EPOLL_CTL_ADD, stop, &leave) != 0)
		return -1;
	return watch;
}

/* Waits for a request; false when there is a stop, even if there is a request as well. */
static bool await_request(int watch)
{
	struct epoll_event events[2];
	int n;
	do
		n = epoll_wait(watch, events, 2, -1);
	while (n < 0 && errno == EINTR); /* a debugger, or SIGSTOP and SIGCONT */
	for (int i = 0; i < n; i++)
		if (events[i].data.fd != STDIN_FILENO)
			return false;
	return n > 0;
}

/* Serves until a stop, or until this process has served its share. */
static void serve_requests(struct app *app, FCGX_Request *request, int watch)
{
	int left = app->conf->requests_per_responder;
	while (left > 0 && await_request(watch)) {
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
		.tokens = token_cache_new(),
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
	token_cache_free(app->tokens);
}

static int run(const struct conf *conf)
{
	FCGX_Request request;
	int stop = open_stop(), watch = open_watch(stop);
	if (watch < 0 || FCGX_Init() != 0 ||
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
	serve_requests(&app, &request, watch);
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
