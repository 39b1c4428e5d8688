/*
 * seam - a run ends or stands still exactly where the plan of faults wants it.
 *
 * The processes of one host share a small file, named by CHAOS_SEAM, which chaos/seam.py arms: at
 * the next run to come to a place its runner kills or stops itself. Which guard is taken away
 * stands in CHAOS_SABOTAGE. Both are read before main, since a runner's sandbox would forbid it.
 */
#include "worker/seam.h"

#include "worker/sabotage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARMS 16
#define PLACE_BYTES 24

struct arm { /* 32 bytes, little endian: chaos/seam.py writes the same */
	char place[PLACE_BYTES];
	_Atomic int32_t times; /* how many more runners */
	int32_t signal;
};

static struct arm *arms;
static enum sabotage taken_away;
static bool is_sabotaged;

static void map_arms(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory;

	if (fd == -1)
		abort();
	memory = mmap(NULL, ARMS * sizeof *arms, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (memory == MAP_FAILED)
		abort();
	arms = memory;
}

static void take_away(const char *name)
{
	static const char *const names[] = {
		[SABOTAGE_RECONCILE] = "no-reconcile",
		[SABOTAGE_FENCE] = "no-fence",
		[SABOTAGE_RESEND] = "resend",
		[SABOTAGE_STOP_CHECK] = "no-stop-check",
	};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		taken_away = (enum sabotage)i;
		is_sabotaged = true;
		return;
	}
	abort();
}

__attribute__((constructor)) static void prepare(void)
{
	const char *path = getenv("CHAOS_SEAM");
	const char *name = getenv("CHAOS_SABOTAGE");

	if (path != NULL)
		map_arms(path);
	if (name != NULL)
		take_away(name);
}

static bool takes(struct arm *arm, const char *place)
{
	return strncmp(arm->place, place, PLACE_BYTES) == 0 && atomic_load(&arm->times) > 0 &&
	       atomic_fetch_sub(&arm->times, 1) > 0;
}

void seam(const char *place)
{
	for (int i = 0; arms != NULL && i < ARMS; i++)
		if (takes(&arms[i], place))
			(void)raise(arms[i].signal);
}

bool sabotage(enum sabotage guard)
{
	return is_sabotaged && guard == taken_away;
}
