/*
 * memory - what a worker's runners hold: bench_memory WORKER_PID LABEL SAMPLES [GOAL]
 *
 * A sample is the median over the worker's children of their proportional set size (PSS): their own
 * pages, and their share of those that they have in common. The keeper is one of the children, and
 * does not move the median. Needs to be root: a runner's memory is nobody else's to look at.
 */
#include "bench/measure.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MS 100

static double proportional_mb(pid_t pid)
{
	char path[64];
	char line[128];
	long long kb = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	CLEANUP(file_close) FILE *file = fopen(path, "re");
	if (file == NULL)
		die("cannot read %s: is this root?", path);
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "Pss: %lld kB", &kb) == 1)
			break;
	return (double)kb / 1024;
}

static double sample(pid_t worker)
{
	pid_t children[MEASURE_CHILDREN_MAX];
	double mb[MEASURE_CHILDREN_MAX];
	size_t count = measure_children(worker, children);

	for (size_t i = 0; i < count; i++)
		mb[i] = proportional_mb(children[i]);
	return measure_quantile(mb, count, 0.5);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		die("usage: bench_memory WORKER_PID LABEL SAMPLES [GOAL]");
	struct measure figure = {
		.part = "memory", .name = argv[2], .unit = "MB", .goal = argc > 4 ? argv[4] : ""};
	size_t samples = measure_argument(argc, argv, 3, 5);

	for (size_t i = 0; i < samples; i++) {
		measure_add(&figure, sample((pid_t)measure_argument(argc, argv, 1, 1)));
		clock_sleep_ms(clock_system(), PAUSE_MS);
	}
	measure_print(&figure);
	return 0;
}
