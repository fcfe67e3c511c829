/* Files without a name for what is too large for memory; gone when closed. */
#pragma once
#include "jobs/base/err.h"

#include <stdint.h>

/*
 * A new empty file in TMPDIR, or /tmp, open for reading and writing; the caller closes *ret_fd.
 * ERR_UNAVAILABLE where there is no room for one.
 */
must_check struct err *scratch_open(int *ret_fd);

enum { SCRATCH_SMALL = 4 * 1024 * 1024 };

/* The same for about `bytes`: up to SCRATCH_SMALL it is in memory, as a file costs more than they
 * do. */
must_check struct err *scratch_open_for(uint64_t bytes, int *ret_fd);
