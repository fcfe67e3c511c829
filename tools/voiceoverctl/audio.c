#include "jobs/audio/quality.h"
#include "jobs/base/cleanup.h"
#include "tools/voiceoverctl/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static struct err *print_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_new(ERR_NOT_FOUND, "cannot be opened: %m");
	struct audio_source source = source_file(fd, 0, (uint64_t)st.st_size);
	struct audio_info info;
	struct quality quality;
	struct err *e = audio_measure(&source, &info);
	if (!e)
		e = quality_measure(&source, &info, &quality);
	source_clear(&source);
	close(fd);
	if (!e)
		printf("%s: %s, %u Hz, %u channel%s, %.6f s, peak %.2f dB, RMS %.2f dB\n", path,
		       audio_format_name(info.format), info.rate, info.channels,
		       info.channels == 1 ? "" : "s", info.duration_sec, quality.peak_db,
		       quality.rms_db);
	return e;
}

int ctl_audio(int argc, char **argv)
{
	int code = argc > 1 ? EX_OK : EX_USAGE;
	for (int i = 1; i < argc; i++) {
		cleanup(cleanup_err) struct err *e = print_file(argv[i]);
		if (!e)
			continue;
		fprintf(stderr, "%s: %s\n", argv[i], err_message(e));
		code = EX_DATAERR;
	}
	return code;
}
