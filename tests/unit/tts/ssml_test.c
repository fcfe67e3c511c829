#include "jobs/tts/ssml.h"

#include "tests/unit/tts/fixture.h"

#define OPEN                                                                                       \
	"<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" "                    \
	"xmlns:mstts=\"http://www.w3.org/2001/mstts\" xml:lang=\""

static void test_escape(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "a < b & c > d", "a &lt; b &amp; c &gt; d" },
		{ "\"it's\"", "&quot;it&apos;s&quot;" },
		{ "&amp;", "&amp;amp;" },
		{ "]]>", "]]&gt;" },
		{ "a\x0b"
		  "b\x08",
		  "a b " },
		{ "\ufffe\uffff", "  " },
		{ "日本語 \U0001f600", "日本語 \U0001f600" },
		{ "</voice><voice name=\"x\">", "&lt;/voice&gt;&lt;voice name=&quot;x&quot;&gt;" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_clear) struct buf b = BUF(1024);
		ssml_escape(&b, cases[i].text);
		assert_string_equal(b.data ? b.data : "", cases[i].want);
	}
}

static void test_build(void **state)
{
	(void)state;
	static const struct {
		struct ssml ssml;
		const char *want;
	} cases[] = {
		{ { "en-US", "en-US-JennyNeural", NULL, 1, "Hi" },
		  OPEN "en-US\"><voice name=\"en-US-JennyNeural\">Hi</voice></speak>" },
		{ { "en-US", "v", NULL, 1.25, "Hi" },
		  OPEN "en-US\"><voice name=\"v\"><prosody rate=\"+25%\">Hi</prosody>"
		       "</voice></speak>" },
		{ { "en-US", "v", NULL, 0.7, "Hi" },
		  OPEN "en-US\"><voice name=\"v\"><prosody rate=\"-30%\">Hi</prosody>"
		       "</voice></speak>" },
		{ { "de", "Base", "guid", 1.1, "Hi" },
		  OPEN "de\"><voice name=\"Base\"><mstts:ttsembedding speakerProfileId=\"guid\">"
		       "<prosody rate=\"+10%\">Hi</prosody></mstts:ttsembedding></voice></speak>" },
		{ { "a\"b", "<v>", "'p'", 1, "&" },
		  OPEN "a&quot;b\"><voice name=\"&lt;v&gt;\"><mstts:ttsembedding "
		       "speakerProfileId=\"&apos;p&apos;\">&amp;</mstts:ttsembedding></voice>"
		       "</speak>" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *ssml = ssml_build(&cases[i].ssml);
		assert_string_equal(ssml, cases[i].want);
	}
}

static void test_build_is_never_cut(void **state)
{
	(void)state;
	enum { QUOTES = 20000 };
	cleanup(cleanup_free) char *text = malloc(QUOTES + 1);
	memset(text, '"', QUOTES);
	text[QUOTES] = '\0';
	cleanup(cleanup_free) char *ssml =
		ssml_build(&(struct ssml){ text, text, text, 0.512345, text });
	assert_true(strlen(ssml) > (size_t)4 * QUOTES * 6);
	assert_string_equal(ssml + strlen(ssml) - strlen("</voice></speak>"), "</voice></speak>");
}

static void test_text(void **state)
{
	(void)state;
	static const struct {
		const char *document, *want;
	} cases[] = {
		{ "", "" },
		{ "<speak>Hello <b>you</b>.</speak>", "Hello you." },
		{ "<speak>\n\t<s>One.</s>\n\t<s>Two.</s>\n</speak>", "One. Two. " },
		{ "<s>a<![CDATA[ < b & > ]]>c</s>", "a < b & > c" },
		{ "a<!-- <b> not > said -->b", "ab" },
		{ "open <tag", "open " },
		{ "<![CDATA[open", "open" },
		{ "<!--", "" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(cleanup_free) char *said = ssml_text(cases[i].document);
		assert_string_equal(said, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_build_is_never_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
