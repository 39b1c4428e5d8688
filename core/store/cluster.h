/*
 * cluster - the restore fence: is this the server, on the timeline, that was confirmed?
 *
 * A restored database, or one that failed over and lost commits, has forgotten orders that were
 * sent. Until a person confirms it, nothing is sent. What the fence does stands in
 * schema/migrations/0011_restore_fence.sql; here it is asked, opened and closed.
 */
#ifndef CORE_STORE_CLUSTER_H
#define CORE_STORE_CLUSTER_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct postgres;

struct cluster {
	char system_identifier[24], confirmed_identifier[24]; /* "": never confirmed */
	int64_t timeline, confirmed_timeline;                 /* 0: never confirmed */
	char confirmed_at[32];                                /* UTC; "": not confirmed */
	bool confirmed;                                       /* false: the fence is closed */
};
MUST_CHECK int cluster_read(struct postgres *postgres, struct cluster *ret, struct err *err);

/* Both are written to the audit log. */
MUST_CHECK int cluster_confirm(
	struct postgres *postgres, const char *actor, const char *reason, struct err *err);
MUST_CHECK int cluster_close(
	struct postgres *postgres, const char *actor, const char *reason, struct err *err);

#endif
