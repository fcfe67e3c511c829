/* One call to the storage: what jobs/io/s3*.c share. The rest of the code sees s3.h only. */
#pragma once
#include "jobs/io/s3.h"

struct s3_call {
	const char *method, *key;
	const char *query; /* encoded and in the order that it is signed in; or NULL */
	const char *content_type;
	const struct s3_body *body;
	const struct http_file *save_to;
	const struct stop *stop;
};

/*
 * Makes the call, with up to three tries; fails as s3_put does. The answer is the caller's, also
 * after a failure, when its status says what was refused (0: nothing was answered).
 */
must_check struct err *s3_perform(const struct s3 *s3, struct http *http,
				  const struct s3_call *call, struct http_response *ret);

/* `text` with all but the unreserved characters percent-encoded; the caller frees it. */
char *s3_encoded(const char *text) __attribute__((returns_nonnull));

/*
 * Stores a file in parts of `part_bytes` (https://docs.aws.amazon.com/AmazonS3/latest/userguide/
 * mpuoverview.html): a part that fails is sent again, not the whole; nothing is to be seen of it
 * before all are there, and nothing stays of one that failed. *ret_lacking is true where the
 * storage takes no parts; nothing has been sent then.
 */
must_check struct err *s3_put_parts(const struct s3 *s3, struct http *http,
				    const struct s3_call *call, uint64_t part_bytes,
				    bool *ret_lacking);
