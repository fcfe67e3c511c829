/* /api/settings/pronunciations: how the user's words are spoken. */
#include "jobs/model/pronunciations.h"
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/pronunciation.h"
#include "jobs/tts/text.h"

#include <string.h>

enum { MAX_BODY = 256 * 1024 };

struct err *pronunciations_get(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_json) struct json_object *list = NULL;
	TRY(pronunciation_load(app->db, request->user_id, &list));
	response_json(response, 200, list ? js_text(list) : mem_strdup("[]"));
	return NULL;
}

static bool has_word(struct json_object *list, const char *word)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!strcmp(js_string(json_object_array_get_idx(list, i), "word"), word))
			return true;
	return false;
}

/* Appends entry `i` as it is to be kept; ERR_INVALID naming it where it cannot be. */
static struct err *add_entry(struct json_object *list, struct json_object *entry, size_t i)
{
	static const struct text_rule word_rule = { .field = "word",
						    .label = "Word",
						    .required = true,
						    .trim = true,
						    .min = 1,
						    .max = PRONUNCIATION_MAX_WORD };
	static const struct text_rule replacement_rule = { .field = "replacement",
							   .label = "Replacement",
							   .required = true,
							   .trim = true,
							   .min = 1,
							   .max = PRONUNCIATION_MAX_REPLACEMENT };
	cleanup(cleanup_validation) struct validation v = VALIDATION(entry);
	cleanup(cleanup_free) char *word = validate_text(&v, &word_rule);
	cleanup(cleanup_free) char *replacement = validate_text(&v, &replacement_rule);
	if (word && !text_is_speakable(word))
		validate_fault(&v, "word", "Word has to have a letter or digit");
	else if (word && has_word(list, word))
		validate_fault(&v, "word", "\"%.100s\" is in the list before", word);
	struct err *e = faults_error(&v.faults, "%s");
	if (e) {
		cleanup(cleanup_err) struct err *fault = e;
		return err_new(ERR_INVALID, "Entry %zu: %s", i + 1, err_message(fault));
	}
	struct json_object *kept = json_object_new_object();
	js_set_string(kept, "word", word);
	js_set_string(kept, "replacement", replacement);
	json_object_array_add(list, kept);
	return NULL;
}

struct err *pronunciations_put(struct app *app, struct request *request, struct response *response)
{
	cleanup(cleanup_json) struct json_object *body = NULL;
	cleanup(cleanup_json) struct json_object *list = json_object_new_array();
	TRY(request_read_text(request, MAX_BODY));
	TRY(js_parse(request->body_text, request->content_length, &body));
	if (!json_object_is_type(body, json_type_array))
		return err_new(ERR_INVALID, "Send an array of {\"word\", \"replacement\"}");
	size_t count = json_object_array_length(body);
	if (count > PRONUNCIATION_MAX)
		return err_new(ERR_INVALID, "A list has at most %d words, not %zu",
			       PRONUNCIATION_MAX, count);
	for (size_t i = 0; i < count; i++)
		TRY(add_entry(list, json_object_array_get_idx(body, i), i));
	TRY(pronunciation_save(app->db, request->user_id, list));
	response_json(response, 200, js_text(list));
	return NULL;
}
