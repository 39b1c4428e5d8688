/*
 * progress - how far long work is, on one line of a terminal's standard error.
 *
 * Silent where standard error is no terminal. At most a few times a second, whatever is called.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* borrowed */
	bool shown;       /* on a terminal */
	int64_t begun_mono_ms, drawn_mono_ms;
};

struct progress progress_begin(const char *what);

/* done: parts per million of all the work. */
void progress_show(struct progress *progress, int64_t done_ppm);

/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
