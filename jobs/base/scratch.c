#include "jobs/base/scratch.h"

#include "jobs/base/cleanup.h"
#include "jobs/base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
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

struct err *scratch_open_for(uint64_t bytes, int *ret_fd)
{
	if (bytes > SCRATCH_SMALL)
		return scratch_open(ret_fd);
	*ret_fd = memfd_create("voiceover", MFD_CLOEXEC);
	return *ret_fd >= 0 ? NULL : scratch_open(ret_fd);
}
