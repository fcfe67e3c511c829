/*
 * One line an event on stderr: `time level program[pid] context: message`.
 *
 * Control bytes are escaped, errno is kept, and every registered secret is masked, so that a
 * careless message cannot leak one. Safe from many threads; a line is one write.
 */
#pragma once

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Names the program and sets what is written; to be called before any thread starts. */
void log_open(const char *name, enum log_level level);

/* "error", "warn", "info", "debug" to a level; -1 for anything else. */
int log_level_parse(const char *name);

/* error: a person should look; warn: survived; info: a change of state; debug: the rest. */
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * What this thread is busy with (a request id, an execution id), set in front of its messages;
 * NULL for nothing. Borrowed: it must live until the next call.
 */
void log_context(const char *text);

/*
 * Registers a secret (8 characters or more; shorter ones are ignored) to be masked in every line
 * until log_forget is called with the same text. Copies it; the copy is wiped when forgotten.
 */
void log_mask(const char *text);
void log_forget(const char *text);
