/*
 * Why a provider turned a call down or failed at it. Each provider maps its answers to these by a
 * table of rules; what each means to the user and to a retry stands in one table here.
 */
#pragma once
#include "jobs/base/err.h"

#include <stddef.h>

enum refusal {
	REFUSAL_KEY,           /* the API key is wrong */
	REFUSAL_KEY_OR_REGION, /* or belongs to another region */
	REFUSAL_PERMISSION,    /* the key may not do this */
	REFUSAL_NETWORK,       /* calls from here are blocked */
	REFUSAL_PLAN,          /* the account's plan is too small */
	REFUSAL_PLAN_FORMAT,   /* for this audio format */
	REFUSAL_PLAN_CLONING,  /* for cloning */
	REFUSAL_CREDITS,       /* used up */
	REFUSAL_ACTIVITY,      /* a free plan that was taken for abuse */
	REFUSAL_VOICE,         /* does not exist for this account */
	REFUSAL_VOICE_REGION,  /* or in this region */
	REFUSAL_VOICE_NAME,    /* none of the provider's own */
	REFUSAL_HD_REGION,     /* an HD voice, which few regions have */
	REFUSAL_UNVERIFIED,    /* the voice waits for its verification */
	REFUSAL_VOICE_SLOTS,   /* the account can hold no more voices */
	REFUSAL_SAMPLES,       /* the files to clone from */
	REFUSAL_CONSENT,       /* the recording of the speaker's consent */
	REFUSAL_LIMITED,       /* personal voices are for approved customers */
	REFUSAL_TEXT_TOO_LONG,
	REFUSAL_TEXT_SILENT, /* nothing in it to speak */
	REFUSAL_LANGUAGE,    /* the voice spoke nothing of it */
	REFUSAL_PARAMETER,   /* a setting or field */
	REFUSAL_REQUEST,     /* without a reason that we know */
	REFUSAL_UNEXPLAINED, /* nor any words */
	REFUSAL_ADDRESS,     /* no such service at the configured base URL */
	REFUSAL_CONCURRENCY, /* too many calls at once for the plan */
	REFUSAL_THROTTLED,
	REFUSAL_DOWN,           /* the provider's own fault */
	REFUSAL_CUT_OFF,        /* the connection broke in the middle of the answer */
	REFUSAL_UNANSWERED,     /* sent, but never answered: perhaps billed */
	REFUSAL_TRUNCATED,      /* the end of the audio is missing */
	REFUSAL_TOO_LONG_AUDIO, /* cut at the provider's limit */
	REFUSAL_MODEL,          /* does not exist for this account */
	REFUSAL_CONTEXT,        /* the text is longer than the model takes */
	REFUSAL_CONTENT,        /* what was asked for, or would be answered */
};
enum { REFUSALS = REFUSAL_CONTENT + 1 };

/* One line of a provider's table; the first that fits decides. */
struct refusal_rule {
	int status;       /* an HTTP status; 4 for any 4xx; 0 for any at all */
	const char *word; /* in the answer, in any case; NULL for anything */
	enum refusal refusal;
};

/* The refusal of the first rule that fits, or `fallback`. `words` is what the answer says. */
enum refusal refusal_match(const struct refusal_rule *rules, size_t count, int status,
			   const char *words, enum refusal fallback);

/*
 * Reads an error body of the form {"error": {"code", "type", "param", "message"}}, or what is like
 * it: {"error": "…"}, {"message"}, {"detail": "…"}. *ret_words is all of it, for refusal_match;
 * *ret_said its message. Both are "" where there is none, as in a proxy's page; the caller frees
 * them.
 */
void refusal_read(const char *body, size_t len, char **ret_words, char **ret_said);

/*
 * The error: one sentence that starts with the provider's name and says what to do, then what the
 * provider itself said (`said`, or NULL), at most 200 bytes of it, printable, and without `secret`
 * (or NULL).
 */
must_check struct err *refusal_error(enum refusal refusal, const char *title, const char *said,
				     const char *secret) __attribute__((returns_nonnull));
