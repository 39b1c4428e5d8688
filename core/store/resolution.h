/*
 * resolution - the end of an operator's word about an order that nobody could explain.
 *
 * The caller holds the bot (core/store/hold.h) and has booked what the operator declared, in the
 * transaction that this ends.
 */
#ifndef CORE_STORE_RESOLUTION_H
#define CORE_STORE_RESOLUTION_H

#include "core/store/hold.h"

struct resolution { /* texts borrowed */
	const char *client_order_id;
	const char *actor, *reason;
	const char *detail; /* JSON object: what was declared */
};

/*
 * Writes the audit log, asks for a run now that looks at what was declared, and gives the bot back.
 * ERR_FENCED: the hold is gone.
 */
MUST_CHECK int resolution_finish(struct postgres *postgres, const struct hold *hold,
	const struct resolution *resolution, struct err *err);

#endif
