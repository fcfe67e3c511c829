/* The folder in which nginx keeps the bodies of requests while they last. */
#pragma once
#include "jobs/base/err.h"

/*
 * Deletes the files that nginx left in `folder` and its levels (client_body_temp_path) and that
 * nobody has written to for `seconds`. Only what has nginx's names is touched, digits all of them;
 * links are not followed. A folder that does not exist is empty. ERR_INTERNAL where it cannot be
 * read, or a file cannot be deleted.
 */
must_check struct err *spool_sweep(const char *folder, long seconds, int *ret_count);
