/* Files without a name for what is too large for memory; gone when closed. */
#pragma once
#include "jobs/base/err.h"

/*
 * A new empty file in TMPDIR, or /tmp, open for reading and writing; the caller closes *ret_fd.
 * ERR_UNAVAILABLE where there is no room for one.
 */
must_check struct err *scratch_open(int *ret_fd);
