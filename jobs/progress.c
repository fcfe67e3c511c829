#include "jobs/progress.h"

#include "jobs/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 512, MIN_BAR = 10, MAX_BAR = 40, FRAME = 2 };

static void add_counts(const struct progress *p, struct buf *b)
{
	int64_t total = p->ended + p->running + p->waiting;
	int64_t percent = total ? p->ended * 100 / total : 100;
	buf_addf(b, " %3d %%  %lld/%lld", (int)percent, (long long)p->ended, (long long)total);
	if (p->failed > 0)
		buf_addf(b, "  %lld failed", (long long)p->failed);
	if (p->running > 0)
		buf_addf(b, "  %lld running", (long long)p->running);
}

static void add_speed(const struct progress *p, struct buf *b)
{
	if (p->ended == 0 || p->elapsed_ms <= 0)
		return;
	double rate = (double)p->ended * 1000 / (double)p->elapsed_ms;
	int64_t left = p->running + p->waiting;
	buf_addf(b, "  %.1f/s", rate);
	if (left > 0)
		buf_addf(b, "  %.0f s left", (double)left / rate);
}

static void add_bar(const struct progress *p, int width, struct buf *b)
{
	int64_t total = p->ended + p->running + p->waiting;
	int64_t filled = total ? p->ended * width / total : width;
	buf_adds(b, "[");
	for (int64_t i = 0; i < width; i++)
		buf_adds(b, i < filled ? "#" : ".");
	buf_adds(b, "]");
}

void progress_line(const struct progress *p, int width, struct buf *ret)
{
	cleanup(buf_clear) struct buf text = BUF(MAX_LINE);
	add_counts(p, &text);
	add_speed(p, &text);
	int room = width - (int)text.len - FRAME;
	if (room >= MIN_BAR)
		add_bar(p, room < MAX_BAR ? room : MAX_BAR, ret);
	size_t len = text.len < (size_t)width ? text.len : (size_t)width;
	buf_add(ret, text.data, len);
}
