/* notification: a message to Slack, Discord or a webhook, guarded (jobs/io/egress.h). */
#include "jobs/base/base64.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/clock.h"
#include "jobs/base/digest.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"
#include "jobs/io/egress.h"
#include "jobs/nodes/input.h"
#include "jobs/nodes/node.h"
#include "jobs/nodes/url_template.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
	TIMEOUT_S = 30,
	MAX_RESPONSE = 64 * 1024,
	MESSAGE_ID_SIZE = sizeof("msg_") + 32,
	MIN_SECRET = 24, /* bytes, as Standard Webhooks has them */
	MAX_SECRET = 64,
};

/* Header lines of a signed message. */
struct signature {
	char *id, *timestamp, *value; /* value: NULL without a secret */
};

/* How a channel is spoken to; the limit is in characters. */
struct channel {
	const char *name;
	struct json_object *(*payload)(const char *message);
	size_t limit;
	bool is_signed;
};

static void signature_clear(struct signature *s)
{
	free(s->id);
	free(s->timestamp);
	free(s->value);
}

/* https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
static struct json_object *slack_payload(const char *message)
{
	struct json_object *o = json_object_new_object();
	js_set_string(o, "text", message);
	return o;
}

/* https://discord.com/developers/docs/resources/webhook#execute-webhook; nobody is pinged by what
 * a template brought in. */
static struct json_object *discord_payload(const char *message)
{
	struct json_object *o = json_object_new_object(), *mentions = json_object_new_object();
	js_set_string(o, "content", message);
	js_set(mentions, "parse", json_object_new_array());
	js_set(o, "allowed_mentions", mentions);
	return o;
}

/* The payload that Standard Webhooks recommends: type, timestamp, data. */
static struct json_object *webhook_payload(const char *message)
{
	char now[CLOCK_ISO_SIZE];
	struct json_object *o = json_object_new_object(), *data = json_object_new_object();
	js_set_string(data, "message", message);
	js_set_string(o, "type", "notification");
	js_set_string(o, "timestamp", clock_iso(clock_ms(), now));
	js_set(o, "data", data);
	return o;
}

static const struct channel channels[] = {
	{ .name = "Email" }, /* no transport for these two */
	{ .name = "In-App" },
	{ .name = "Slack", .payload = slack_payload, .limit = 40000 },
	{ .name = "Discord", .payload = discord_payload, .limit = 2000 },
	{ .name = "Webhook", .payload = webhook_payload, .limit = 100000, .is_signed = true },
};
static const char *const channel_names[] = {
	"Email", "Slack", "Discord", "In-App", "Webhook", NULL
};

static bool is_blank(const char *text)
{
	return !text || !text[strspn(text, " \t\r\n")];
}

static const struct channel *find_channel(const char *name)
{
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
		if (!strcasecmp(name, channels[i].name))
			return &channels[i];
	return NULL;
}

static struct err *find_message(const struct node_run *run, const struct channel *channel,
				char **ret)
{
	const char *own = js_string(run->config, "message");
	cleanup(cleanup_free) char *message = NULL;
	if (is_blank(own))
		message = mem_strdup(input_text(run->inputs));
	else
		TRY(input_fill(own, run->inputs, &message));
	if (is_blank(message))
		return err_new(ERR_INVALID, "There is no message: enter one in the node's "
					    "settings, or connect a node that gives text");
	size_t length = utf8_length(message);
	if (length > channel->limit)
		return err_new(ERR_INVALID, "The message has %zu characters; %s takes at most %zu",
			       length, channel->name, channel->limit);
	*ret = take(message);
	return NULL;
}

static struct err *find_url(const struct node_run *run, const struct channel *channel, char **ret)
{
	const char *recipient = js_string(run->config, "recipient");
	if (is_blank(recipient))
		return err_new(ERR_INVALID, "Enter the %s URL to send to as the recipient",
			       channel->name);
	return url_template_fill(recipient, run->inputs, ret);
}

