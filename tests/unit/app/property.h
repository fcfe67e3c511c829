/* Tests of many graphs: how many, from which seed on, and a failure that names its graph. */
#pragma once
#include "tests/unit/check.h"

#include <stdlib.h>

static uint64_t seed; /* of the graph that is being run */

#define check(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("graph of seed %llu: ", (unsigned long long)seed);             \
			fail_msg(__VA_ARGS__);                                                     \
		}                                                                                  \
	} while (0)

/* A number from the environment. */
static inline long setting(const char *name, long fallback)
{
	const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
	return text && *text ? strtol(text, NULL, 10) : fallback;
}
