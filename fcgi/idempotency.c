#include "fcgi/idempotency.h"

#include "fcgi/multipart.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/digest.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"
#include "jobs/model/idempotency.h"

#include <string.h>
#include <unistd.h>

enum { MAX_KEY = 255, CHUNK = 64 * 1024 };

static struct err *check_key(const char *key)
{
	size_t len = 0;
	while (key[len] >= ' ' && key[len] <= '~')
		len++;
	if (len > MAX_KEY || key[len])
		return err_new(ERR_INVALID,
			       "Idempotency-Key has to be 1 to %d printable ASCII characters",
			       MAX_KEY);
	return NULL;
}

/* With its length, so that no two lists of texts come to the same. */
static void add_text(struct digest *d, const char *text)
{
	digest_add(d, text ? text : "", text ? strlen(text) + 1 : 1);
}

static struct err *add_content(struct digest *d, int fd, const struct part *part)
{
	cleanup(cleanup_free) char *chunk = mem_alloc(CHUNK);
	for (uint64_t done = 0; done < part->length;) {
		uint64_t left = part->length - done;
		ssize_t n = pread(fd, chunk, left < CHUNK ? (size_t)left : CHUNK,
				  (off_t)(part->offset + done));
		if (n <= 0)
			return err_new(ERR_INTERNAL, "a spooled upload cannot be read: %m");
		digest_add(d, chunk, (size_t)n);
		done += (uint64_t)n;
	}
	return NULL;
}

/* The parts, not the bytes between them: a client that tries again draws a new boundary. */
static struct err *add_parts(struct digest *d, int fd, uint64_t size, const char *boundary)
{
	cleanup(multipart_clear) struct multipart m = { 0 };
	TRY(multipart_parse(fd, size, boundary, &m));
	for (size_t i = 0; i < m.count; i++) {
		const struct part *part = &m.parts[i];
		cleanup(cleanup_free) char *length =
			mem_printf("%llu", (unsigned long long)part->length);
		add_text(d, part->name);
		add_text(d, part->filename);
		add_text(d, length);
		TRY(add_content(d, fd, part));
	}
	return NULL;
}

static struct err *add_upload(struct digest *d, struct request *request)
{
	char boundary[MULTIPART_BOUNDARY_SIZE];
	uint64_t size;
	int fd;
	TRY(multipart_boundary(request->content_type, boundary));
	TRY(request_open_body(request, REQUEST_MAX_UPLOAD, &fd, &size));
	struct err *e = add_parts(d, fd, size, boundary);
	close(fd);
	return e;
}

/* What was asked for: the path, and the body. */
static struct err *hash_request(struct request *request, char ret_hex[static DIGEST_HEX_SIZE])
{
	uint8_t bytes[DIGEST_SIZE];
	struct err *e = NULL;
	struct digest *d = digest_new();
	add_text(d, request->path);
	if (request->body_text)
		add_text(d, request->body_text);
	else
		e = add_upload(d, request);
	digest_finish(d, bytes);
	digest_hex(bytes, ret_hex);
	return e;
}

/* The first request with a key, at work. */
struct claimed {
	struct app *app;
	const struct route *route;
	struct request *request;
	struct response *response;
	const struct idempotency_key *key;
	const struct idempotency *claim;
};

static struct err *keep_answer(struct db *db, const struct claimed *c)
{
	return idempotency_answer(db, c->key, c->claim, c->response->status, c->response->body);
}

static struct err *run_with_answer(struct db *db, void *arg)
{
	const struct claimed *c = arg;
	TRY(c->route->run(c->app, c->request, c->response));
	return keep_answer(db, c);
}

static void note_unkept(struct err *lost)
{
	if (lost)
		log_warn("an idempotency key keeps its request for a minute: %s",
			 err_message(lost));
	err_free(lost);
}

/*
 * Does the work, and keeps its answer: in one transaction where that can be, so that a crash leaves
 * both or neither. Of other work an answer that cannot be kept is still the answer.
 */
static struct err *run_claimed(struct claimed *c)
{
	bool atomic = c->route->flags & ROUTE_ATOMIC;
	struct err *e = atomic ? db_transaction(c->app->db, run_with_answer, c)
			       : c->route->run(c->app, c->request, c->response);
	if (e)
		note_unkept(idempotency_release(c->app->db, c->key, c->claim));
	else if (!atomic)
		note_unkept(keep_answer(c->app->db, c));
	return e;
}

static struct err *replay(struct idempotency *earlier, struct response *response)
{
	response_json(response, earlier->status, take(earlier->response));
	response_header(response, "Idempotent-Replayed", "true");
	return NULL;
}

static struct err *still_running(void)
{
	struct err *e = err_new(ERR_CONFLICT,
				"The first request with this Idempotency-Key is still running; try "
				"again in a moment");
	err_set_retry_after(e, 1);
	return e;
}

struct err *idempotency_run(struct app *app, const struct route *route, struct request *request,
			    struct response *response)
{
	char hash[DIGEST_HEX_SIZE];
	cleanup(cleanup_free) char *name = mem_printf("%s %s", route->method, route->pattern);
	cleanup(idempotency_clear) struct idempotency found = { 0 };
	const struct idempotency_key key = {
		.user_id = request->user_id,
		.route = name,
		.key = request->idempotency_key,
		.hash = hash,
	};
	TRY(check_key(key.key));
	TRY(hash_request(request, hash));
	TRY(idempotency_claim(app->db, &key, &found));
	switch (found.state) {
	case IDEMPOTENCY_CLAIMED:
		return run_claimed(
			&(struct claimed){ app, route, request, response, &key, &found });
	case IDEMPOTENCY_ANSWERED:
		return replay(&found, response);
	case IDEMPOTENCY_RUNNING:
		return still_running();
	case IDEMPOTENCY_OTHER:
		break;
	}
	return err_new(ERR_UNPROCESSABLE,
		       "This Idempotency-Key came with another request before; take a new key for "
		       "each request");
}
