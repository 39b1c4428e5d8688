/*
 * measure - samples of a figure, and the line that script/bench reads.
 *
 * A benchmark takes each figure several times and says the median with the lowest and the highest:
 * a mean would let one slow moment of the machine speak for all. Figures are doubles; nothing here
 * is money. Whatever fails ends the program: a figure from a half-failed run is worse than none.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MEASURE_SAMPLES_MAX 32

struct measure {          /* one figure; the caller fills in the texts, all static */
	const char *part; /* "tick" */
	const char *name; /* "100,000 bots, warm" */
	const char *unit; /* "s" */
	const char *goal; /* "< 0.5"; "": none */
	double samples[MEASURE_SAMPLES_MAX];
	size_t count;
};

void measure_add(struct measure *measure, double sample);

/* Prints part, name, unit, median, lowest, highest, count and goal, with tabs between them. */
void measure_print(struct measure *measure);

/* Sorts values; the one below which a share (0 to 1) of them lies. count at least 1. */
double measure_quantile(double *values, size_t count, double share);

/* Seconds since some moment, and CPU seconds of this process. */
double measure_now_s(void);
double measure_own_cpu_s(void);

/* CPU seconds of a process and its children, the ended ones included (those it has waited for). */
double measure_cpu_s(pid_t pid);

/* The children of a process, at least one, in the order in which they were made. */
#define MEASURE_CHILDREN_MAX 2048
size_t measure_children(pid_t pid, pid_t ret_children[MEASURE_CHILDREN_MAX]);

/* An environment variable that script/bench sets. */
const char *measure_setting(const char *name);
pid_t measure_pid(const char *name);

/* A count on the command line, 1 to 10,000,000; when there are fewer arguments, other. */
size_t measure_argument(int argc, char **argv, int index, size_t other);

/* Ends the program with what failed, if result is -1. */
void measure_must(int result, const struct err *err, const char *what);

#endif
