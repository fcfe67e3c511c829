/*
 * Cuts the text of a file as a provider's text is cut, for the benchmarks:
 *	split-driver FILE TIMES
 * -> {bytes, pieces, cpuMs}, of all times together, or a line of error
 */
#include "jobs/base/clock.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"
#include "jobs/tts/split.h"
#include "tests/jobs/cpu_time.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64 * 1024 * 1024, USUAL_CHARACTERS = 900, MOST_CHARACTERS = 5000 };

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[1], "re") : NULL;
	if (!file)
		return 64;
	char *text = mem_alloc(MOST);
	size_t length = fread(text, 1, MOST - 1, file);
	fclose(file);
	const struct split_limits limits = { USUAL_CHARACTERS, MOST_CHARACTERS };
	long times = strtol(argv[2], NULL, 10), pieces = 0;
	double begin = cpu_ms();
	for (long i = 0; i < times; i++) {
		struct split split = split_start(text, limits);
		for (struct split_piece piece; split_next(&split, &piece);)
			pieces++;
	}
	printf("{\"bytes\":%ld,\"pieces\":%ld,\"cpuMs\":%.3f}\n", (long)length * times, pieces,
	       cpu_ms() - begin);
	free(text);
	return 0;
}
