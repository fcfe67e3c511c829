#include "jobs/io/redis_reply.h"

#include "jobs/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 300, LONG = 100000 };

static void add_long_text(struct buf *b)
{
	buf_addf(b, "$%d\r\n", LONG);
	for (int i = 0; i < LONG; i++)
		buf_adds(b, "x");
	buf_adds(b, "\r\n");
}

/* {ROWS rows of {number, text, nil}, a long text, "OK", an empty list}, as a server sends it. */
static struct buf nested(void)
{
	struct buf b = BUF(1 << 20);
	buf_addf(&b, "*4\r\n*%d\r\n", ROWS);
	for (int i = 0; i < ROWS; i++)
		buf_addf(&b, "*3\r\n:%d\r\n$%zu\r\nrow-%d\r\n$-1\r\n", i,
			 (size_t)snprintf(NULL, 0, "row-%d", i), i);
	add_long_text(&b);
	buf_adds(&b, "+OK\r\n*0\r\n");
	return b;
}

static redisReader *new_reader(void)
{
	redisReader *reader = redisReaderCreate();
	assert_non_null(reader);
	redis_reply_setup(reader);
	return reader;
}

static redisReply *read_whole(redisReader *reader, const char *text, size_t len)
{
	void *reply = NULL;
	assert_int_equal(redisReaderFeed(reader, text, len), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	return reply;
}

static void assert_text(const redisReply *r, int type, const char *text)
{
	assert_int_equal(r->type, type);
	assert_int_equal(r->len, strlen(text));
	assert_string_equal(r->str, text);
}

static void test_nested(void **state)
{
	(void)state;
	struct buf wire = nested();
	redisReader *reader = new_reader();
	redisReply *reply = read_whole(reader, wire.data, wire.len);
	assert_int_equal(reply->elements, 4);
	assert_int_equal(reply->element[0]->elements, ROWS);
	for (int i = 0; i < ROWS; i++) {
		const redisReply *row = reply->element[0]->element[i];
		char text[16];
		snprintf(text, sizeof(text), "row-%d", i);
		assert_int_equal(row->elements, 3);
		assert_int_equal(row->element[0]->type, REDIS_REPLY_INTEGER);
		assert_int_equal(row->element[0]->integer, i);
		assert_text(row->element[1], REDIS_REPLY_STRING, text);
		assert_int_equal(row->element[2]->type, REDIS_REPLY_NIL);
		assert_null(row->element[2]->str);
	}
	assert_int_equal(reply->element[1]->len, LONG);
	assert_int_equal(strspn(reply->element[1]->str, "x"), LONG);
	assert_text(reply->element[2], REDIS_REPLY_STATUS, "OK");
	assert_int_equal(reply->element[3]->elements, 0);
	redis_reply_free(reply);
	redisReaderFree(reader);
	buf_clear(&wire);
}

static void test_alone(void **state)
{
	(void)state;
	redisReader *reader = new_reader();
	redisReply *error = read_whole(reader, "-ERR no\r\n:7\r\n", 13);
	redisReply *number = read_whole(reader, "", 0);
	redisReply *binary = read_whole(reader, "$3\r\na\0b\r\n", 9);
	redisReaderFree(reader);
	assert_text(error, REDIS_REPLY_ERROR, "ERR no");
	assert_int_equal(number->integer, 7);
	assert_int_equal(binary->len, 3);
	assert_memory_equal(binary->str, "a\0b", 4);
	redis_reply_free(error);
	redis_reply_free(number);
	redis_reply_free(binary);
	redis_reply_free(NULL);
}

static void test_long_and_alone(void **state)
{
	(void)state;
	struct buf wire = BUF(1 << 20);
	add_long_text(&wire);
	redisReader *reader = new_reader();
	redisReply *reply = read_whole(reader, wire.data, wire.len);
	redisReaderFree(reader);
	assert_int_equal(reply->len, LONG);
	assert_int_equal(strspn(reply->str, "x"), LONG);
	redis_reply_free(reply);
	buf_clear(&wire);
}

/* A connection that ends within a reply: its reader frees what was read. */
static void test_cut_off(void **state)
{
	(void)state;
	struct buf wire = nested();
	for (size_t len = 0; len < wire.len; len += len < 9000 ? 1 : 5000) {
		redisReader *reader = new_reader();
		assert_null(read_whole(reader, wire.data, len));
		redisReaderFree(reader);
	}
	buf_clear(&wire);
}

/* One that cannot be had is an error of the reader, which keeps what it had for its end. */
static void test_nonsense(void **state)
{
	(void)state;
	redisReader *reader = new_reader();
	void *reply = NULL;
	const char *text = "*2\r\n$3\r\nabc\r\n?what\r\n";
	assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_ERR);
	assert_null(reply);
	redisReaderFree(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nested),         cmocka_unit_test(test_alone),
		cmocka_unit_test(test_long_and_alone), cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
