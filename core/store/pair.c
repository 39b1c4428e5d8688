#include "core/store/pair.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER(value) number_text(value, (char[24]){0})

/* Rows of the last day that were declared absent are still asked about: a late find is booked. */
#define HOLDS(pair)                                                                                \
	"(exists (select from pair_states s where s.pair_id = " pair " and s.quantity <> 0) "      \
	"or exists (select from order_journal j where j.pair_id = " pair " and (not j.final "      \
	"or (j.state = 'absent' and j.absent_at > now() - interval '24 hours'))))"

static const char *number_text(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

int pair_lock_bot(
	struct postgres *postgres, const struct uuid *bot, bool *ret_free, struct err *err)
{
	const char *parameters[] = {bot->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select holder is null or lease_until <= clock_timestamp() from run_leases "
		    "where bot_id = $1 for update",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not lock the bot");
	*ret_free = postgres_rows(result) > 0 && postgres_bool(result, 0, 0);
	return 0;
}

/* In one-way mode the symbol is the leg, as in claim_legs. */
static int is_taken(struct postgres *postgres, const struct bot *bot, const struct bot_pair *pair,
	bool *ret, struct err *err)
{
	bool one_way = strcmp(pair->position_mode, "one_way") == 0;
	const char *parameters[] = {bot->id.text, pair->symbol, one_way ? "one_way" : pair->side};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select exists (select from leg_claims k join bot_configs b on b.id = $1 "
		    "join credentials c on c.id = b.credential_id "
		    "where k.exchange = b.exchange and k.environment = b.environment "
		    "and k.account_id = coalesce(c.account_id, c.key_fingerprint) "
		    "and k.bot_id <> b.id and k.symbol = $2 "
		    "and (k.leg = $3 or 'one_way' in (k.leg, $3::text)))",
		    3, parameters, &result, err) == -1)
		return err_while(err, "could not read the legs' claims");
	*ret = postgres_bool(result, 0, 0);
	return 0;
}

/* A leg that was there before. *ret_id "" if there is none that is inactive. */
static int find_retired(struct postgres *postgres, const struct bot *bot,
	const struct bot_pair *pair, struct uuid *ret_id, bool *ret_held, struct err *err)
{
	const char *parameters[] = {bot->id.text, pair->symbol, pair->side};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select p.id, " HOLDS("p.id") " from bot_trading_pairs p "
						  "where p.bot_id = $1 and p.symbol = $2 and "
						  "p.side = $3 and not p.is_active",
		    3, parameters, &result, err) == -1)
		return err_while(err, "could not look for the leg");
	*ret_id = (struct uuid){.text = ""};
	*ret_held = false;
	if (postgres_rows(result) == 0)
		return 0;
	*ret_id = postgres_uuid(result, 0, 0);
	*ret_held = postgres_bool(result, 0, 1);
	return 0;
}

static int revive(struct postgres *postgres, const struct uuid *id, const struct bot_pair *pair,
	struct err *err)
{
	const char *parameters[] = {id->text, pair->automatic ? "true" : "false",
		NUMBER(pair->leverage), NUMBER(pair->ema_interval_min), pair->position_mode,
		pair->params};

	if (postgres_query(postgres,
		    "update bot_trading_pairs set automatic_mode = $2, leverage = $3, "
		    "ema_interval = $4, position_mode = $5, strategy_params = $6, is_active = true "
		    "where id = $1",
		    6, parameters, NULL, err) == -1)
		return err_while(err, "could not add %s %s again", pair->symbol, pair->side);
	return 0;
}

int pair_add(struct postgres *postgres, const struct bot *bot, const struct bot_pair *pair,
	enum pair_added *ret, struct err *err)
{
	struct uuid retired;
	bool taken;
	bool held;

	if (is_taken(postgres, bot, pair, &taken, err) == -1 ||
		find_retired(postgres, bot, pair, &retired, &held, err) == -1)
		return -1;
	*ret = taken ? PAIR_ADDED_TAKEN : held ? PAIR_ADDED_HELD : PAIR_ADDED;
	if (*ret != PAIR_ADDED)
		return 0;
	return retired.text[0] != '\0' ? revive(postgres, &retired, pair, err)
				       : bot_add_pair(postgres, &bot->tenant, &bot->id, pair, err);
}

static int retire(struct postgres *postgres, const char *const *parameters, struct err *err)
{
	if (postgres_query(postgres, "delete from leg_claims where pair_id = $1", 1, parameters,
		    NULL, err) == -1)
		return -1;
	return postgres_query(postgres,
		"update bot_trading_pairs set is_active = false where id = $1", 1, parameters, NULL,
		err);
}

int pair_remove(
	struct postgres *postgres, const struct uuid *pair, enum pair_removed *ret, struct err *err)
{
	const char *parameters[] = {pair->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select " HOLDS(
			    "$1::uuid") ", exists (select from order_journal where "
					"pair_id = $1) or exists (select from trades where pair_id "
					"= $1) "
					"or exists (select from funding where pair_id = $1)",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not look at the leg");
	*ret = postgres_bool(result, 0, 0)   ? PAIR_REMOVED_HELD
	       : postgres_bool(result, 0, 1) ? PAIR_REMOVED_TRADED
					     : PAIR_REMOVED;
	if (*ret == PAIR_REMOVED_HELD)
		return 0;
	int done = *ret == PAIR_REMOVED_TRADED
			   ? retire(postgres, parameters, err)
			   : postgres_query(postgres, "delete from bot_trading_pairs where id = $1",
				     1, parameters, NULL, err);
	return done == -1 ? err_while(err, "could not remove the leg") : 0;
}

int pair_touch_bot(struct postgres *postgres, const struct uuid *bot, struct err *err)
{
	const char *parameters[] = {bot->text};

	return postgres_query(postgres, "update bot_configs set updated_at = now() where id = $1",
		1, parameters, NULL, err);
}
