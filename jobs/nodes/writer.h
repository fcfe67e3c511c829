/* What the nodes share that have a language model write. */
#pragma once
#include "jobs/nodes/node.h"

/* What is to be written. Borrowed. */
struct writing {
	const char *instructions; /* or NULL */
	const char *prompt;
	double temperature; /* that is used where the settings have none */
	int max_tokens;
};

/* The usual fields of such a node: whose model, and which. */
/* clang-format off */
#define WRITER_FIELDS                                                                              \
	{ .name = "provider",                                                                      \
	  .label = "Provider",                                                                     \
	  .kind = FIELD_SELECT,                                                                    \
	  .fallback = "\"openai\"",                                                                \
	  .options = (const char *const[]){ "openai", "anthropic", NULL },                         \
	  .help = "Whose model writes; your key for it is in Settings → API Keys" },               \
	{ .name = "model",                                                                         \
	  .label = "Model",                                                                        \
	  .kind = FIELD_TEXT,                                                                      \
	  .help = "Blank: the provider's usual one" }
/* clang-format on */

/*
 * Has the model of the node's settings write; {text, model, tokensUsed, promptTokens,
 * completionTokens, finishReason}. A temperature that was not used, and a text that ends at the
 * limit, are noted.
 */
must_check struct err *writer_run(struct node_run *run, const struct writing *writing,
				  struct json_object **ret_output);

/*
 * The texts of all sources, a blank line between two of them; the caller frees it. ERR_INVALID with
 * `advice` where there is none.
 */
must_check struct err *writer_upstream(const struct node_run *run, const char *advice, char **ret);
