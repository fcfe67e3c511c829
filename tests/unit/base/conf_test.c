#include "jobs/base/conf.h"

#include "jobs/base/log.h"
#include "tests/unit/capture.h"
#include "tests/unit/check.h"

#define SECRET_32 "0123456789abcdef0123456789abcdef"

/* What a configuration's strings live in is never freed: all of them stay reachable. */
static struct conf confs[64];
static size_t conf_count;

static struct conf *next_conf(void)
{
	assert_in_range(conf_count, 0, COUNT(confs) - 1);
	return &confs[conf_count++];
}

static struct err *load(enum conf_need need)
{
	return conf_load(need, next_conf());
}

static const struct conf *loaded(void)
{
	struct conf *conf = next_conf();
	assert_ok(conf_load(CONF_NEEDS_ALL, conf));
	return conf;
}

/* The tests change the environment before any thread could read it. */
static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0); /* NOLINT(concurrency-mt-unsafe) */
}

static void unset(const char *name)
{
	assert_int_equal(unsetenv(name), 0); /* NOLINT(concurrency-mt-unsafe) */
}

/* The least that every program starts with. */
static int set_required(void **state)
{
	(void)state;
	clearenv(); /* NOLINT(concurrency-mt-unsafe) */
	set("DATABASE_URL", "postgresql:///voiceover");
	set("JWT_SECRET", SECRET_32);
	set("ENCRYPTION_SECRET", SECRET_32);
	return 0;
}

static void defaults(void **state)
{
	(void)state;
	const struct conf *c = loaded();
	assert_string_equal(c->database_url, "postgresql:///voiceover");
	assert_string_equal(c->redis_url, "");
	assert_string_equal(c->queue_prefix, "bull");
	assert_string_equal(c->elevenlabs_base_url, "https://api.elevenlabs.io");
	assert_string_equal(c->azure_region, "eastus");
	assert_string_equal(c->azure_base_url, "");
	assert_string_equal(c->openai_base_url, "https://api.openai.com");
	assert_string_equal(c->anthropic_base_url, "https://api.anthropic.com");
	assert_string_equal(c->s3_region, "us-east-1");
	assert_string_equal(c->log_level, "info");
	assert_false(c->s3_force_path_style);
	assert_int_equal(c->provider_timeout_s, 240);
	assert_int_equal(c->engine_threads, 4);
}

static void blank_is_not_set(void **state)
{
	(void)state;
	set("QUEUE_PREFIX", "");
	set("ENGINE_THREADS", "");
	const struct conf *c = loaded();
	assert_string_equal(c->queue_prefix, "bull");
	assert_int_equal(c->engine_threads, 4);
}

static void each_required_one_is_named(void **state)
{
	static const char *const required[] = { "DATABASE_URL", "JWT_SECRET", "ENCRYPTION_SECRET" };
	for (size_t i = 0; i < COUNT(required); i++) {
		set_required(state);
		unset(required[i]);
		cleanup(cleanup_free) char *message = mem_printf("%s is not set", required[i]);
		assert_error(load(CONF_NEEDS_ALL), ERR_INVALID, message);
	}
}

static void the_secrets_need_32_characters(void **state)
{
	static const char *const secrets[] = { "JWT_SECRET", "ENCRYPTION_SECRET" };
	for (size_t i = 0; i < COUNT(secrets); i++) {
		set_required(state);
		set(secrets[i], "0123456789abcdef0123456789abcde");
		cleanup(cleanup_free) char *message =
			mem_printf("%s is too short: it needs at least 32", secrets[i]);
		assert_error(load(CONF_NEEDS_ALL), ERR_INVALID, message);
	}
}

static void the_command_line_needs_the_database_only(void **state)
{
	(void)state;
	unset("JWT_SECRET");
	unset("ENCRYPTION_SECRET");
	assert_ok(load(CONF_NEEDS_DATABASE));
	unset("DATABASE_URL");
	assert_error(load(CONF_NEEDS_DATABASE), ERR_INVALID, "DATABASE_URL is not set");
}

