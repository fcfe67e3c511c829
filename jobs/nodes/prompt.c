/* generate-script and prompter: a prompt in, a language model's text out. */
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/writer.h"

#include <stdlib.h>

static const char SCRIPT_SYSTEM[] =
	"You write scripts for voiceovers. Answer with the words that are to be spoken, and "
	"nothing "
	"else: no title, headings, lists, speaker names, stage directions, emphasis marks or "
	"remarks "
	"of your own. Write for the ear, in whole sentences, with numbers and abbreviations as "
	"they "
	"are read aloud, in the language of the request unless it asks for another.";

/* A setting with its templates filled in; NULL where it is blank. */
static struct err *find_text(const struct node_run *run, const char *name, char **ret)
{
	const char *own = js_string(run->config, name);
	return input_is_blank(own) ? NULL : input_fill(own, run->inputs, ret);
}

static struct err *answer_prompt(struct node_run *run, const char *usual_system,
				 struct writing *writing, struct json_object **ret_output)
{
	cleanup(cleanup_free) char *instructions = NULL, *prompt = NULL;
	TRY(find_text(run, "systemPrompt", &instructions));
	TRY(find_text(run, "prompt", &prompt));
	if (input_is_blank(prompt)) {
		free(take(prompt));
		TRY(writer_upstream(run,
				    "There is no prompt: enter one in the node's settings, or "
				    "connect a node that gives text",
				    &prompt));
	}
	writing->instructions = input_is_blank(instructions) ? usual_system : instructions;
	writing->prompt = prompt;
	return writer_run(run, writing, ret_output);
}

static struct err *run_generate_script(struct node_run *run, struct json_object **ret_output)
{
	struct writing writing = { .temperature = 0.7, .max_tokens = 2048 };
	return answer_prompt(run, SCRIPT_SYSTEM, &writing, ret_output);
}

static struct err *run_prompter(struct node_run *run, struct json_object **ret_output)
{
	struct writing writing = { .temperature = 0.5, .max_tokens = 1024 };
	return answer_prompt(run, NULL, &writing, ret_output);
}

/* clang-format off */
#define FIELDS(system_help, usual_temperature, usual_max_tokens)                                   \
	(const struct node_field[]){                                                               \
		WRITER_FIELDS,                                                                     \
		{ .name = "prompt",                                                                \
		  .label = "Prompt",                                                               \
		  .kind = FIELD_LONG_TEXT,                                                         \
		  .help = "Blank: the texts from upstream. {{input}} and {{nodeId.path}} are "     \
			  "replaced" },                                                            \
		{ .name = "systemPrompt",                                                          \
		  .label = "System prompt",                                                        \
		  .kind = FIELD_LONG_TEXT,                                                         \
		  .help = (system_help) },                                                         \
		{ .name = "temperature",                                                           \
		  .label = "Temperature",                                                          \
		  .kind = FIELD_NUMBER,                                                            \
		  .fallback = (usual_temperature),                                                 \
		  .min = 0,                                                                        \
		  .max = 2,                                                                        \
		  .help = "Lower is more predictable; Anthropic takes at most 1" },                \
		{ .name = "maxTokens",                                                             \
		  .label = "Most tokens",                                                          \
		  .kind = FIELD_NUMBER,                                                            \
		  .fallback = (usual_max_tokens),                                                  \
		  .min = 1,                                                                        \
		  .max = 1000000,                                                                  \
		  .help = "The text ends there; a token is about three quarters of a word" },      \
		{ 0 },                                                                             \
	}
/* clang-format on */

const struct node_type generate_script_node = {
	.name = "generate-script",
	.category = "ai",
	.title = "Generate Script",
	.description = "Has a language model write what is to be spoken",
	.inputs = node_input,
	.outputs = node_output,
	.fields =
		FIELDS("Blank: it writes only words to be spoken, for a voiceover", "0.7", "2048"),
	.run = run_generate_script,
};

const struct node_type prompter_node = {
	.name = "prompter",
	.category = "ai",
	.title = "Prompter",
	.description = "Asks a language model",
	.inputs = node_input,
	.outputs = node_output,
	.fields = FIELDS("What the model is to be and to heed", "0.5", "1024"),
	.run = run_prompter,
};
