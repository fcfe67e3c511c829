/* /api/workflows: the graphs that users draw. */
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/mem.h"
#include "jobs/model/workflow.h"
#include "jobs/triggers.h"

#include <string.h>

enum { MAX_VERSIONS = 8 * 1024 }; /* nginx takes no longer header */

static const struct text_rule description_rule = { .field = "description",
						   .label = "Description",
						   .max = 2000 };

static struct text_rule name_rule(bool required)
{
	return (struct text_rule){ .field = "name",
				   .label = "Name",
				   .required = required,
				   .trim = true,
				   .min = 1,
				   .max = 200 };
}

struct err *workflows_list(struct app *app, struct request *request, struct response *response)
{
	return workflow_list(app->db, request->user_id, &response->body);
}

struct err *workflows_create(struct app *app, struct request *request, struct response *response)
{
	const struct text_rule rule = name_rule(true);
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(cleanup_free) char *name = validate_text(&v, &rule);
	cleanup(cleanup_free) char *description = validate_text(&v, &description_rule);
	TRY(validate_result(&v));
	response->status = 201;
	return workflow_create(app->db, request->user_id, name, description, &response->body);
}

/* A version as an entity tag. */
static void add_etag(struct response *response, const char *version)
{
	cleanup(cleanup_free) char *tag = mem_printf("\"%s\"", version);
	response_header(response, "ETag", tag);
}

/*
 * The versions that the If-Match header names, comma-separated; NULL where it names none or any.
 * nginx makes a tag weak when it compresses the answer, so a weak one names its version as well.
 */
static char *wanted_versions(const struct request *request)
{
	const char *header = request_header(request, "HTTP_IF_MATCH");
	if (!*header || !strcmp(header, "*"))
		return NULL;
	cleanup(buf_clear) struct buf versions = BUF(MAX_VERSIONS);
	for (const char *at = header; *at; at++) {
		if (!strncmp(at, "W/", 2))
			at++;
		else if (!strchr("\" \t", *at))
			buf_add(&versions, at, 1);
	}
	return buf_take(&versions);
}

struct err *workflows_get(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *version = NULL;
	TRY(workflow_get_version(app->db, request->user_id, request->ids[0], &response->body,
				 &version));
	add_etag(response, version);
	return NULL;
}

/* A save or a copy under way. */
struct save {
	const struct request *request;
	const struct workflow_change *change; /* NULL for a copy */
	char **ret_json, **ret_version;       /* the version only of a save */
};

/* Writes the workflow, and its triggers with it. */
static struct err *save(struct db *db, void *arg)
{
	const struct save *s = arg;
	const char *user = s->request->user_id, *id = s->request->ids[0];
	struct err *e =
		s->change ? workflow_update(db, user, id, s->change, s->ret_json, s->ret_version)
			  : workflow_duplicate(db, user, id, s->ret_json);
	TRY(e);
	return triggers_sync(db, *s->ret_json, clock_ms());
}

struct err *workflows_update(struct app *app, struct request *request, struct response *response)
{
	static const char *const statuses[] = { "DRAFT", "ACTIVE", "ARCHIVED" };
	const struct text_rule rule = name_rule(false);
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	cleanup(cleanup_free) char *name = validate_text(&v, &rule);
	cleanup(cleanup_free) char *description = validate_text(&v, &description_rule);
	cleanup(cleanup_free) char *versions = wanted_versions(request);
	const struct workflow_change change = {
		.name = name,
		.status = validate_word(&v, "status", "Status", false, statuses,
					sizeof(statuses) / sizeof(statuses[0])),
		.has_description = json_object_object_get_ex(request->body, "description", NULL),
		.description = description,
		.body = request->body_text,
		.versions = versions,
	};
	validate_array(&v, "nodes", "Nodes");
	validate_array(&v, "edges", "Edges");
	TRY(validate_result(&v));
	cleanup(cleanup_free) char *version = NULL;
	struct save s = { request, &change, &response->body, &version };
	TRY(db_transaction(app->db, save, &s));
	add_etag(response, version);
	return NULL;
}

struct err *workflows_delete(struct app *app, struct request *request, struct response *response)
{
	TRY(workflow_delete(app->db, request->user_id, request->ids[0]));
	response_message(response, "Workflow deleted");
	return NULL;
}

struct err *workflows_duplicate(struct app *app, struct request *request, struct response *response)
{
	response->status = 201;
	struct save s = { request, NULL, &response->body, NULL };
	return db_transaction(app->db, save, &s);
}
