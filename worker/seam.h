/*
 * seam - the places of the money path where a test may end the process, or speak for a strategy.
 *
 * A run may die at any instruction; what matters is which transactions and requests lie behind it.
 * Each place between two of them names itself here. A test that defines seam ends the process at
 * the N-th place, for every N, and holds the journal against the venue afterwards. One that defines
 * seam_strategy lets a run carry out decisions of its own making. Only builds with tests have the
 * calls (BOTBEAT_SEAMS); in a release nothing is left of them.
 */
#ifndef WORKER_SEAM_H
#define WORKER_SEAM_H

#include "strategies/strategy.h"

#ifdef BOTBEAT_SEAMS
void seam(const char *place);
const struct strategy *seam_strategy(const char *name);
#else
static inline void seam(const char *place)
{
	(void)place;
}

static inline const struct strategy *seam_strategy(const char *name)
{
	return strategy_find(name);
}
#endif

#endif
