/* The whole API as one table. */
#pragma once
#include "fcgi/app.h"
#include "fcgi/request.h"
#include "fcgi/response.h"

enum route_flags {
	ROUTE_PUBLIC = 1,     /* no sign-in */
	ROUTE_JSON = 2,       /* has a JSON body, read before the handler runs */
	ROUTE_IDEMPOTENT = 4, /* honours an Idempotency-Key */
	ROUTE_ATOMIC =
		8, /* under one, all its work is a transaction: it changes only the database */
};

/* Fills the response, or fails; the error becomes the answer. */
typedef struct err *handler(struct app *app, struct request *request, struct response *response);

struct route {
	const char *method, *pattern; /* a part that is ":" takes an id, "#" a number */
	int flags;
	handler *run;
};

/* How far a request fits the table. */
enum route_match {
	ROUTE_FOUND,
	ROUTE_UNKNOWN,      /* no such path */
	ROUTE_WRONG_METHOD, /* ret_allow says which there are */
};

enum { ROUTE_ALLOW_SIZE = 64 };

/*
 * Finds the route of the request and fills its ids. A part that should be an id and cannot be one
 * leaves the path unknown. HEAD is taken where GET is.
 */
enum route_match route_find(struct request *request, const struct route **ret,
			    char ret_allow[static ROUTE_ALLOW_SIZE]);

/* The handlers, by resource: one file of fcgi/api each. */
handler auth_register, auth_login, auth_me;
handler access_tokens_list, access_tokens_create, access_tokens_delete;
handler api_keys_list, api_keys_save, api_keys_delete, api_keys_test;
handler services_list;
handler voices_list;
handler voice_profiles_list, voice_profiles_create, voice_profiles_get, voice_profiles_update,
	voice_profiles_delete, voice_profiles_train;
handler voice_assets_create, voice_assets_delete;
handler workflows_list, workflows_create, workflows_get, workflows_update, workflows_delete,
	workflows_duplicate;
handler executions_execute, executions_rerun, executions_run_node, executions_list, executions_get,
	executions_cancel;
handler segments_list, segments_regenerate, workflows_estimate;
handler hooks_call, hooks_list;
handler pronunciations_get, pronunciations_put;
handler usage_get, budget_show, budget_save;
handler openai_speech, openai_voices, openai_models;
handler node_types_list;
handler storage_play;
handler health_live, health_ready;
