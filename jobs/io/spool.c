#include "jobs/io/spool.h"

#include "jobs/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LEVELS = 3 }; /* of folders below the spool; nginx knows no more */

struct sweep {
	time_t before;
	int count;
};

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool has_nginx_name(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

static struct err *sweep_file(struct sweep *s, int folder, const char *name, const struct stat *st)
{
	if (st->st_mtime >= s->before)
		return NULL;
	if (unlinkat(folder, name, 0) == 0)
		s->count++;
	else if (errno != ENOENT)
		return err_new(ERR_INTERNAL, "the upload file %s cannot be deleted: %m", name);
	return NULL;
}

/* Takes `fd` over. */
static struct err *sweep_folder(struct sweep *s, int fd, int levels)
{
	cleanup(cleanup_dir) DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_new(ERR_INTERNAL, "the upload folder cannot be read: %m");
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own */
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		if (!has_nginx_name(entry->d_name) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISREG(st.st_mode))
			TRY(sweep_file(s, fd, entry->d_name, &st));
		int below = S_ISDIR(st.st_mode) && levels > 0
				    ? openat(fd, entry->d_name,
					     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				    : -1;
		if (below >= 0)
			TRY(sweep_folder(s, below, levels - 1));
	}
	return NULL;
}

struct err *spool_sweep(const char *folder, long seconds, int *ret_count)
{
	struct sweep s = { .before = time(NULL) - seconds };
	*ret_count = 0;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0)
		return err_new(ERR_INTERNAL, "the upload folder %s cannot be read: %m", folder);
	struct err *e = sweep_folder(&s, fd, MAX_LEVELS);
	*ret_count = s.count;
	return e;
}
