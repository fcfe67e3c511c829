#include "jobs/base/conf.h"

#include "jobs/base/allow_list.h"
#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/log.h"
#include "jobs/base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SECRET_FILE = 64 * 1024, MAX_FAULTS = 16 * 1024 };

enum kind { TEXT, INT, BOOL };
enum flags {
	SECRET = 1,     /* masked in logs; may come from a file */
	NEEDED = 2,     /* by every program */
	NEEDED_ALL = 4, /* by those that serve users */
	NO_SLASH = 8,   /* a base URL: a slash at its end is dropped */
};

struct item {
	const char *name;
	size_t offset;
	enum kind kind;
	int flags;
	const char *fallback;
	int min, max; /* of a number, or of a text's length */
	const char *help;
};

#define AT(member) offsetof(struct conf, member)

/* clang-format off */
static const struct item items[] = {
	{ "DATABASE_URL", AT(database_url), TEXT, SECRET | NEEDED, "", 1, 4096,
	  "PostgreSQL, as a postgresql:// URL" },
	{ "JWT_SECRET", AT(jwt_secret), TEXT, SECRET | NEEDED_ALL, "", 32, 4096,
	  "signs the sign-in tokens; at least 32 characters" },
	{ "ENCRYPTION_SECRET", AT(encryption_secret), TEXT, SECRET | NEEDED_ALL, "", 32, 4096,
	  "encrypts the users' provider keys; at least 32 characters" },
	{ "REDIS_URL", AT(redis_url), TEXT, SECRET, "", 0, 4096,
	  "the queue; without it workflows run inside the responders" },
	{ "QUEUE_PREFIX", AT(queue_prefix), TEXT, 0, "bull", 1, 100,
	  "prefix of the queue's keys; {bull} on a Redis Cluster" },
	{ "ELEVENLABS_API_KEY", AT(elevenlabs_api_key), TEXT, SECRET, "", 0, 4096,
	  "serves users who stored no ElevenLabs key of their own" },
	{ "ELEVENLABS_BASE_URL", AT(elevenlabs_base_url), TEXT, NO_SLASH, "https://api.elevenlabs.io", 1, 2048,
	  "ElevenLabs' host, or a residency host" },
	{ "AZURE_TTS_SUBSCRIPTION_KEY", AT(azure_key), TEXT, SECRET, "", 0, 4096,
	  "serves users who stored no Azure key of their own" },
	{ "AZURE_TTS_REGION", AT(azure_region), TEXT, 0, "eastus", 1, 100,
	  "region of that key, and of users' keys stored without one" },
	{ "AZURE_TTS_BASE_URL", AT(azure_base_url), TEXT, NO_SLASH, "", 0, 2048,
	  "Azure Speech's host; default https://<region>.tts.speech.microsoft.com" },
	{ "OPENAI_API_KEY", AT(openai_api_key), TEXT, SECRET, "", 0, 4096,
	  "serves users who stored no OpenAI key of their own" },
	{ "OPENAI_BASE_URL", AT(openai_base_url), TEXT, NO_SLASH, "https://api.openai.com", 1, 2048,
	  "OpenAI's host, or a compatible server" },
	{ "ANTHROPIC_API_KEY", AT(anthropic_api_key), TEXT, SECRET, "", 0, 4096,
	  "serves users who stored no Anthropic key of their own" },
	{ "ANTHROPIC_BASE_URL", AT(anthropic_base_url), TEXT, NO_SLASH, "https://api.anthropic.com", 1, 2048,
	  "Anthropic's host" },
	{ "S3_BUCKET", AT(s3_bucket), TEXT, 0, "", 0, 255,
	  "where samples and audio are kept" },
	{ "S3_ACCESS_KEY_ID", AT(s3_access_key_id), TEXT, SECRET, "", 0, 255,
	  "the bucket's access key" },
	{ "S3_SECRET_ACCESS_KEY", AT(s3_secret_access_key), TEXT, SECRET, "", 0, 4096,
	  "and its secret" },
	{ "S3_REGION", AT(s3_region), TEXT, 0, "us-east-1", 1, 100,
	  "the bucket's region; auto for R2" },
	{ "S3_ENDPOINT", AT(s3_endpoint), TEXT, NO_SLASH, "", 0, 2048,
	  "for R2, MinIO and others; default https://s3.<region>.amazonaws.com" },
	{ "S3_FORCE_PATH_STYLE", AT(s3_force_path_style), BOOL, 0, "false", 0, 0,
	  "true: https://host/bucket/key, as MinIO wants it" },
	{ "S3_PUBLIC_BASE_URL", AT(s3_public_base_url), TEXT, NO_SLASH, "", 0, 2048,
	  "where the bucket can be read publicly; default: s3://<bucket>/<key>" },
	{ "CORS_ORIGIN", AT(cors_origin), TEXT, 0, "", 0, 4096,
	  "origins, comma-separated, whose pages may call the API" },
	{ "EGRESS_ALLOW", AT(egress_allow), TEXT, 0, "", 0, 4096,
	  "private hosts and blocks that workflows may call: nas.lan, .corp.example, 10.1.0.0/16" },
	{ "LOG_LEVEL", AT(log_level), TEXT, 0, "info", 1, 16,
	  "error, warn, info or debug" },
	{ "PROVIDER_RETRY_MS", AT(provider_retry_ms), INT, 0, "1000", 1, 60000,
	  "wait before the second try at a provider; doubles from try to try" },
	{ "PROVIDER_TIMEOUT_S", AT(provider_timeout_s), INT, 0, "240", 1, 3600,
	  "longest wait for one answer of a provider" },
	{ "PROVIDER_CONCURRENCY", AT(provider_concurrency), INT, 0, "0", 0, 1000,
	  "calls at a time with one provider key, over all hosts; 0: as many as its plan allows" },
	{ "WORKFLOW_PARALLELISM", AT(workflow_parallelism), INT, 0, "4", 1, 32,
	  "branches of one workflow that run side by side" },
	{ "WORKFLOW_TIMEOUT_S", AT(workflow_timeout_s), INT, 0, "21600", 1, 604800,
	  "longest time that one run of a workflow may take" },
	{ "ENGINE_THREADS", AT(engine_threads), INT, 0, "4", 1, 256,
	  "without Redis: workflows that one responder runs at a time" },
	{ "REQUESTS_PER_RESPONDER", AT(requests_per_responder), INT, 0, "1000000", 100, INT_MAX,
	  "requests after which a responder makes place for a new one" },
	{ "RETENTION_DAYS", AT(retention_days), INT, 0, "0", 0, 36500,
	  "days after which ended executions are deleted, but for each workflow's last; 0: never" },
	{ "UPLOAD_SPOOL", AT(upload_spool), TEXT, 0, "/var/lib/voiceover/nginx/body", 1, 4096,
	  "where nginx spools uploads; what a crash left there is deleted after a day" },
	{ "STOP_GRACE_S", AT(stop_grace_s), INT, 0, "30", 0, 3600,
	  "on a stop: how long running workflows may go on before they are handed back" },
};
/* clang-format on */
enum { ITEMS = sizeof(items) / sizeof(items[0]) };

