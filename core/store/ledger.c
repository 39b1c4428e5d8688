#include "core/store/ledger.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name space of executions that an operator declared (order resolve). */
#define DECLARED "operator:"

static int ask(struct postgres *postgres, const char *sql, const struct ledger_key *key,
	struct postgres_result **ret, struct err *err)
{
	const char *parameters[] = {key->exchange, key->environment, key->account_id, key->symbol};

	return postgres_query(postgres, sql, 4, parameters, ret, err);
}

static int read_trades(struct postgres *postgres, const struct ledger_key *key, struct arena *arena,
	struct ledger *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	/* An adoption is no execution: it made our quantity equal to the venue's. */
	if (ask(postgres,
		    "select exec_id, (min(bot_id::text))::uuid, trim_scale(sum(quantity))::text, "
		    "trim_scale(max(price))::text, trim_scale(sum(fee))::text from trades "
		    "where exchange = $1 and environment = $2 and account_id = $3 and symbol = $4 "
		    "and type <> 'adopted' group by exec_id order by exec_id collate \"C\"",
		    key, &result, err) == -1)
		return err_while(err, "could not read booked trades");
	ret->trade_count = postgres_rows(result);
	ret->trades = ARENA_ARRAY(arena, struct ledger_trade, ret->trade_count + 1);
	for (size_t i = 0; i < ret->trade_count; i++) {
		char *exec_id = arena_text(arena, postgres_text(result, i, 0));
		ret->trades[i] = (struct ledger_trade){
			.exec_id = exec_id,
			.bot = postgres_uuid(result, i, 1),
			.quantity = postgres_decimal(result, i, 2),
			.price = postgres_decimal(result, i, 3),
			.fee = postgres_decimal(result, i, 4),
			.declared = strncmp(exec_id, DECLARED, strlen(DECLARED)) == 0,
		};
	}
	return 0;
}

static int read_payments(struct postgres *postgres, const struct ledger_key *key,
	struct arena *arena, struct ledger *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (ask(postgres,
		    "select venue_id, bot_id, trim_scale(amount)::text from funding "
		    "where exchange = $1 and environment = $2 and account_id = $3 and symbol = $4 "
		    "order by venue_id collate \"C\"",
		    key, &result, err) == -1)
		return err_while(err, "could not read booked funding");
	ret->payment_count = postgres_rows(result);
	ret->payments = ARENA_ARRAY(arena, struct ledger_payment, ret->payment_count + 1);
	for (size_t i = 0; i < ret->payment_count; i++)
		ret->payments[i] = (struct ledger_payment){
			.venue_id = arena_text(arena, postgres_text(result, i, 0)),
			.bot = postgres_uuid(result, i, 1),
			.amount = postgres_decimal(result, i, 2),
		};
	return 0;
}

/* Our own schema's words: another one is our mistake. */
static enum journal_state state_of(const char *text)
{
	enum journal_state state;

	if (journal_state_parse(text, &state) == -1)
		die("journal state \"%s\" has no name", text);
	return state;
}

static enum leg leg_of(const char *text)
{
	enum leg leg;
	struct err err;

	if (leg_parse(text, &leg, &err) == -1)
		die("%s", err.message);
	return leg;
}

static int read_rows(struct postgres *postgres, const struct ledger_key *key, struct arena *arena,
	struct ledger *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (ask(postgres,
		    "select client_order_id, bot_id, state, leg from order_journal "
		    "where exchange = $1 and environment = $2 and account_id = $3 and symbol = $4 "
		    "and kind = 'place' and state <> 'planned' and reason is distinct from "
		    "'never_sent' "
		    "order by client_order_id collate \"C\"",
		    key, &result, err) == -1)
		return err_while(err, "could not read the order journal");
	ret->row_count = postgres_rows(result);
	ret->rows = ARENA_ARRAY(arena, struct ledger_row, ret->row_count + 1);
	for (size_t i = 0; i < ret->row_count; i++) {
		struct ledger_row *row = &ret->rows[i];
		(void)snprintf(row->client_order_id, sizeof row->client_order_id, "%s",
			postgres_text(result, i, 0));
		row->bot = postgres_uuid(result, i, 1);
		row->state = state_of(postgres_text(result, i, 2));
		row->leg = leg_of(postgres_text(result, i, 3));
	}
	return 0;
}

static int read_legs(struct postgres *postgres, const struct ledger_key *key, struct arena *arena,
	struct ledger *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (ask(postgres,
		    "select b.id, b.name, coalesce(k.leg, case when p.position_mode = 'one_way' "
		    "then 'one_way' else p.side end), k.bot_id is not null, s.held = 'sell', "
		    "trim_scale(s.quantity)::text, coalesce((select epoch_ms(r.started_at) "
		    "from bot_execution_logs r where r.bot_id = b.id and r.status = 'success' "
		    "order by r.scheduled_at desc limit 1), 0) "
		    "from bot_trading_pairs p join pair_states s on s.pair_id = p.id "
		    "join bot_configs b on b.id = p.bot_id "
		    "join credentials c on c.id = b.credential_id "
		    "left join leg_claims k on k.pair_id = p.id "
		    "where c.exchange = $1 and c.environment = $2 "
		    "and coalesce(c.account_id, c.key_fingerprint) = $3 and p.symbol = $4 "
		    "order by b.name, p.side",
		    key, &result, err) == -1)
		return err_while(err, "could not read the legs");
	ret->leg_count = postgres_rows(result);
	ret->legs = ARENA_ARRAY(arena, struct ledger_leg, ret->leg_count + 1);
	for (size_t i = 0; i < ret->leg_count; i++)
		ret->legs[i] = (struct ledger_leg){
			.bot = postgres_uuid(result, i, 0),
			.bot_name = arena_text(arena, postgres_text(result, i, 1)),
			.leg = leg_of(postgres_text(result, i, 2)),
			.claimed = postgres_bool(result, i, 3),
			.held = postgres_bool(result, i, 4) ? SIDE_SELL : SIDE_BUY,
			.quantity = postgres_decimal(result, i, 5),
			.last_run_ms = postgres_int(result, i, 6),
		};
	return 0;
}

