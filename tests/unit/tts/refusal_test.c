#include "jobs/tts/refusal.h"

#include "jobs/base/utf8.h"
#include "tests/unit/tts/fixture.h"

static void test_match(void **state)
{
	(void)state;
	static const struct refusal_rule rules[] = {
		{ 0, "quota", REFUSAL_CREDITS }, { 401, NULL, REFUSAL_KEY },
		{ 404, "voice", REFUSAL_VOICE }, { 4, NULL, REFUSAL_PARAMETER },
		{ 5, NULL, REFUSAL_DOWN },
	};
	static const struct {
		int status;
		enum refusal want;
		const char *words;
	} cases[] = {
		{ 401, REFUSAL_CREDITS, "Quota_Exceeded" },
		{ 401, REFUSAL_KEY, "" },
		{ 404, REFUSAL_VOICE, "no such VOICE" },
		{ 404, REFUSAL_PARAMETER, "" },
		{ 422, REFUSAL_PARAMETER, "" },
		{ 500, REFUSAL_DOWN, "" },
		{ 599, REFUSAL_DOWN, "" },
		{ 302, REFUSAL_REQUEST, "" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(refusal_match(rules, COUNT(rules), cases[i].status, cases[i].words,
					       REFUSAL_REQUEST),
				 cases[i].want);
}

static void test_every_refusal_is_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < REFUSALS; i++) {
		cleanup(cleanup_err) struct err *e =
			refusal_error((enum refusal)i, "Someone", NULL, NULL);
		const char *message = err_message(e);
		assert_has(message, "Someone ");
		assert_int_equal(message[strlen(message) - 1], '.');
	}
}

static void test_quotes(void **state)
{
	(void)state;
	static const struct {
		const char *said, *secret, *want;
	} cases[] = {
		{ "no", NULL, "It says: “no”" },
		{ "bad key sk-12345678!", "sk-12345678", "“bad key ****!”" },
		{ "sk-1sk-12345678sk-12345678", "sk-12345678", "“sk-1********”" },
		{ "a\r\nb\x1b[0m", NULL, "“a  b [0m”" },
		{ "broken \xff\xc3", NULL, "“broken   ”" },
		{ "short secret", "s", "“short secret”" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_err) struct err *e =
			refusal_error(REFUSAL_DOWN, "Someone", cases[i].said, cases[i].secret);
		assert_has(err_message(e), cases[i].want);
	}
	cleanup(cleanup_err) struct err *silent = refusal_error(REFUSAL_DOWN, "Someone", "", NULL);
	assert_null(strstr(err_message(silent), "says"));
}

/* The longest sentence with the longest quotation still ends whole, also where a character is cut.
 */
static void test_long_quotes(void **state)
{
	(void)state;
	char said[2001];
	for (size_t i = 0; i < sizeof(said) - 1; i += 2)
		memcpy(said + i, "ü", 2);
	said[sizeof(said) - 1] = '\0';
	for (int i = 0; i < REFUSALS; i++) {
		cleanup(cleanup_err) struct err *e =
			refusal_error((enum refusal)i, "ElevenLabs", said + i % 2, NULL);
		const char *message = err_message(e), *quote = strstr(message, "“");
		assert_non_null(quote);
		assert_true(utf8_is_valid(message, strlen(message)));
		assert_true(utf8_length(quote) <= 202);
		assert_string_equal(message + strlen(message) - strlen("”"), "”");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_every_refusal_is_a_sentence),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_long_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
