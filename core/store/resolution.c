#include "core/store/resolution.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int resolution_finish(struct postgres *postgres, const struct hold *hold,
	const struct resolution *resolution, struct err *err)
{
	char token[24];
	(void)snprintf(token, sizeof token, "%" PRId64, hold->token);
	const char *parameters[] = {hold->bot.text, token, resolution->actor, resolution->reason,
		resolution->client_order_id, resolution->detail};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select finish_resolve($1, $2, $3, $4, $5, $6::jsonb)", 6,
		    parameters, &result, err) == -1)
		return err_while(err, "could not finish");
	if (strcmp(postgres_text(result, 0, 0), "resolved") != 0)
		return err_set(err, ERR_FENCED, ERR_RETRY_NEVER,
			"the hold on the bot was lost: nothing was written");
	return 0;
}
