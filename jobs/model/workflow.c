#include "jobs/model/workflow.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/id.h"
#include "jobs/base/mem.h"
#include "sql.h"

static const char what[] = "Workflow";

struct err *workflow_create(struct db *db, const char *user_id, const char *name,
			    const char *description, char **ret_json)
{
	char id[ID_SIZE];
	return db_need(db, &Q_WORKFLOW_CREATE, PARAMS(id_new(id), user_id, name, description), what,
		       ret_json);
}

struct err *workflow_list(struct db *db, const char *user_id, char **ret_json)
{
	return db_text(db, &Q_WORKFLOW_LIST, PARAMS(user_id), ret_json);
}

struct err *workflow_get(struct db *db, const char *user_id, const char *id, char **ret_json)
{
	return db_need(db, &Q_WORKFLOW_GET, PARAMS(id, user_id), what, ret_json);
}

struct err *workflow_get_version(struct db *db, const char *user_id, const char *id,
				 char **ret_json, char **ret_version)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_WORKFLOW_GET_VERSION, PARAMS(id, user_id), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "%s not found", what);
	*ret_json = mem_strdup(rows_get(rows, 0, 0));
	*ret_version = mem_strdup(rows_get(rows, 0, 1));
	return NULL;
}

/* Why nothing was updated. */
static struct err *not_updated(struct db *db, const char *user_id, const char *id)
{
	cleanup(cleanup_free) char *present = NULL;
	TRY(workflow_get(db, user_id, id, &present));
	return err_new(ERR_OUTDATED, "This workflow was changed elsewhere in the meantime. Load it "
				     "again, then repeat your change");
}

struct err *workflow_update(struct db *db, const char *user_id, const char *id,
			    const struct workflow_change *c, char **ret_json, char **ret_version)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_WORKFLOW_UPDATE,
		     PARAMS(id, user_id, c->name, c->status, c->has_description ? "t" : "f",
			    c->description, c->body, c->versions),
		     &rows));
	if (rows_count(rows) == 0)
		return not_updated(db, user_id, id);
	*ret_json = mem_strdup(rows_get(rows, 0, 0));
	*ret_version = mem_strdup(rows_get(rows, 0, 1));
	return NULL;
}

struct err *workflow_delete(struct db *db, const char *user_id, const char *id)
{
	cleanup(cleanup_free) char *gone = NULL;
	return db_need(db, &Q_WORKFLOW_DELETE, PARAMS(id, user_id), what, &gone);
}

struct err *workflow_duplicate(struct db *db, const char *user_id, const char *id, char **ret_json)
{
	char copy[ID_SIZE];
	return db_need(db, &Q_WORKFLOW_DUPLICATE, PARAMS(id_new(copy), id, user_id), what,
		       ret_json);
}

struct err *workflow_graph(struct db *db, const char *user_id, const char *id, char **ret_nodes,
			   char **ret_edges)
{
	cleanup(cleanup_rows) struct rows *rows = NULL;
	TRY(db_query(db, &Q_WORKFLOW_GRAPH, PARAMS(id, user_id), &rows));
	if (rows_count(rows) == 0)
		return err_new(ERR_NOT_FOUND, "%s not found", what);
	*ret_nodes = mem_strdup(rows_get(rows, 0, 0));
	*ret_edges = mem_strdup(rows_get(rows, 0, 1));
	return NULL;
}
