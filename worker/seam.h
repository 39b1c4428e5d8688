/*
 * seam - the places of the money path where a test may end the process.
 *
 * A run may die at any instruction; what matters is which transactions and requests lie behind it.
 * Each place between two of them names itself here. A test that defines seam ends the process at
 * the N-th place, for every N, and holds the journal against the venue afterwards. Only builds
 * with tests have the call (BOTBEAT_SEAMS); in a release nothing is left of it.
 */
#ifndef WORKER_SEAM_H
#define WORKER_SEAM_H

#ifdef BOTBEAT_SEAMS
void seam(const char *place);
#else
static inline void seam(const char *place)
{
	(void)place;
}
#endif

#endif
