/* Splits strangers' texts with the limits that their first two bytes say. */
#include "tests/unit/tts/split_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3 || memchr(data + 2, 0, size - 2))
		return 0;
	cleanup(cleanup_free) char *text = mem_strndup((const char *)data + 2, size - 2);
	utf8_repair(text);
	split_check(text, (struct split_limits){ 1 + data[0], 1 + data[0] + data[1] });
	return 0;
}
