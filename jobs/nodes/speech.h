/* What the nodes that speak share: the text, the format, and the way into the storage. */
#pragma once
#include "jobs/nodes/node.h"
#include "jobs/tts/provider.h"

/* What is to be spoken, by whom, and who pays. */
struct speech {
	const struct provider *provider;
	struct service_key key;
	char *text;                 /* owned */
	struct tts_request request; /* all but text, format and stop, which speech_make fills in */
};
void speech_clear(struct speech *s);

/*
 * The node's text: its own setting with the templates filled in, or the upstream text where that
 * is blank. The caller frees it. ERR_INVALID where there is none.
 */
must_check struct err *speech_text(const struct node_run *run, char **ret);

/* A number of the settings; NAN where the node has none, so that the voice's own stays. */
double speech_setting(const struct node_run *run, const char *name);

/*
 * Speaks, stores the audio, and describes it: {audioUrl, audioKey, durationSec, format,
 * textLength}, and the model in *ret_model (NULL where the provider has none to choose). What it
 * costs and what had to be left out go to the run's cost and notes.
 */
must_check struct err *speech_make(struct node_run *run, struct speech *speech, char **ret_model,
				   struct json_object **ret_output);
