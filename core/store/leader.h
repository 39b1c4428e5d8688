/*
 * leader - the scheduler's lease in Postgres: one of several schedulers works.
 *
 * The epoch rises with every change of leader and fences pushes; two at once are harmless, the
 * claim decides. No lease, no send. Time is Postgres's, read at each renewal.
 */
#ifndef CORE_STORE_LEADER_H
#define CORE_STORE_LEADER_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;

struct leader_lease {
	bool held;
	bool changed; /* we have just become the leader */
	int64_t epoch;
	int64_t now_ms; /* Postgres's clock at the renewal */
};
/* Takes or renews it; ret->held false: somebody else leads. */
MUST_CHECK int leader_take(struct postgres *postgres, const char *holder, int64_t lease_ms,
	struct leader_lease *ret, struct err *err);
/* Gives it up at once, on a clean exit. */
MUST_CHECK int leader_leave(struct postgres *postgres, const char *holder, struct err *err);

#endif
