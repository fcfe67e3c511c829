#include "jobs/nodes/node.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/nodes/policy.h"

#include <stdarg.h>
#include <string.h>

extern const struct node_type delay_node, generate_script_node, http_request_node, if_else_node,
	logger_node, loop_node, manual_trigger_node, merge_node, notification_node,
	preview_output_node, prompter_node, schedule_trigger_node, set_variable_node,
	text_summarizer_node, text_to_speech_node, voice_clone_node, voice_tts_node,
	webhook_trigger_node;

/* In the order of the palette. */
static const struct node_type *const types[] = {
	&manual_trigger_node,
	&schedule_trigger_node,
	&webhook_trigger_node,
	&generate_script_node,
	&prompter_node,
	&text_summarizer_node,
	&voice_tts_node,
	&text_to_speech_node,
	&voice_clone_node,
	&if_else_node,
	&loop_node,
	&merge_node,
	&delay_node,
	&set_variable_node,
	&http_request_node,
	&notification_node,
	&logger_node,
	&preview_output_node,
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static const char *const retired[] = {
	"render-video",         "clip-joiner",       "video.auto_edit",  "video.render_final",
	"review.approval_gate", "youtube-publisher", "tiktok-publisher", "meta-publisher",
};

const struct node_port node_no_ports[] = { { 0 } };
const struct node_port node_input[] = { { "input", "Input" }, { 0 } };
const struct node_port node_output[] = { { "output", "Output" }, { 0 } };
const struct node_field node_no_fields[] = { { 0 } };

const struct node_type *node_type_find(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (!strcmp(name, types[i]->name))
			return types[i];
	return NULL;
}

bool node_type_is_retired(const char *name)
{
	for (size_t i = 0; i < sizeof(retired) / sizeof(retired[0]); i++)
		if (!strcmp(name, retired[i]))
			return true;
	return false;
}

static struct json_object *ports_json(const struct node_port *ports)
{
	struct json_object *list = json_object_new_array();
	for (; ports->id; ports++) {
		struct json_object *port = json_object_new_object();
		js_set_string(port, "id", ports->id);
		js_set_string(port, "label", ports->label);
		json_object_array_add(list, port);
	}
	return list;
}

static struct json_object *field_json(const struct node_field *field)
{
	static const char *const kinds[] = { "text",   "longText", "number",      "boolean",
					     "select", "json",     "voiceProfile" };
	struct json_object *o = json_object_new_object();
	js_set_string(o, "name", field->name);
	js_set_string(o, "label", field->label);
	js_set_string(o, "type", kinds[field->kind]);
	js_set_string(o, "help", field->help);
	js_set_bool(o, "required", field->required);
	if (field->fallback)
		js_set(o, "default", json_tokener_parse(field->fallback));
	if (field->min < field->max) {
		js_set_double(o, "min", field->min);
		js_set_double(o, "max", field->max);
	}
	if (!field->options)
		return o;
	struct json_object *options = json_object_new_array();
	for (const char *const *option = field->options; *option; option++)
		json_object_array_add(options, json_object_new_string(*option));
	js_set(o, "options", options);
	return o;
}

/* Appends the fields to `list`, as part of the form's `group`. */
static void add_fields(struct json_object *list, const struct node_field *fields, const char *group)
{
	for (; fields->name; fields++) {
		struct json_object *o = field_json(fields);
		js_set_string(o, "group", group);
		json_object_array_add(list, o);
	}
}

static struct json_object *type_json(const struct node_type *type)
{
	struct json_object *o = json_object_new_object(), *fields = json_object_new_array();
	add_fields(fields, type->fields, "settings");
	add_fields(fields, policy_fields, "advanced");
	js_set_string(o, "type", type->name);
	js_set_string(o, "category", type->category);
	js_set_string(o, "title", type->title);
	js_set_string(o, "description", type->description);
	js_set(o, "inputs", ports_json(type->inputs));
	js_set(o, "outputs", ports_json(type->outputs));
	js_set(o, "fields", fields);
	return o;
}

char *node_types_json(void)
{
	cleanup(cleanup_json) struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < TYPES; i++)
		json_object_array_add(list, type_json(types[i]));
	return js_text(list);
}

void node_note(struct node_run *run, const char *fmt, ...)
{
	char text[300];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!run->notes)
		run->notes = json_object_new_array();
	json_object_array_add(run->notes, json_object_new_string(text));
}