/* The text of the file that `<name>_FILE` names; NULL where there is none. The caller frees it. */
static char *read_file(const char *name, struct buf *faults)
{
	cleanup(cleanup_free) char *variable = mem_printf("%s_FILE", name);
	const char *path = getenv(variable); /* NOLINT(concurrency-mt-unsafe): before any thread */
	if (!path || !*path)
		return NULL;
	FILE *file = fopen(path, "r");
	if (!file) {
		buf_addf(faults, "%s: cannot read %s: %m\n", variable, path);
		return NULL;
	}
	char *text = mem_alloc(MAX_SECRET_FILE + 1);
	size_t len = fread(text, 1, MAX_SECRET_FILE, file);
	fclose(file);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	return text;
}

static void read_int(const struct item *item, const char *text, int *ret, struct buf *faults)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < item->min || value > item->max)
		buf_addf(faults, "%s must be a whole number from %d to %d\n", item->name, item->min,
			 item->max);
	else
		*ret = (int)value;
}

static void read_bool(const struct item *item, const char *text, bool *ret, struct buf *faults)
{
	*ret = !strcasecmp(text, "true") || !strcmp(text, "1") || !strcasecmp(text, "yes");
	if (!*ret && strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0 &&
	    strcasecmp(text, "no") != 0)
		buf_addf(faults, "%s must be true or false\n", item->name);
}

static void read_text(const struct item *item, char *text, bool needed, struct buf *faults)
{
	size_t len = strlen(text);
	if (needed && len == 0)
		buf_addf(faults, "%s is not set: %s\n", item->name, item->help);
	else if ((len > 0 || needed) && len < (size_t)item->min)
		buf_addf(faults, "%s is too short: it needs at least %d characters\n", item->name,
			 item->min);
	else if (len > (size_t)item->max)
		buf_addf(faults, "%s is too long: at most %d characters\n", item->name, item->max);
	if (item->flags & SECRET)
		log_mask(text);
	while ((item->flags & NO_SLASH) && len > 0 && text[len - 1] == '/')
		text[--len] = '\0';
}

static void read_item(const struct item *item, enum conf_need need, struct conf *conf,
		      struct buf *faults)
{
	const char *set = getenv(item->name); /* NOLINT(concurrency-mt-unsafe): as above */
	char *text =
		(item->flags & SECRET) && !(set && *set) ? read_file(item->name, faults) : NULL;
	if (!text)
		text = mem_strdup(set && *set ? set : item->fallback);
	char *at = (char *)conf + item->offset;
	bool needed =
		(item->flags & NEEDED) || ((item->flags & NEEDED_ALL) && need == CONF_NEEDS_ALL);
	if (item->kind == TEXT) {
		read_text(item, text, needed, faults);
		*(const char **)(void *)at = text; /* kept for the life of the process */
		return;
	}
	if (item->kind == INT)
		read_int(item, text, (int *)(void *)at, faults);
	else
		read_bool(item, text, (bool *)at, faults);
	free(text);
}

struct err *conf_load(enum conf_need need, struct conf *ret)
{
	cleanup(buf_clear) struct buf faults = BUF(MAX_FAULTS);
	for (int i = 0; i < ITEMS; i++)
		read_item(&items[i], need, ret, &faults);
	if (log_level_parse(ret->log_level) < 0)
		buf_adds(&faults, "LOG_LEVEL must be error, warn, info or debug\n");
	cleanup(cleanup_err) struct err *e = allow_list_check(ret->egress_allow);
	if (e)
		buf_addf(&faults, "EGRESS_ALLOW: %s\n", err_message(e));
	if (faults.len == 0)
		return NULL;
	faults.data[faults.len - 1] = '\0'; /* the last line end */
	return err_new(ERR_INVALID, "%s", faults.data);
}

void conf_describe(FILE *out)
{
	for (int i = 0; i < ITEMS; i++) {
		const struct item *item = &items[i];
		bool required = item->flags & (NEEDED | NEEDED_ALL);
		fprintf(out, "| `%s` | %s%s%s | %s |\n", item->name, *item->fallback ? "`" : "",
			required ? "required" : item->fallback, *item->fallback ? "`" : "",
			item->help);
	}
}
