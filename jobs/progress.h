/* A progress bar for a terminal: how far the work of a runner is. */
#pragma once
#include "jobs/base/buf.h"

#include <stdint.h>

struct progress {
	int64_t ended, failed;    /* so far; failed is a part of ended */
	int64_t running, waiting; /* waiting: that are ready to be run */
	int64_t elapsed_ms;
};

/*
 * Writes one line of at most `width` columns, without a line end:
 * "[########............]  40 %  8/20  1 failed  4 running  3.2/s  4 s left". What does not fit is
 * left out from the right; the bar shrinks first.
 */
void progress_line(const struct progress *p, int width, struct buf *ret);
