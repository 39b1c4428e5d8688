#include "worker/seam.h"

#include "worker/sabotage.h"

#ifdef BOTBEAT_SEAMS
/* A test's own definitions take their place. */
__attribute__((weak)) void seam(const char *place)
{
	(void)place;
}

__attribute__((weak)) const struct strategy *seam_strategy(const char *name)
{
	return strategy_find(name);
}

__attribute__((weak)) bool sabotage(enum sabotage guard)
{
	(void)guard;
	return false;
}
#endif
