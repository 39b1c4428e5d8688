#include "bench/measure.h"

#include "core/base/cleanup.h"

#include <assert.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

void measure_add(struct measure *measure, double sample)
{
	assert(measure->count < MEASURE_SAMPLES_MAX);
	measure->samples[measure->count++] = sample;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

double measure_quantile(double *values, size_t count, double share)
{
	assert(count > 0 && share >= 0 && share <= 1);

	qsort(values, count, sizeof *values, compare);
	return values[(size_t)((double)(count - 1) * share + 0.5)];
}

void measure_print(struct measure *measure)
{
	double median = measure_quantile(measure->samples, measure->count, 0.5);

	(void)printf("%s\t%s\t%s\t%.6g\t%.6g\t%.6g\t%zu\t%s\n", measure->part, measure->name,
		measure->unit, median, measure->samples[0], measure->samples[measure->count - 1],
		measure->count, measure->goal);
	(void)fflush(stdout);
}

double measure_now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

double measure_own_cpu_s(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/* Clock ticks of one process and of the children that it has waited for; its parent. */
static double ticks_of(pid_t pid, pid_t *ret_parent)
{
	char path[64];
	char line[1024] = "";
	long long user = 0, kernel = 0, user_children = 0, kernel_children = 0;
	int parent = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	CLEANUP(file_close) FILE *file = fopen(path, "re");
	if (file != NULL && fgets(line, sizeof line, file) == NULL)
		line[0] = '\0';
	/* The name, in brackets, may hold anything: what counts begins after it. */
	const char *rest = strrchr(line, ')');
	if (rest != NULL)
		(void)sscanf(rest,
			") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld", &parent,
			&user, &kernel, &user_children, &kernel_children);
	*ret_parent = parent;
	return (double)(user + kernel + user_children + kernel_children);
}

static void folder_close(DIR **folder)
{
	if (*folder != NULL)
		(void)closedir(*folder);
}

double measure_cpu_s(pid_t pid)
{
	CLEANUP(folder_close) DIR *folder = opendir("/proc");
	pid_t parent;
	double ticks = ticks_of(pid, &parent);
	const struct dirent *entry;

	if (folder == NULL)
		die("cannot read /proc");
	while ((entry = readdir(folder)) != NULL) {
		pid_t other = (pid_t)strtol(entry->d_name, NULL, 10);
		double others = other > 0 && other != pid ? ticks_of(other, &parent) : 0;
		if (other > 0 && other != pid && parent == pid)
			ticks += others;
	}
	return ticks / (double)sysconf(_SC_CLK_TCK);
}

size_t measure_children(pid_t pid, pid_t ret_children[MEASURE_CHILDREN_MAX])
{
	char path[64];
	size_t count = 0;
	int child;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	CLEANUP(file_close) FILE *file = fopen(path, "re");
	while (file != NULL && count < MEASURE_CHILDREN_MAX && fscanf(file, "%d", &child) == 1)
		ret_children[count++] = child;
	if (count == 0)
		die("process %d has no children", (int)pid);
	return count;
}

const char *measure_setting(const char *name)
{
	const char *value = getenv(name);

	if (value == NULL || value[0] == '\0')
		die("%s is not set: start this with script/bench", name);
	return value;
}

pid_t measure_pid(const char *name)
{
	return (pid_t)strtol(measure_setting(name), NULL, 10);
}

size_t measure_argument(int argc, char **argv, int index, size_t other)
{
	char *end;

	if (index >= argc)
		return other;
	long value = strtol(argv[index], &end, 10);
	if (*end != '\0' || value < 1 || value > 10000000)
		die("\"%s\" is no count", argv[index]);
	return (size_t)value;
}

void measure_must(int result, const struct err *err, const char *what)
{
	if (result == -1)
		die("could not %s: %s", what, err->message);
}
