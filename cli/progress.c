#include "cli/progress.h"

#include "core/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define EVERY_MS 200
#define WIDTH 30

struct progress progress_begin(const char *what)
{
	int64_t now_ms = clock_mono_ms(clock_system());

	return (struct progress){
		.what = what, .shown = isatty(STDERR_FILENO) != 0, .begun_mono_ms = now_ms};
}

static void draw(const struct progress *progress, int64_t done_ppm, int64_t passed_ms)
{
	char bar[WIDTH + 1];
	int full = (int)(done_ppm * WIDTH / 1000000);

	for (int i = 0; i < WIDTH; i++)
		bar[i] = i < full ? '#' : '.';
	bar[WIDTH] = '\0';
	int64_t left_s = done_ppm > 0 ? passed_ms * (1000000 - done_ppm) / done_ppm / 1000 : 0;
	(void)fprintf(stderr, "\r%s [%s] %3" PRId64 " %%, %" PRId64 ":%02" PRId64 " left \033[K",
		progress->what, bar, done_ppm / 10000, left_s / 60, left_s % 60);
	(void)fflush(stderr);
}

void progress_show(struct progress *progress, int64_t done_ppm)
{
	int64_t now_ms = clock_mono_ms(clock_system());

	if (!progress->shown || now_ms - progress->drawn_mono_ms < EVERY_MS)
		return;
	progress->drawn_mono_ms = now_ms;
	draw(progress, done_ppm, now_ms - progress->begun_mono_ms);
}

void progress_end(struct progress *progress)
{
	if (progress->shown && progress->drawn_mono_ms != 0)
		(void)fputs("\r\033[K", stderr);
}
