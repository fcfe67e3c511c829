#include "jobs/tts/synthesize.h"

#include "jobs/tts/call.h"
#include "tests/unit/tts/fixture.h"

static const struct conf conf = { .provider_retry_ms = 1,
				  .provider_timeout_s = 240,
				  .redis_url = "" };

/* A provider that fails `failures` times with an error of `kind`, then speaks. */
static struct {
	enum err_kind kind;
	int failures, calls;
	atomic_bool *cancel; /* set by the first call; or NULL */
} script;

static size_t max_characters(const struct tts_request *request)
{
	(void)request;
	return 12345;
}

static struct err *speak(struct http *http, const struct conf *c, const struct service_key *key,
			 const struct tts_request *request, struct tts_result *ret)
{
	(void)http, (void)c, (void)key, (void)request;
	tts_note(ret, "call %d", ++script.calls);
	if (script.cancel)
		atomic_store(script.cancel, true);
	if (script.calls <= script.failures)
		return err_new(script.kind, "failure %d", script.calls);
	return NULL;
}

static const struct provider scripted = {
	.service = &(const struct service){ .name = "scripted", .title = "Someone" },
	.parallel = 1,
	.max_characters = max_characters,
	.synthesize = speak,
};

static struct err *run(const struct tts_request *request, struct tts_result *ret)
{
	const struct service_key key = { .secret = "secret" };
	const struct services services = { .conf = &conf, .gate = gate_new(&conf) };
	script.calls = 0;
	struct err *e = synthesize(&services, NULL, &scripted, &key, request, ret);
	gate_free(services.gate);
	return e;
}

static void test_tries(void **state)
{
	(void)state;
	static const struct {
		enum err_kind kind;
		int failures, calls;
		bool succeeds;
	} cases[] = {
		{ ERR_UPSTREAM, 0, 1, true },      { ERR_UPSTREAM, 1, 2, true },
		{ ERR_RATE_LIMITED, 2, 3, true },  { ERR_UPSTREAM, 3, 3, false },
		{ ERR_RATE_LIMITED, 9, 3, false }, { ERR_REFUSED, 1, 1, false },
		{ ERR_INVALID, 1, 1, false },      { ERR_CANCELLED, 1, 1, false },
		{ ERR_TOO_LARGE, 1, 1, false },    { ERR_INTERNAL, 1, 1, false },
	};
	const struct tts_request request = plain_request("v", "Hi");
	for (size_t i = 0; i < COUNT(cases); i++) {
		script.kind = cases[i].kind;
		script.failures = cases[i].failures;
		cleanup(tts_result_clear) struct tts_result r = { 0 };
		cleanup(cleanup_err) struct err *e = run(&request, &r);
		assert_int_equal(script.calls, cases[i].calls);
		assert_int_equal(!e, cases[i].succeeds);
		assert_int_equal(note_count(&r), cases[i].succeeds); /* only the last call's */
		if (e)
			assert_int_equal(err_kind(e), cases[i].kind);
	}
}

static void test_waits(void **state)
{
	(void)state;
	const struct conf slow = { .provider_retry_ms = 1000 };
	static const struct {
		enum err_kind kind;
		int retry_after, tries;
		int64_t want;
	} cases[] = {
		{ ERR_UPSTREAM, 0, 1, 1000 },     { ERR_UPSTREAM, 0, 2, 2000 },
		{ ERR_UPSTREAM, 0, 3, -1 },       { ERR_RATE_LIMITED, 7, 1, 7000 },
		{ ERR_RATE_LIMITED, 7, 2, 7000 }, { ERR_RATE_LIMITED, 3600, 1, 60000 },
		{ ERR_REFUSED, 7, 1, -1 },        { ERR_CANCELLED, 0, 1, -1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_err) struct err *e = err_new(cases[i].kind, "failure");
		err_set_retry_after(e, cases[i].retry_after);
		assert_int_equal(call_wait_ms(&slow, e, cases[i].tries), cases[i].want);
	}
	const struct conf slowest = { .provider_retry_ms = 60000 };
	cleanup(cleanup_err) struct err *e = err_new(ERR_UPSTREAM, "failure");
	assert_int_equal(call_wait_ms(&slowest, e, 2), 60000);
}

static void test_texts(void **state)
{
	(void)state;
	script.failures = 0;
	char text[12347 * 2 + 1];
	for (size_t i = 0; i < sizeof(text) - 1; i += 2)
		memcpy(text + i, "ü", 2);
	text[sizeof(text) - 1] = '\0';
	cleanup(tts_result_clear) struct tts_result r = { 0 };
	struct tts_request request = plain_request("v", text);
	assert_error(run(&request, &r), ERR_INVALID,
		     "The text has 12,347 characters; Someone takes at most 12,345 in one request. "
		     "Shorten it, or split it over several nodes.");
	request.text = text + 4; /* exactly as long as allowed */
	assert_null(run(&request, &r));
	request.text = "… — !";
	assert_error(run(&request, &r), ERR_INVALID, "There is nothing to speak in the text");
	assert_int_equal(script.calls, 0);
}

static void test_cancelling(void **state)
{
	(void)state;
	atomic_bool cancel = true;
	cleanup(tts_result_clear) struct tts_result r = { 0 };
	struct tts_request request = plain_request("v", "Hi");
	const struct stop stop = { .asked = &cancel };
	request.stop = &stop;
	assert_error(run(&request, &r), ERR_CANCELLED, "cancelled");
	assert_int_equal(script.calls, 0);

	script.kind = ERR_UPSTREAM;
	script.failures = 9;
	script.cancel = &cancel;
	cancel = false;
	assert_error(run(&request, &r), ERR_CANCELLED, "cancelled");
	assert_int_equal(script.calls, 1);
	script.cancel = NULL;
}

static void test_timeouts(void **state)
{
	(void)state;
	const struct conf short_one = { .provider_timeout_s = 5 };
	assert_int_equal(call_timeout_s(&conf, 1), 60);
	assert_int_equal(call_timeout_s(&conf, 3300), 115);
	assert_int_equal(call_timeout_s(&conf, 10000), 240);
	assert_int_equal(call_timeout_s(&short_one, 1), 5);
}

static void test_keys(void **state)
{
	(void)state;
	cleanup(cleanup_free) char *header = NULL;
	assert_null(call_key_header("x-key: ", &(struct service_key){ .secret = "ab!~" }, "Someone",
				    &header));
	assert_string_equal(header, "x-key: ab!~");
	static const char *const bad[] = { "a\r\nHost: evil", "a b", "ü", "\x7f" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *none = NULL;
		assert_error(call_key_header("x-key: ", &(struct service_key){ .secret = bad[i] },
					     "Someone", &none),
			     ERR_REFUSED, "Settings → API Keys");
		assert_null(none);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tries),    cmocka_unit_test(test_waits),
		cmocka_unit_test(test_texts),    cmocka_unit_test(test_cancelling),
		cmocka_unit_test(test_timeouts), cmocka_unit_test(test_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
