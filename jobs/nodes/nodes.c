#include "jobs/nodes/node.h"

#include <string.h>

static const struct node_type types[] = {
	{ "manual-trigger", trigger_run },  { "schedule-trigger", trigger_run },
	{ "webhook-trigger", trigger_run }, { "set-variable", set_variable_run },
	{ "logger", logger_run },           { "preview-output", preview_output_run },
	{ "voice.tts", voice_tts_run },
};

static const char *const retired[] = {
	"render-video",         "clip-joiner",       "video.auto_edit",  "video.render_final",
	"review.approval_gate", "youtube-publisher", "tiktok-publisher", "meta-publisher",
};

const struct node_type *node_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(name, types[i].name))
			return &types[i];
	return NULL;
}

int node_type_is_retired(const char *name)
{
	for (size_t i = 0; i < sizeof(retired) / sizeof(retired[0]); i++)
		if (!strcmp(name, retired[i]))
			return 1;
	return 0;
}
