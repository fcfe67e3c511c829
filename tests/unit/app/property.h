/* Tests of many graphs: how many, from which seed on, and a failure that names its graph. */
#pragma once
#include "tests/unit/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t seed; /* of the graph that is being run */

/* The condition holds; else the rest is printed, as printf does it. */
#define check(condition, ...) check_at(__FILE__, __LINE__, condition, __VA_ARGS__)

static inline __attribute__((format(printf, 4, 5))) void check_at(const char *file, int line,
								  bool holds, const char *fmt, ...)
{
	if (holds)
		return;
	char text[1000];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error("graph of seed %llu: %s\n", (unsigned long long)seed, text);
	_fail(file, line);
}

/* A number from the environment. */
static inline long setting(const char *name, long fallback)
{
	const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
	return text && *text ? strtol(text, NULL, 10) : fallback;
}