/* The same for every try of a step, so that a receiver can tell a repeated delivery. */
static void message_id(const struct node_run *run, char id[static MESSAGE_ID_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	cleanup(cleanup_free) char *step = mem_printf("%s/%s", run->run_id, run->file_name);
	digest_sha256(step, strlen(step), digest);
	snprintf(id, MESSAGE_ID_SIZE, "msg_%.32s", digest_hex(digest, hex));
}

/* "v1," and the base64 of the HMAC-SHA-256 over "id.timestamp.body", by Standard Webhooks. */
static struct err *sign(const char *secret, const char *signed_text, char **ret)
{
	static const char prefix[] = "whsec_";
	if (!strncmp(secret, prefix, sizeof(prefix) - 1))
		secret += sizeof(prefix) - 1;
	uint8_t *key = NULL, digest[DIGEST_SIZE];
	int len = base64_decode(secret, &key);
	bool usable = len >= MIN_SECRET && len <= MAX_SECRET;
	if (usable) {
		digest_hmac(key, (size_t)len, signed_text, strlen(signed_text), digest);
		cleanup(cleanup_free) char *base64 = base64_encode(digest, sizeof(digest));
		*ret = mem_printf("webhook-signature: v1,%s", base64);
	}
	if (len > 0)
		OPENSSL_cleanse(key, (size_t)len);
	free(key);
	return usable ? NULL
		      : err_new(ERR_INVALID,
				"The secret has to be whsec_ and the base64 of %d to "
				"%d bytes",
				MIN_SECRET, MAX_SECRET);
}

static struct err *make_signature(const struct node_run *run, const char *id, const char *body,
				  struct signature *ret)
{
	const char *secret = js_string(run->config, "secret");
	long long now = (long long)(clock_ms() / 1000);
	ret->id = mem_printf("webhook-id: %s", id);
	ret->timestamp = mem_printf("webhook-timestamp: %lld", now);
	if (is_blank(secret))
		return NULL;
	cleanup(cleanup_free) char *text = mem_printf("%s.%lld.%s", id, now, body);
	return sign(secret, text, &ret->value);
}

static struct err *check_status(struct http *http, const struct channel *channel, int status)
{
	if (status >= 200 && status < 300)
		return NULL;
	enum err_kind kind = status == 429   ? ERR_RATE_LIMITED
			     : status >= 500 ? ERR_UPSTREAM
					     : ERR_REFUSED;
	struct err *e = err_new(kind, "%s did not take the message: it answered with status %d",
				channel->name, status);
	err_set_retry_after(e, http_retry_after(http));
	return e;
}

static struct err *send_message(const struct node_run *run, const struct channel *channel,
				const char *message, const char *id, int *ret_status)
{
	cleanup(cleanup_free) char *url = NULL;
	TRY(find_url(run, channel, &url));
	cleanup(cleanup_json) struct json_object *payload = channel->payload(message);
	cleanup(cleanup_free) char *body = js_text(payload);
	cleanup(signature_clear) struct signature signature = { 0 };
	if (channel->is_signed)
		TRY(make_signature(run, id, body, &signature));
	const char *const headers[] = { "Content-Type: application/json", signature.id,
					signature.timestamp, signature.value, NULL };
	const struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.body = body,
		.body_len = strlen(body),
		.max_response = MAX_RESPONSE,
		.timeout_s = TIMEOUT_S,
		.stop = run->stop,
	};
	cleanup(http_response_clear) struct http_response answer = { 0 };
	TRY(egress_fetch(run->http, run->services->conf->egress_allow, &request, &answer, NULL));
	*ret_status = answer.status;
	return check_status(run->http, channel, answer.status);
}

static struct err *run_notification(struct node_run *run, struct json_object **ret_output)
{
	const char *wanted = js_string(run->config, "channel");
	const struct channel *channel = find_channel(is_blank(wanted) ? "Email" : wanted);
	if (!channel)
		return err_new(ERR_INVALID,
			       "\"%.40s\" is not a channel; choose Slack, Discord or "
			       "Webhook",
			       wanted);
	if (!channel->payload)
		return err_new(ERR_INVALID,
			       "Nothing was sent: this system has no way to deliver to %s; choose "
			       "Slack, Discord or Webhook",
			       channel->name);
	cleanup(cleanup_free) char *message = NULL;
	char id[MESSAGE_ID_SIZE];
	int status = 0;
	message_id(run, id);
	TRY(find_message(run, channel, &message));
	TRY(send_message(run, channel, message, id, &status));
	struct json_object *output = json_object_new_object();
	js_set_bool(output, "sent", true);
	js_set_string(output, "channel", channel->name);
	js_set_int(output, "statusCode", status);
	if (channel->is_signed)
		js_set_string(output, "messageId", id);
	*ret_output = output;
	return NULL;
}

const struct node_type notification_node = {
	.name = "notification",
	.category = "utility",
	.title = "Notification",
	.description = "Sends a message to Slack, Discord or a webhook",
	.inputs = node_input,
	.outputs = node_output,
	.fields =
		(const struct node_field[]){
			{ .name = "channel",
			  .label = "Channel",
			  .kind = FIELD_SELECT,
			  .fallback = "\"Email\"",
			  .options = channel_names,
			  .help = "Email and In-App cannot be delivered by this system: the step "
				  "fails" },
			{ .name = "message",
			  .label = "Message",
			  .kind = FIELD_LONG_TEXT,
			  .help = "Blank: the text from upstream. {{input}} and {{nodeId.path}} "
				  "are "
				  "replaced" },
			{ .name = "recipient",
			  .label = "Recipient",
			  .kind = FIELD_TEXT,
			  .required = true,
			  .help = "The webhook's URL, as Slack, Discord or your own service gives "
				  "it" },
			{ .name = "secret",
			  .label = "Signing secret",
			  .kind = FIELD_TEXT,
			  .help = "Of the channel Webhook: whsec_ and base64; messages are signed "
				  "with it as Standard Webhooks has it" },
			{ 0 },
		},
	.run = run_notification,
};
