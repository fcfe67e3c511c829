/* What a driver has spent on a CPU so far, in milliseconds, for the benchmarks. */
#pragma once
#include <time.h>

static inline double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
