/* /api/workflows/:id/estimate: what a run would cost. */
#include "fcgi/routes.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/model/execution.h"
#include "jobs/model/segment.h"
#include "jobs/model/workflow.h"
#include "jobs/nodes/graph.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/speech.h"
#include "jobs/tts/script.h"

#include <string.h>

/* Of speech that nobody has measured yet: characters a second, and of scripts of syllables. */
static const double PACE = 14, PACE_CJK = 5;

/* What a node would cost, or all of them. */
struct estimate {
	int64_t characters, billed;
	double seconds;
};

/* What is estimated with. */
struct estimating {
	struct app *app;
	const char *user_id;
	const struct graph *graph;
	struct json_object *outputs; /* of the last run, by node id */
	struct json_object *nodes;   /* the answer's */
	struct estimate total;
};

/* The outputs of what feeds a node, as the last run had them. */
static struct json_object *last_inputs(const struct estimating *e, const struct graph_node *node)
{
	struct json_object *inputs = json_object_new_object();
	for (size_t i = 0; i < node->edge_count; i++) {
		const char *id = e->graph->nodes[node->edges[i].source].id;
		struct json_object *output = js_get(e->outputs, id);
		if (output && !node->edges[i].order_only)
			js_set(inputs, id, json_object_get(output));
	}
	return inputs;
}

/* True where the node's text is all its own. */
static bool has_own_text(const struct graph_node *node)
{
	const char *text = js_string(node->config, "text");
	return !input_is_blank(text) && !strstr(text, "{{");
}

/* How long a piece is expected to take, by the characters of its script. */
static double seconds_of(const struct piece *piece)
{
	size_t wide = 0;
	for (const char *c = piece->text; *c; c++)
		wide += (uint8_t)*c >= 0xe3 && (uint8_t)*c <= 0xed; /* U+3000 to U+DFFF */
	return (double)(piece->characters - wide) / PACE + (double)wide / PACE_CJK;
}

static struct err *estimate_script(const struct estimating *e, const struct script *script,
				   struct estimate *ret)
{
	cleanup(cleanup_json) struct json_object *pieces = json_object_new_array();
	for (size_t i = 0; i < script->count; i++) {
		struct json_object *piece = json_object_new_object();
		js_set_string(piece, "hash", script->pieces[i].hash);
		js_set_int(piece, "characters", (int64_t)script->pieces[i].characters);
		js_set_double(piece, "seconds", seconds_of(&script->pieces[i]));
		json_object_array_add(pieces, piece);
		ret->seconds += script->pieces[i].pause;
	}
	cleanup(cleanup_free) char *text = js_text(pieces);
	struct segment_estimate known = { 0 };
	TRY(segment_estimate(e->app->db, e->user_id, text, &known));
	ret->characters = (int64_t)script->characters;
	ret->billed = known.billed;
	ret->seconds += known.seconds;
	return NULL;
}

/* Estimates one node; what it cannot be estimated for is an error for the note. */
static struct err *estimate_node(const struct estimating *e, const struct graph_node *node,
				 struct speech *speech, struct estimate *ret)
{
	cleanup(cleanup_json) struct json_object *inputs = last_inputs(e, node);
	const struct node_run run = {
		.services = &e->app->services,
		.user_id = e->user_id,
		.node_id = node->id,
		.config = node->config,
		.inputs = inputs,
	};
	TRY(node->type->speech(&run, e->app->db, speech));
	TRY(speech_format(&run, &speech->request.format));
	cleanup(cleanup_err) struct err *no_text = speech_text(&run, &speech->text);
	if (no_text)
		return err_new(ERR_INVALID, "The text comes from a step that has not run");
	cleanup(script_clear) struct script script = { 0 };
	TRY(script_write(speech->provider, e->app->services.conf, &speech->request, speech->text,
			 speech_pause(&run), &script));
	TRY(estimate_script(e, &script, ret));
	if (!js_bool(node->config, "cache", true))
		ret->billed = ret->characters;
	return NULL;
}

static void describe(struct json_object *o, const struct estimate *estimate)
{
	js_set_int(o, "characters", estimate->characters);
	js_set_int(o, "cachedCharacters", estimate->characters - estimate->billed);
	js_set_int(o, "billedCharacters", estimate->billed);
	js_set_double(o, "expectedDurationSec", estimate->seconds);
}

static struct err *add_node(struct estimating *e, const struct graph_node *node)
{
	cleanup(speech_clear) struct speech speech = { 0 };
	struct estimate estimate = { 0 };
	cleanup(cleanup_err) struct err *why = estimate_node(e, node, &speech, &estimate);
	if (why && err_kind(why) != ERR_INVALID && err_kind(why) != ERR_NOT_FOUND)
		return take(why);
	struct json_object *o = json_object_new_object();
	js_set_string(o, "nodeId", node->id);
	js_set_string(o, "nodeTitle", node->title);
	js_set_string(o, "provider", speech.provider ? speech.provider->service->name : NULL);
	describe(o, &estimate);
	if (why)
		js_set_string(o, "note", err_message(why));
	else if (!has_own_text(node))
		js_set_string(o, "note", "Counted with the texts of the last run");
	json_object_array_add(e->nodes, o);
	e->total.characters += estimate.characters;
	e->total.billed += estimate.billed;
	e->total.seconds += estimate.seconds;
	return NULL;
}

struct err *workflows_estimate(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_free) char *nodes = NULL;
	cleanup(cleanup_free) char *edges = NULL;
	cleanup(cleanup_free) char *outputs = NULL;
	cleanup(graph_clear) struct graph graph = { 0 };
	cleanup(cleanup_json) struct json_object *last = NULL;
	cleanup(cleanup_json) struct json_object *answer = json_object_new_object();
	TRY(workflow_graph(app->db, request->user_id, request->ids[0], &nodes, &edges));
	TRY(graph_read(nodes, edges, &graph));
	TRY(execution_last_outputs(app->db, request->user_id, request->ids[0], &outputs));
	TRY(js_parse_own(outputs, &last));
	struct estimating e = {
		.app = app,
		.user_id = request->user_id,
		.graph = &graph,
		.outputs = last,
		.nodes = json_object_new_array(),
	};
	js_set(answer, "nodes", e.nodes);
	for (size_t i = 0; i < graph.count; i++)
		if (graph.nodes[i].type->speech)
			TRY(add_node(&e, &graph.nodes[i]));
	describe(answer, &e.total);
	response_json(response, 200, js_text(answer));
	return NULL;
}
