#include "core/store/leader.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>

int leader_take(struct postgres *postgres, const char *holder, int64_t lease_ms,
	struct leader_lease *ret, struct err *err)
{
	char lease[24];
	(void)snprintf(lease, sizeof lease, "%" PRId64, lease_ms);
	const char *parameters[] = {holder, lease};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select epoch, changed, now_ms from take_lead($1, $2)", 2,
		    parameters, &result, err) == -1)
		return err_while(err, "could not take or renew the lead");
	*ret = (struct leader_lease){.held = postgres_rows(result) == 1};
	if (ret->held) {
		ret->epoch = postgres_int(result, 0, 0);
		ret->changed = postgres_bool(result, 0, 1);
		ret->now_ms = postgres_int(result, 0, 2);
	}
	return 0;
}

int leader_leave(struct postgres *postgres, const char *holder, struct err *err)
{
	const char *parameters[] = {holder};

	if (postgres_query(postgres, "select leave_lead($1)", 1, parameters, NULL, err) == -1)
		return err_while(err, "could not give up the lead");
	return 0;
}
