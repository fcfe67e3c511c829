#include "jobs/tts/refusal.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/utf8.h"

#include <stdint.h>
#include <string.h>

enum { MAX_SAID = 200, MIN_SECRET = 4, MAX_WORDS = 4096 };

/* What a refusal means for a retry (the kind) and for the user; the provider's name goes before. */
/* clang-format off */
static const struct {
	enum err_kind kind;
	const char *sentence;
} meanings[REFUSALS] = {
	[REFUSAL_KEY] = { ERR_REFUSED,
		"does not accept the API key. Check it in Settings → API Keys." },
	[REFUSAL_KEY_OR_REGION] = { ERR_REFUSED,
		"does not accept the API key for this region. Check both in Settings → API Keys." },
	[REFUSAL_PERMISSION] = { ERR_REFUSED,
		"knows the API key, but it lacks a permission. Grant it there, or store another key in Settings → API Keys." },
	[REFUSAL_NETWORK] = { ERR_REFUSED,
		"forbids this. Check the network rules of its resource, and the key in Settings → API Keys." },
	[REFUSAL_PLAN] = { ERR_REFUSED,
		"does not offer this on the account's plan. Use another voice, or a larger plan." },
	[REFUSAL_PLAN_FORMAT] = { ERR_REFUSED,
		"does not make WAV on the account's plan. Choose the format mp3, or use a larger plan." },
	[REFUSAL_PLAN_CLONING] = { ERR_REFUSED,
		"does not clone voices on the account's plan. Use a larger plan, or enter the id of an existing voice." },
	[REFUSAL_CREDITS] = { ERR_REFUSED,
		"says that the account's credits are used up. Add credits there, or wait for the next period." },
	[REFUSAL_ACTIVITY] = { ERR_REFUSED,
		"blocks free plans from this server's address. Use the key of a paid plan." },
	[REFUSAL_VOICE] = { ERR_REFUSED,
		"does not know the voice. Check the voice id of the voice profile: it may be deleted, or another account's." },
	[REFUSAL_VOICE_REGION] = { ERR_REFUSED,
		"does not know the voice in this region. Check the voice name of the voice profile, and the region." },
	[REFUSAL_VOICE_NAME] = { ERR_REFUSED,
		"does not know the voice. Choose another one in the node's settings." },
	[REFUSAL_HD_REGION] = { ERR_UPSTREAM,
		"failed at the HD voice. Few regions have HD voices: check the region, or choose another voice." },
	[REFUSAL_UNVERIFIED] = { ERR_REFUSED,
		"wants the voice verified before it speaks. Verify it there." },
	[REFUSAL_VOICE_SLOTS] = { ERR_REFUSED,
		"holds as many voices as the account's plan allows. Delete one there, or use a larger plan." },
	[REFUSAL_SAMPLES] = { ERR_REFUSED,
		"does not take the samples. Replace them by clean recordings in MP3 or WAV." },
	[REFUSAL_CONSENT] = { ERR_REFUSED,
		"does not take the consent recording. The speaker has to read the provider's sentence for the locale word by word, with the speaker and the company named as they are given." },
	[REFUSAL_LIMITED] = { ERR_REFUSED,
		"makes personal voices only for approved customers with a paid resource, in some regions. Apply for access there, or enter the name of an existing voice." },
	[REFUSAL_TEXT_TOO_LONG] = { ERR_INVALID,
		"finds the text too long. Shorten it, or split it over several nodes." },
	[REFUSAL_TEXT_SILENT] = { ERR_INVALID,
		"finds nothing to speak in the text." },
	[REFUSAL_LANGUAGE] = { ERR_REFUSED,
		"sent no audio. The voice does not seem to speak the language of the text: choose another one." },
	[REFUSAL_PARAMETER] = { ERR_REFUSED,
		"refused a setting. Change it in the node or in the voice profile." },
	[REFUSAL_REQUEST] = { ERR_REFUSED,
		"refused the request. Check the voice, the settings and the key." },
	[REFUSAL_UNEXPLAINED] = { ERR_REFUSED,
		"refused the request without a reason. Most often the voice does not exist: check its name, and the region." },
	[REFUSAL_ADDRESS] = { ERR_REFUSED,
		"is not found at the configured address. The server's administrator should check its base URL." },
	[REFUSAL_CONCURRENCY] = { ERR_RATE_LIMITED,
		"has as many calls at once as the account's plan allows. Try again once they have ended." },
	[REFUSAL_THROTTLED] = { ERR_RATE_LIMITED,
		"is too busy at the moment. Try again later." },
	[REFUSAL_DOWN] = { ERR_UPSTREAM,
		"has a fault of its own at the moment. Try again later." },
	[REFUSAL_CUT_OFF] = { ERR_UPSTREAM,
		"broke off in the middle of its answer. Try again." },
	[REFUSAL_UNANSWERED] = { ERR_REFUSED,
		"took the request but did not answer it, and may have billed it all the same; therefore it was not repeated. Run it again." },
	[REFUSAL_TRUNCATED] = { ERR_UPSTREAM,
		"sent audio whose end is missing. Try again." },
	[REFUSAL_TOO_LONG_AUDIO] = { ERR_REFUSED,
		"cuts audio at 10 minutes, and this text takes longer. Shorten it, or split it over several nodes." },
	[REFUSAL_MODEL] = { ERR_REFUSED,
		"does not offer the model to this account. Choose another one in the node's settings." },
	[REFUSAL_CONTEXT] = { ERR_INVALID,
		"finds the text longer than the model can take. Shorten it, or choose a model with a larger context." },
	[REFUSAL_CONTENT] = { ERR_REFUSED,
		"declines this content. Word the prompt differently." },
};
/* clang-format on */

