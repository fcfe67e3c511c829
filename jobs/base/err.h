/*
 * Errors. NULL is success; anything else is owned by whoever receives it.
 *
 * An error has one kind (what a caller may act on), one message (fit for the user),
 * and a stack of the places it passed, innermost first.
 */
#pragma once

enum err_kind {
	ERR_INVALID,      /* the caller's input is wrong */
	ERR_UNAUTHORIZED, /* no valid credentials */
	ERR_FORBIDDEN,    /* valid credentials, but not for this */
	ERR_NOT_FOUND,    /* also for what belongs to somebody else */
	ERR_CONFLICT,
	ERR_OUTDATED, /* it rests on a state that has changed since */
	ERR_TOO_LARGE,
	ERR_UNPROCESSABLE, /* well-formed, but it contradicts an earlier request */
	ERR_MEDIA_TYPE,    /* a content type that is not taken here */
	ERR_RATE_LIMITED,  /* a provider throttles: the same call may pass later */
	ERR_UPSTREAM,      /* a provider failed: the same call may pass later */
	ERR_REFUSED,       /* a provider refused: somebody has to change something first */
	ERR_UNAVAILABLE,   /* our own dependency is away: the same call may pass later */
	ERR_CANCELLED,     /* the user or a shutdown asked for the end */
	ERR_INTERNAL,      /* a bug, or a state that should not exist */
};
enum { ERR_KINDS = ERR_INTERNAL + 1 };

struct err;

#define must_check __attribute__((warn_unused_result))

#if defined(__clang_analyzer__) || defined(ANALYZED) /* they do not heed returns_nonnull */
#define err_new(kind, ...)                                                                         \
	({                                                                                         \
		struct err *new_ = err_new_at(__func__, __FILE__, __LINE__, kind, __VA_ARGS__);    \
		if (!new_)                                                                         \
			__builtin_unreachable();                                                   \
		new_;                                                                              \
	})
#else
#define err_new(kind, ...) err_new_at(__func__, __FILE__, __LINE__, kind, __VA_ARGS__)
#endif

/* Adds a note to `e` as it passes; NULL passes unchanged. */
#define err_wrap(e, ...) err_wrap_at(__func__, __FILE__, __LINE__, e, __VA_ARGS__)

/* Returns the error of `call` from this function, if there is one. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		struct err *try_ = (call);                                                         \
		if (try_)                                                                          \
			return err_pass_at(__func__, __FILE__, __LINE__, try_), try_;              \
	} while (0)

must_check struct err *err_new_at(const char *func, const char *file, int line, enum err_kind kind,
				  const char *fmt, ...)
	__attribute__((format(printf, 5, 6), returns_nonnull));
must_check struct err *err_wrap_at(const char *func, const char *file, int line, struct err *e,
				   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Adds a frame without a note. */
void err_pass_at(const char *func, const char *file, int line, struct err *e)
	__attribute__((nonnull));

enum err_kind err_kind(const struct err *e);
const char *err_message(const struct err *e);

/* True for the kinds that the same call may not meet again: throttled, upstream, unavailable. */
int err_is_retryable(const struct err *e);

/* Seconds that whoever refused asked us to wait before the next try; 0 where it named none. */
int err_retry_after(const struct err *e);
void err_set_retry_after(struct err *e, int seconds);

/*
 * Attaches the single faults behind the error as JSON text, an array of {"path","message"}.
 * Copies `json`; err_details returns the copy, or NULL where there is none.
 */
void err_set_details(struct err *e, const char *json);
const char *err_details(const struct err *e);

/* "Error: message", then one "    at function (file:line) note" per frame. The caller frees it. */
must_check char *err_stack(const struct err *e) __attribute__((returns_nonnull));

void err_free(struct err *e);

static inline void cleanup_err(struct err **e)
{
	err_free(*e);
}
