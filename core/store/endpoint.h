/*
 * endpoint - the rows of the endpoint pool, what credentials are bound to, and what was counted.
 *
 * An endpoint is named within a venue and an environment. The rows' version rises with every
 * change; it stands in each claim's document. SQL: schema/migrations/0012_endpoints.sql.
 */
#ifndef CORE_STORE_ENDPOINT_H
#define CORE_STORE_ENDPOINT_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct postgres;
struct postgres_result;
struct uuid;

/*
 * All rows, with the version they are of in every row: version, exchange, environment, id, name,
 * base_url, egress, tier, priority, weight, limit_per_second (0: none), draining. By venue,
 * environment and name; only `version` filled in one row if there is none. The caller frees.
 */
MUST_CHECK int endpoint_rows(
	struct postgres *postgres, struct postgres_result **ret, struct err *err);

/*
 * For people (venue NULL: all): exchange, environment, name, base_url, egress, tier, priority,
 * weight, limit_per_second, cost_per_1000, status, calls, failed, mean_ms, cost; the last four of
 * the last 24 hours. Those that were removed and have figures come too, without settings.
 */
MUST_CHECK int endpoint_list(struct postgres *postgres, const char *exchange,
	struct postgres_result **ret, struct err *err);

struct endpoint_new { /* texts borrowed; cost a decimal */
	const char *exchange, *environment, *name, *base_url, *egress, *tier, *cost_per_1000;
	int64_t priority, weight, limit_per_second; /* limit 0: none of its own */
};
/* ERR_REFUSED: there is one of that name. ERR_INVALID: a value that the table refuses. */
MUST_CHECK int endpoint_add(
	struct postgres *postgres, const struct endpoint_new *endpoint, struct err *err);

/* ERR_NOT_FOUND if there is none of that name. */
MUST_CHECK int endpoint_set_status(struct postgres *postgres, const char *exchange,
	const char *environment, const char *name, const char *status, struct err *err);
MUST_CHECK int endpoint_remove(struct postgres *postgres, const char *exchange,
	const char *environment, const char *name, struct err *err);

/* usage: JSON, as note_endpoint_usage wants it. */
MUST_CHECK int endpoint_note_usage(struct postgres *postgres, const char *exchange,
	const char *environment, const char *usage, struct err *err);

/* Binds a credential; egresses as "a,b", "": any. */
MUST_CHECK int endpoint_bind(struct postgres *postgres, const struct uuid *credential,
	const char *egresses, struct err *err);

#endif