static bool fits(const struct refusal_rule *rule, int status, const char *words)
{
	if (rule->status && rule->status != status && rule->status != status / 100)
		return false;
	return !rule->word || strcasestr(words, rule->word);
}

enum refusal refusal_match(const struct refusal_rule *rules, size_t count, int status,
			   const char *words, enum refusal fallback)
{
	for (size_t i = 0; i < count; i++)
		if (fits(&rules[i], status, words))
			return rules[i].refusal;
	return fallback;
}

void refusal_read(const char *body, size_t len, char **ret_words, char **ret_said)
{
	static const char *const members[] = { "code", "type", "param", "message" };
	struct buf words = BUF(MAX_WORDS), said = BUF(MAX_WORDS);
	cleanup(cleanup_json) struct json_object *root = NULL;
	cleanup(cleanup_err) struct err *e = js_parse(body, len, &root);
	struct json_object *inner = js_get(root, "error");
	struct json_object *fault = json_object_is_type(inner, json_type_object) ? inner : root;
	const char *plain = js_string(root, "error");
	const char *message = js_string(fault, "message");
	if (!plain)
		plain = js_string(root, "detail");
	buf_adds(&said, message ? message : plain ? plain : "");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (js_string(fault, members[i]))
			buf_addf(&words, "%s ", js_string(fault, members[i]));
	if (plain)
		buf_adds(&words, plain);
	*ret_words = buf_take(&words);
	*ret_said = buf_take(&said);
}

/* Adds one character of a stranger's text, as a space where it is no valid or printable one. */
static size_t add_printable(struct buf *out, const char *text, size_t len)
{
	uint32_t code_point;
	size_t n = utf8_next(text, len, &code_point);
	bool printable = n && code_point >= 0x20 && (code_point < 0x7f || code_point >= 0xa0);
	buf_add(out, printable ? text : " ", printable ? n : 1);
	return n ? n : 1;
}

static char *quotation(const char *said, const char *secret)
{
	size_t len = strlen(said), secret_len = secret ? strlen(secret) : 0;
	struct buf out = BUF(MAX_SAID + 1);
	for (size_t i = 0; i < len && !out.too_big;) {
		if (secret_len >= MIN_SECRET && !strncmp(said + i, secret, secret_len)) {
			buf_adds(&out, "****");
			i += secret_len;
		} else {
			i += add_printable(&out, said + i, len - i);
		}
	}
	return buf_take(&out);
}

struct err *refusal_error(enum refusal refusal, const char *title, const char *said,
			  const char *secret)
{
	cleanup(cleanup_free) char *quote = quotation(said ? said : "", secret);
	const char *sentence = meanings[refusal].sentence;
	if (!*quote)
		return err_new(meanings[refusal].kind, "%s %s", title, sentence);
	return err_new(meanings[refusal].kind, "%s %s It says: “%s”", title, sentence, quote);
}
