#include "jobs/io/s3_call.h"

#include "jobs/base/buf.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <string.h>

enum {
	MAX_PARTS = 10000,
	MAX_LIST = 2 * 1024 * 1024, /* bytes of the list of all parts */
	METHOD_NOT_ALLOWED = 405,
	NOT_IMPLEMENTED = 501,
};

/* An upload under way. */
struct upload {
	const struct s3 *s3;
	struct http *http;
	const struct s3_call *whole;
	char *id; /* encoded, as queries have it */
	struct buf list;
};

static struct err *create(struct upload *u, bool *ret_lacking)
{
	struct s3_call call = { .method = "POST",
				.key = u->whole->key,
				.query = "uploads=",
				.content_type = u->whole->content_type,
				.stop = u->whole->stop };
	cleanup(http_response_clear) struct http_response response = { 0 };
	struct err *e = s3_perform(u->s3, u->http, &call, &response);
	*ret_lacking = response.status == METHOD_NOT_ALLOWED || response.status == NOT_IMPLEMENTED;
	TRY(e);
	const char *begin = strstr(response.body, "<UploadId>");
	if (!begin)
		return err_new(ERR_UNAVAILABLE, "The storage began an upload without naming it");
	begin += strlen("<UploadId>");
	cleanup(cleanup_free) char *id = mem_strndup(begin, strcspn(begin, "<"));
	u->id = s3_encoded(id);
	return NULL;
}

static struct err *send_part(struct upload *u, int number, const struct http_file *file)
{
	cleanup(cleanup_free) char *query = mem_printf("partNumber=%d&uploadId=%s", number, u->id);
	const struct s3_body body = { .file = file };
	const struct s3_call call = { .method = "PUT",
				      .key = u->whole->key,
				      .query = query,
				      .body = &body,
				      .stop = u->whole->stop };
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(s3_perform(u->s3, u->http, &call, &response));
	const char *etag = http_header(u->http, "ETag");
	if (!etag || strpbrk(etag, "<>&"))
		return err_new(ERR_UNAVAILABLE, "The storage took a part without naming it");
	buf_addf(&u->list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", number, etag);
	return NULL;
}

static struct err *send_parts(struct upload *u, uint64_t part_bytes)
{
	const struct http_file *file = u->whole->body->file;
	int number = 0;
	for (uint64_t at = 0; at < file->length; at += part_bytes) {
		uint64_t left = file->length - at;
		const struct http_file part = { .fd = file->fd,
						.offset = file->offset + at,
						.length = left < part_bytes ? left : part_bytes };
		TRY(send_part(u, ++number, &part));
	}
	return NULL;
}

/* An answer of 200 can still say that it failed: it begins before the parts are put together. */
static struct err *complete(struct upload *u)
{
	buf_adds(&u->list, "</CompleteMultipartUpload>");
	cleanup(cleanup_free) char *query = mem_printf("uploadId=%s", u->id);
	const struct s3_body body = { .bytes = u->list.data, .len = u->list.len };
	const struct s3_call call = { .method = "POST",
				      .key = u->whole->key,
				      .query = query,
				      .content_type = "application/xml",
				      .body = &body,
				      .stop = u->whole->stop };
	cleanup(http_response_clear) struct http_response response = { 0 };
	TRY(s3_perform(u->s3, u->http, &call, &response));
	if (strstr(response.body, "<Error>"))
		return err_new(ERR_UNAVAILABLE, "The storage could not put the parts together");
	return NULL;
}

/* Even where the whole was called off: what has been sent is paid for until it is dropped. */
static void drop(struct upload *u)
{
	cleanup(cleanup_free) char *query = mem_printf("uploadId=%s", u->id);
	const struct s3_call call = { .method = "DELETE", .key = u->whole->key, .query = query };
	cleanup(http_response_clear) struct http_response response = { 0 };
	err_free(s3_perform(u->s3, u->http, &call, &response));
}

static void upload_clear(struct upload *u)
{
	free(u->id);
	buf_clear(&u->list);
}

struct err *s3_put_parts(const struct s3 *s3, struct http *http, const struct s3_call *call,
			 uint64_t part_bytes, bool *ret_lacking)
{
	cleanup(upload_clear) struct upload u = { s3, http, call, NULL, BUF(MAX_LIST) };
	uint64_t least = (call->body->file->length + MAX_PARTS - 1) / MAX_PARTS;
	TRY(create(&u, ret_lacking));
	buf_adds(&u.list, "<CompleteMultipartUpload>");
	struct err *e = send_parts(&u, part_bytes > least ? part_bytes : least);
	if (!e)
		e = complete(&u);
	if (e)
		drop(&u);
	return e;
}