/* The last trade of a cycle says whether it is closed; adoptions open and close cycles, too. */
static int read_cycles(struct postgres *postgres, const struct ledger_key *key, struct arena *arena,
	struct ledger *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (ask(postgres,
		    "select t.bot_id, case when p.position_mode = 'one_way' then 'one_way' "
		    "else t.position_side end, epoch_ms(min(t.executed_at)), "
		    "case when bool_or(t.action = 'CLOSED') then epoch_ms(max(t.executed_at)) end "
		    "from trades t join bot_trading_pairs p on p.id = t.pair_id "
		    "where t.exchange = $1 and t.environment = $2 and t.account_id = $3 "
		    "and t.symbol = $4 "
		    "group by t.bot_id, t.pair_id, p.position_mode, t.position_side, t.cycle_id",
		    key, &result, err) == -1)
		return err_while(err, "could not read the cycles");
	ret->cycle_count = postgres_rows(result);
	ret->cycles = ARENA_ARRAY(arena, struct ledger_cycle, ret->cycle_count + 1);
	for (size_t i = 0; i < ret->cycle_count; i++)
		ret->cycles[i] = (struct ledger_cycle){
			.bot = postgres_uuid(result, i, 0),
			.leg = leg_of(postgres_text(result, i, 1)),
			.opened_ms = postgres_int(result, i, 2),
			.closed_ms = postgres_is_null(result, i, 3) ? INT64_MAX
								    : postgres_int(result, i, 3),
		};
	return 0;
}

static int read_begin(struct postgres *postgres, const struct ledger_key *key, struct ledger *ret,
	struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (ask(postgres,
		    "select coalesce(epoch_ms(least((select min(executed_at) from trades "
		    "where exchange = $1 and environment = $2 and account_id = $3 and symbol = "
		    "$4), "
		    "(select min(created_at) from order_journal where exchange = $1 "
		    "and environment = $2 and account_id = $3 and symbol = $4))), 0)",
		    key, &result, err) == -1)
		return err_while(err, "could not read when trading began");
	ret->from_ms = postgres_int(result, 0, 0);
	return 0;
}

int ledger_read(struct postgres *postgres, const struct ledger_key *key, struct arena *arena,
	struct ledger *ret, struct err *err)
{
	struct ledger ledger = {0};

	if (read_begin(postgres, key, &ledger, err) == -1 ||
		read_trades(postgres, key, arena, &ledger, err) == -1 ||
		read_payments(postgres, key, arena, &ledger, err) == -1 ||
		read_cycles(postgres, key, arena, &ledger, err) == -1 ||
		read_rows(postgres, key, arena, &ledger, err) == -1 ||
		read_legs(postgres, key, arena, &ledger, err) == -1)
		return -1;
	*ret = ledger;
	return 0;
}

int ledger_places(struct postgres *postgres, const struct uuid *bot, struct postgres_result **ret,
	struct err *err)
{
	const char *parameters[] = {bot == NULL ? NULL : bot->text};

	if (postgres_query(postgres,
		    "select credential, symbol, account_id, bots from ("
		    "select c.exchange, c.environment, coalesce(c.account_id, c.key_fingerprint) "
		    "as "
		    "account_id, p.symbol, min(c.id::text) as credential, "
		    "string_agg(distinct b.name, ', ' order by b.name) as bots "
		    "from bot_configs b join credentials c on c.id = b.credential_id "
		    "join bot_trading_pairs p on p.bot_id = b.id "
		    "where coalesce(c.account_id, c.key_fingerprint) is not null "
		    "and ($1::uuid is null or b.id = $1::uuid) "
		    "group by 1, 2, 3, 4) place order by credential, symbol",
		    1, parameters, ret, err) == -1)
		return err_while(err, "could not list the accounts");
	return 0;
}

static int by_exec_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct ledger_trade *)item)->exec_id);
}

const struct ledger_trade *ledger_trade(const struct ledger *ledger, const char *exec_id)
{
	return bsearch(
		exec_id, ledger->trades, ledger->trade_count, sizeof ledger->trades[0], by_exec_id);
}

static int by_venue_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct ledger_payment *)item)->venue_id);
}

const struct ledger_payment *ledger_payment(const struct ledger *ledger, const char *venue_id)
{
	return bsearch(venue_id, ledger->payments, ledger->payment_count,
		sizeof ledger->payments[0], by_venue_id);
}

static int by_client_order_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct ledger_row *)item)->client_order_id);
}

const struct ledger_row *ledger_row(const struct ledger *ledger, const char *client_order_id)
{
	return bsearch(client_order_id, ledger->rows, ledger->row_count, sizeof ledger->rows[0],
		by_client_order_id);
}
