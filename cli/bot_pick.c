#include "cli/bot_pick.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "core/store/tenant.h"

#include <stdlib.h>

static int pick_all_of(
	struct postgres *postgres, const char *name, struct bot_pick *ret, struct err *err)
{
	CLEANUP(tenant_done) struct tenant tenant = {0};
	CLEANUP(postgres_result_free) struct postgres_result *ids = NULL;

	if (tenant_find(postgres, name, &tenant, err) == -1 ||
		bot_ids(postgres, &tenant.id, &ids, err) == -1)
		return -1;
	ret->bots = mem_zero(postgres_rows(ids) + 1, sizeof *ret->bots);
	for (; ret->count < postgres_rows(ids); ret->count++)
		if (bot_find(postgres, postgres_text(ids, ret->count, 0), &ret->bots[ret->count],
			    err) == -1)
			return -1;
	return 0;
}

static int pick_named(
	struct postgres *postgres, int argc, char **argv, struct bot_pick *ret, struct err *err)
{
	ret->bots = mem_zero((size_t)argc + 1, sizeof *ret->bots);
	for (; ret->count < (size_t)argc; ret->count++)
		if (bot_find(postgres, argv[ret->count], &ret->bots[ret->count], err) == -1)
			return -1;
	return 0;
}

int bot_pick(struct command_context *context, struct postgres *postgres, int argc, char **argv,
	struct bot_pick *ret, struct err *err)
{
	const char *all_of = command_value(context, "all-of");
	struct bot_pick pick = {0};

	if ((all_of != NULL) == (argc > 0))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "%s needs BOT …, or --all-of",
			command_title(context));
	int result = all_of != NULL ? pick_all_of(postgres, all_of, &pick, err)
				    : pick_named(postgres, argc, argv, &pick, err);
	if (result == -1) {
		bot_pick_done(&pick);
		return -1;
	}
	*ret = pick;
	return 0;
}

void bot_pick_done(struct bot_pick *pick)
{
	free(pick->bots);
	pick->bots = NULL;
}
