/*
 * Signatures of calls to a webhook, by either of two conventions:
 * Standard Webhooks (standardwebhooks.com): webhook-id, webhook-timestamp (seconds since the Unix
 * epoch) and webhook-signature, a list of "v1,<base64>" over "<id>.<timestamp>.<body>"; a secret
 * that begins with whsec_ is base64. Calls older or newer than five minutes do not count.
 * X-Hub-Signature-256: "sha256=<hex>" over the body, as GitHub sends it.
 * Both are HMAC-SHA256.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WEBHOOK_TOLERANCE_S = 300 };

/* What a call carries; "" for headers that it does not have. All borrowed. */
struct webhook_call {
	const char *id, *timestamp, *signature; /* webhook-… */
	const char *hub_signature;              /* X-Hub-Signature-256 */
	const char *body;
	size_t body_len;
};

/*
 * True if the call was signed with `secret`. Where it has both conventions' headers, Standard
 * Webhooks' decide. The comparison takes the same time wherever two signatures differ.
 */
bool webhook_is_signed(const struct webhook_call *call, const char *secret, int64_t now_s);
