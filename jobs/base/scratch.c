#include "jobs/base/scratch.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct err *scratch_open(int *ret_fd)
{
	const char *dir = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
	cleanup(cleanup_free) char *path =
		mem_printf("%s/voiceover.XXXXXX", dir && *dir ? dir : "/tmp");
	*ret_fd = mkostemp(path, O_CLOEXEC);
	if (*ret_fd < 0)
		return err_new(ERR_UNAVAILABLE, "The server has no room for temporary files: %m");
	unlink(path);
	return NULL;
}