static void numbers_have_ranges(void **state)
{
	static const struct {
		const char *name, *value;
		bool valid;
	} cases[] = {
		{ "ENGINE_THREADS", "1", true },
		{ "ENGINE_THREADS", "256", true },
		{ "ENGINE_THREADS", "0", false },
		{ "ENGINE_THREADS", "257", false },
		{ "ENGINE_THREADS", "-1", false },
		{ "ENGINE_THREADS", "4x", false },
		{ "ENGINE_THREADS", "4.5", false },
		{ "ENGINE_THREADS", "four", false },
		{ "ENGINE_THREADS", " ", false },
		{ "ENGINE_THREADS", "99999999999999999999", false },
		{ "STOP_GRACE_S", "0", true },
		{ "STOP_GRACE_S", "3601", false },
		{ "REQUESTS_PER_RESPONDER", "2147483647", true },
		{ "REQUESTS_PER_RESPONDER", "2147483648", false },
		{ "REQUESTS_PER_RESPONDER", "99", false },
		{ "PROVIDER_RETRY_MS", "60001", false },
		{ "PROVIDER_TIMEOUT_S", "3601", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		set_required(state);
		set(cases[i].name, cases[i].value);
		if (cases[i].valid)
			assert_ok(load(CONF_NEEDS_ALL));
		else
			assert_error(load(CONF_NEEDS_ALL), ERR_INVALID, cases[i].name);
	}
}

static void booleans(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool valid, result;
	} cases[] = {
		{ "true", true, true }, { "TRUE", true, true },   { "1", true, true },
		{ "yes", true, true },  { "false", true, false }, { "0", true, false },
		{ "No", true, false },  { "on", false, false },   { "tru", false, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		set("S3_FORCE_PATH_STYLE", cases[i].value);
		if (!cases[i].valid)
			assert_error(load(CONF_NEEDS_ALL), ERR_INVALID,
				     "S3_FORCE_PATH_STYLE must be true or false");
		else
			assert_int_equal(loaded()->s3_force_path_style, cases[i].result);
	}
}

static void the_log_level_is_checked(void **state)
{
	(void)state;
	set("LOG_LEVEL", "debug");
	assert_string_equal(loaded()->log_level, "debug");
	set("LOG_LEVEL", "verbose");
	assert_error(load(CONF_NEEDS_ALL), ERR_INVALID, "LOG_LEVEL must be error, warn");
}

static void the_allow_list_is_checked(void **state)
{
	(void)state;
	set("EGRESS_ALLOW", "nas.lan, 10.1.0.0/16");
	assert_string_equal(loaded()->egress_allow, "nas.lan, 10.1.0.0/16");
	set("EGRESS_ALLOW", "nas.lan, 10.1.0.0/33");
	assert_error(load(CONF_NEEDS_ALL), ERR_INVALID,
		     "EGRESS_ALLOW: \"10.1.0.0/33\" is not an address or block");
}

static void too_long_is_refused(void **state)
{
	(void)state;
	char prefix[102] = { 0 };
	memset(prefix, 'x', 100);
	set("QUEUE_PREFIX", prefix);
	assert_ok(load(CONF_NEEDS_ALL));
	prefix[100] = 'x';
	set("QUEUE_PREFIX", prefix);
	assert_error(load(CONF_NEEDS_ALL), ERR_INVALID, "QUEUE_PREFIX is too long: at most 100");
}

static void all_faults_are_told_at_once(void **state)
{
	(void)state;
	static const char *const broken[][2] = {
		{ "DATABASE_URL", "" },
		{ "JWT_SECRET", "short" },
		{ "ENCRYPTION_SECRET", "short" },
		{ "S3_FORCE_PATH_STYLE", "maybe" },
		{ "LOG_LEVEL", "loud" },
		{ "PROVIDER_RETRY_MS", "0" },
		{ "PROVIDER_TIMEOUT_S", "x" },
		{ "ENGINE_THREADS", "x" },
		{ "REQUESTS_PER_RESPONDER", "1" },
		{ "STOP_GRACE_S", "-1" },
	};
	for (size_t i = 0; i < COUNT(broken); i++)
		set(broken[i][0], broken[i][1]);
	cleanup(cleanup_err) struct err *e = load(CONF_NEEDS_ALL);
	assert_non_null(e);
	size_t lines = 1;
	for (const char *p = err_message(e); *p; p++)
		lines += *p == '\n';
	for (size_t i = 0; i < COUNT(broken); i++)
		assert_has(err_message(e), broken[i][0]);
	assert_int_equal(lines, COUNT(broken));
}

static void base_urls_lose_their_last_slashes(void **state)
{
	(void)state;
	set("ELEVENLABS_BASE_URL", "https://api.eu.residency.elevenlabs.io/");
	set("OPENAI_BASE_URL", "http://localhost:11434/openai//");
	set("S3_ENDPOINT", "https://minio:9000/s3/");
	set("S3_PUBLIC_BASE_URL", "https://cdn.example.com/");
	const struct conf *c = loaded();
	assert_string_equal(c->elevenlabs_base_url, "https://api.eu.residency.elevenlabs.io");
	assert_string_equal(c->openai_base_url, "http://localhost:11434/openai");
	assert_string_equal(c->s3_endpoint, "https://minio:9000/s3");
	assert_string_equal(c->s3_public_base_url, "https://cdn.example.com");
}

static char *new_file(const char *content)
{
	char *path = mem_strdup("/tmp/conf-test-XXXXXX");
	int fd = mkstemp(path);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
	return path;
}

static void a_secret_may_come_from_a_file(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *path = new_file(SECRET_32 " of a file\r\n");
	unset("JWT_SECRET");
	set("JWT_SECRET_FILE", path);
	set("QUEUE_PREFIX_FILE", path); /* no secret: not read */
	const struct conf *c = loaded();
	assert_string_equal(c->jwt_secret, SECRET_32 " of a file");
	assert_string_equal(c->queue_prefix, "bull");
	set("JWT_SECRET", SECRET_32 " of the environment");
	assert_string_equal(loaded()->jwt_secret, SECRET_32 " of the environment");
	unlink(path);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	unset("JWT_SECRET");
	set("JWT_SECRET_FILE", "/nonexistent/secret");
	assert_error(load(CONF_NEEDS_ALL), ERR_INVALID,
		     "JWT_SECRET_FILE: cannot read /nonexistent/secret: No such file");
}

static void secrets_are_masked_in_the_log(void **state)
{
	(void)state;
	static const char *const secrets[] = {
		"DATABASE_URL",
		"JWT_SECRET",
		"ENCRYPTION_SECRET",
		"REDIS_URL",
		"OPENAI_API_KEY",
		"ELEVENLABS_API_KEY",
		"AZURE_TTS_SUBSCRIPTION_KEY",
		"ANTHROPIC_API_KEY",
		"S3_SECRET_ACCESS_KEY",
	};
	for (size_t i = 0; i < COUNT(secrets); i++) {
		cleanup(cleanup_free) char *value =
			mem_printf("geheim-%s-0123456789abcdef0123456789abcdef", secrets[i]);
		set(secrets[i], value);
	}
	cleanup(cleanup_free) char *path =
		new_file("geheim-file-0123456789abcdef0123456789abcdef\n");
	unset("JWT_SECRET");
	set("JWT_SECRET_FILE", path);
	const struct conf *c = loaded();
	unlink(path);
	struct capture capture = capture_start();
	log_error("%s %s %s", c->database_url, c->jwt_secret, c->encryption_secret);
	log_error("%s %s %s", c->redis_url, c->openai_api_key, c->elevenlabs_api_key);
	log_error("%s %s %s", c->azure_key, c->anthropic_api_key, c->s3_secret_access_key);
	cleanup(cleanup_free) char *lines = capture_end(&capture);
	assert_hasnt(lines, "geheim");
}

static void describes_every_setting(void **state)
{
	(void)state;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	conf_describe(out);
	fclose(out);
	assert_has(text, "| `DATABASE_URL` | required | ");
	assert_has(text, "| `LOG_LEVEL` | `info` | ");
	assert_has(text, "| `REDIS_URL` |  | ");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults, set_required),
		cmocka_unit_test_setup(blank_is_not_set, set_required),
		cmocka_unit_test_setup(each_required_one_is_named, set_required),
		cmocka_unit_test_setup(the_secrets_need_32_characters, set_required),
		cmocka_unit_test_setup(the_command_line_needs_the_database_only, set_required),
		cmocka_unit_test_setup(numbers_have_ranges, set_required),
		cmocka_unit_test_setup(booleans, set_required),
		cmocka_unit_test_setup(the_log_level_is_checked, set_required),
		cmocka_unit_test_setup(the_allow_list_is_checked, set_required),
		cmocka_unit_test_setup(too_long_is_refused, set_required),
		cmocka_unit_test_setup(all_faults_are_told_at_once, set_required),
		cmocka_unit_test_setup(base_urls_lose_their_last_slashes, set_required),
		cmocka_unit_test_setup(a_secret_may_come_from_a_file, set_required),
		cmocka_unit_test_setup(a_file_that_cannot_be_read_is_named, set_required),
		cmocka_unit_test_setup(secrets_are_masked_in_the_log, set_required),
		cmocka_unit_test_setup(describes_every_setting, set_required),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
