#include "jobs/base/id.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

char *id_new(char id[static ID_SIZE])
{
	uint8_t b[16];
	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		abort();
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)(now.tv_nsec / 1000000);
	for (int i = 0; i < 6; i++)
		b[i] = (uint8_t)(ms >> (40 - 8 * i));
	uint64_t fraction = (uint64_t)(now.tv_nsec % 1000000) * 4096 / 1000000;
	b[6] = (uint8_t)(0x70 | fraction >> 8); /* version 7 */
	b[7] = (uint8_t)fraction;
	b[8] = (b[8] & 0x3f) | 0x80; /* variant 10 */

	const uint8_t *next = b;
	for (int i = 0; shape[i];) {
		if (shape[i] == '-') {
			id[i++] = '-';
			continue;
		}
		id[i++] = "0123456789abcdef"[*next >> 4];
		id[i++] = "0123456789abcdef"[*next++ & 15];
	}
	id[ID_SIZE - 1] = '\0';
	return id;
}

bool id_is_valid(const char *text)
{
	int i = 0;
	for (; shape[i]; i++) {
		bool fits = shape[i] == '-' ? text[i] == '-' : isxdigit((unsigned char)text[i]);
		if (!fits)
			return false;
	}
	return text[i] == '\0';
}
