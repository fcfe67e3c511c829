/* /api/health: does the process answer, and is everything there that it needs? */
#include "jobs/model/health.h"
#include "fcgi/routes.h"
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"

enum { STORAGE_PATIENCE_MS = 2000 };

struct err *health_live(struct app *app, struct request *request, struct response *response)
{
	(void)request;
	char now[CLOCK_ISO_SIZE];
	cleanup(cleanup_json) struct json_object *o = json_object_new_object();
	js_set_string(o, "status", "ok");
	js_set_string(o, "timestamp", clock_iso(clock_ms(), now));
	js_set_double(o, "uptime", (double)(clock_monotonic_ms() - app->started_ms) / 1000);
	response_json(response, 200, js_text(o));
	return NULL;
}

static struct err *check_database(struct app *app)
{
	return health_check_database(app->db);
}

static struct err *check_redis(struct app *app)
{
	struct queue_counts counts;
	return app->queue ? queue_count(app->queue, &counts) : NULL;
}

/* A store that does not answer must not keep this responder from its users. */
static struct err *check_storage(struct app *app)
{
	const struct stop stop = { .deadline_ms = clock_monotonic_ms() + STORAGE_PATIENCE_MS };
	return s3_check(app->services.s3, app->http, &stop);
}

static const struct {
	const char *name;
	struct err *(*check)(struct app *app);
} parts[] = {
	{ "database", check_database },
	{ "redis", check_redis },
	{ "storage", check_storage },
};

struct err *health_ready(struct app *app, struct request *request, struct response *response)
{
	(void)request;
	cleanup(buf_clear) struct buf away = BUF(256);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		cleanup(cleanup_err) struct err *e = parts[i].check(app);
		if (!e)
			continue;
		log_warn("%s is away: %s", parts[i].name, err_message(e));
		buf_addf(&away, "%s%s", away.len ? ", " : "", parts[i].name);
	}
	if (away.len > 0)
		return err_new(ERR_UNAVAILABLE, "Not ready: %s", away.data);
	response_json(response, 200, mem_strdup("{\"status\":\"ok\"}"));
	return NULL;
}
