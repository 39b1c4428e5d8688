/*
 * sabotage - the guards of the money path, each of which a proof may take away.
 *
 * A proof that cannot fail proves nothing: with one of these in force, script/chaos has to find
 * doubled, lost or unexplained orders and exit 1. Only builds with tests have the call
 * (BOTBEAT_SEAMS); in a release nothing is left of it. The fence's other half is in Postgres:
 * chaos/no_fence.sql.
 */
#ifndef WORKER_SABOTAGE_H
#define WORKER_SABOTAGE_H

#include <stdbool.h>

enum sabotage {
	SABOTAGE_RECONCILE, /* nobody asks what became of an order */
	SABOTAGE_FENCE,     /* a run that was overtaken goes on */
	SABOTAGE_RESEND,    /* an order without an answer is sent again, under another id */
	SABOTAGE_STOP_CHECK /* a stop holds nothing back */
};

#ifdef BOTBEAT_SEAMS
bool sabotage(enum sabotage guard);
#else
static inline bool sabotage(enum sabotage guard)
{
	(void)guard;
	return false;
}
#endif

#endif
