/*
 * Joins audio files for tests/jobs/join.test.js and the benchmarks:
 *	join-driver mp3|wav OUT PAUSE_SECONDS PART...
 * -> {frames, samples, rate, durationSec, bytes, cpuMs, starts: [seconds]}, or a line of error
 */
#include "jobs/audio/join.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "tests/jobs/cpu_time.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err *add(struct join *join, const char *path)
{
	struct stat st = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_new(ERR_INVALID, "cannot open %s", path);
	struct audio_source source = source_file(fd, 0, (uint64_t)st.st_size);
	struct err *e = join_add(join, &source);
	source_clear(&source);
	close(fd);
	return e;
}

static struct err *join_all(int fd, char **argv, int argc, struct json_object *out)
{
	enum audio_format format = strcmp(argv[1], "wav") != 0 ? AUDIO_MP3 : AUDIO_WAV;
	cleanup(cleanup_join) struct join *join = join_new(format, fd);
	struct json_object *starts = json_object_new_array();
	js_set(out, "starts", starts);
	double pause = strtod(argv[3], NULL);
	double begin = cpu_ms();
	for (int i = 4; i < argc; i++) {
		if (i > 4)
			join_pause(join, pause);
		json_object_array_add(starts, json_object_new_double(join_position_sec(join)));
		TRY(add(join, argv[i]));
	}
	struct audio_info info = { 0 };
	TRY(join_finish(join, &info));
	js_set_double(out, "cpuMs", cpu_ms() - begin);
	js_set_int(out, "frames", (int64_t)info.frames);
	js_set_int(out, "samples", (int64_t)info.samples);
	js_set_int(out, "rate", info.rate);
	js_set_int(out, "bytes", (int64_t)(info.data_offset + info.data_length));
	js_set_double(out, "durationSec", info.duration_sec);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 64;
	js_init();
	int fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cleanup(cleanup_json) struct json_object *out = json_object_new_object();
	cleanup(cleanup_err) struct err *e = join_all(fd, argv, argc, out);
	close(fd);
	cleanup(cleanup_free) char *text = js_text(out);
	puts(e ? err_message(e) : text);
	return e ? 1 : 0;
}
