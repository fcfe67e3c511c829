#include "jobs/base/base64.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <openssl/evp.h>
#include <string.h>

char *base64_encode(const void *bytes, size_t len)
{
	char *text = mem_alloc(4 * (len / 3 + 1) + 1);
	EVP_EncodeBlock((uint8_t *)text, bytes, (int)len);
	return text;
}

int base64_decode(const char *text, uint8_t **ret)
{
	size_t len = strlen(text), padding = 0;
	cleanup(cleanup_free) uint8_t *bytes = mem_alloc(len + 1);
	int n = EVP_DecodeBlock(bytes, (const uint8_t *)text, (int)len);
	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	if (n < 0)
		return -1;
	n -= (int)padding;
	bytes[n] = 0;
	*ret = take(bytes);
	return n;
}
