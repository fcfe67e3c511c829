/* Input: a condition. It is read or refused as the user's fault, and means the same in brackets. */
#include "jobs/nodes/expression.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

static const char inputs[] = "{\"a\":{\"n\":7,\"t\":\"x\",\"l\":[1,\"2\",null],\"b\":true},"
			     "\"b.c\":\"{{a.n}}\"}";

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* 1 or 0 as the condition holds or not; -1 where it is refused. */
static int test(const char *text, struct json_object *values)
{
	bool result = false;
	cleanup(cleanup_err) struct err *e = expression_test(text, values, &result);
	check(!e || err_kind(e) == ERR_INVALID);
	return e ? -1 : result;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	cleanup(cleanup_free) char *text = mem_strndup((const char *)input, len);
	if (!utf8_is_valid(text, strlen(text)))
		return 0;
	cleanup(cleanup_json) struct json_object *values = NULL;
	cleanup(cleanup_err) struct err *e = js_parse(inputs, strlen(inputs), &values);
	check(!e);
	int result = test(text, values);
	if (result < 0)
		return 0;
	cleanup(cleanup_free) char *negated = mem_printf("!(%s)", text);
	cleanup(cleanup_free) char *doubled = mem_printf("(%s) && (%s)", text, text);
	int opposite = test(negated, values), same = test(doubled, values);
	check(opposite < 0 || opposite == !result); /* it may be too deep */
	check(same < 0 || same == result);
	return 0;
}
