#include "core/store/bot.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNIQUE_VIOLATION "23505"
#define FOREIGN_KEY_VIOLATION "23503"
#define NUMBER(value) number_text(value, (char[24]){0})

static const char *number_text(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void copy(char *to, size_t size, const struct postgres_result *result, size_t column)
{
	(void)snprintf(to, size, "%s", postgres_text(result, 0, column));
}

/* --- configuration -------------------------------------------------------------------------- */

static void read_bot(const struct postgres_result *result, struct bot *ret)
{
	*ret = (struct bot){
		.id = postgres_uuid(result, 0, 0),
		.tenant = postgres_uuid(result, 0, 1),
		.interval_s = postgres_int(result, 0, 10),
		.stopped = postgres_bool(result, 0, 11),
	};
	copy(ret->name, sizeof ret->name, result, 2);
	copy(ret->tenant_name, sizeof ret->tenant_name, result, 3);
	copy(ret->exchange, sizeof ret->exchange, result, 4);
	copy(ret->environment, sizeof ret->environment, result, 5);
	copy(ret->status, sizeof ret->status, result, 6);
	copy(ret->mode, sizeof ret->mode, result, 7);
	copy(ret->strategy, sizeof ret->strategy, result, 8);
	copy(ret->credential, sizeof ret->credential, result, 9);
}

int bot_find(struct postgres *postgres, const char *name, struct bot *ret, struct err *err)
{
	const char *parameters[] = {name};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select b.id, b.tenant_id, b.name, t.name, b.exchange, b.environment, "
		    "b.status, "
		    "b.mode, b.strategy, b.credential_id, b.interval_seconds, l.stopped "
		    "from bot_configs b join tenants t on t.id = b.tenant_id "
		    "join run_leases l on l.bot_id = b.id "
		    "where b.id::text = lower($1) or b.name = $1 or t.name || '/' || b.name = $1 "
		    "limit 2",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not look up the bot");
	if (postgres_rows(result) == 0)
		return err_set(
			err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "there is no bot \"%.60s\"", name);
	if (postgres_rows(result) > 1)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"several bots are named \"%.60s\": say TENANT/NAME or the id", name);
	read_bot(result, ret);
	return 0;
}

int bot_ids(struct postgres *postgres, const struct uuid *tenant, struct postgres_result **ret,
	struct err *err)
{
	const char *parameters[] = {tenant->text};

	return postgres_query(postgres,
		"select id from bot_configs where tenant_id = $1 order by name", 1, parameters, ret,
		err);
}

int bot_add(struct postgres *postgres, const struct bot_new *bot, struct err *err)
{
	const char *parameters[] = {bot->id.text, bot->tenant, bot->credential, bot->name,
		bot->exchange, bot->environment, bot->mode, bot->strategy, NUMBER(bot->interval_s),
		bot->align, NUMBER(bot->align_delay_ms)};

	if (postgres_query(postgres,
		    "insert into bot_configs (id, tenant_id, credential_id, name, exchange, "
		    "environment, mode, strategy, interval_seconds, align, align_delay_ms) "
		    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		    11, parameters, NULL, err) == 0)
		return 0;
	if (strcmp(postgres_sqlstate(postgres), UNIQUE_VIOLATION) == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the tenant has a bot \"%.60s\" already", bot->name);
	if (strcmp(postgres_sqlstate(postgres), FOREIGN_KEY_VIOLATION) == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the credential is not of this tenant, exchange and environment");
	return err_while(err, "could not add bot \"%.60s\"", bot->name);
}

int bot_add_pair(struct postgres *postgres, const struct uuid *tenant, const struct uuid *bot,
	const struct bot_pair *pair, struct err *err)
{
	const char *parameters[] = {tenant->text, bot->text, pair->symbol, pair->side,
		truth(pair->automatic), NUMBER(pair->leverage), NUMBER(pair->ema_interval_min),
		pair->position_mode, pair->params, truth(pair->active)};

	if (postgres_query(postgres,
		    "insert into bot_trading_pairs (tenant_id, bot_id, symbol, side, "
		    "automatic_mode, leverage, ema_interval, position_mode, strategy_params, "
		    "is_active) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		    10, parameters, NULL, err) == 0)
		return 0;
	if (strcmp(postgres_sqlstate(postgres), UNIQUE_VIOLATION) == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "the bot has %s %s already",
			pair->symbol, pair->side);
	return err_while(err, "could not add %s %s", pair->symbol, pair->side);
}

static int set_column(struct postgres *postgres, const char *table, const struct uuid *id,
	const char *column, const char *value, struct err *err)
{
	const char *parameters[] = {id->text, value};
	CLEANUP(text_free)
	char *sql = mem_format("update %s set %s = $2 where id = $1", table, column);

	if (postgres_query(postgres, sql, 2, parameters, NULL, err) == 0)
		return 0;
	if (strcmp(postgres_sqlstate(postgres), UNIQUE_VIOLATION) == 0)
		return err_set(
			err, ERR_REFUSED, ERR_RETRY_NEVER, "%s \"%.60s\" is taken", column, value);
	if (strcmp(postgres_sqlstate(postgres), FOREIGN_KEY_VIOLATION) == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the credential is not of this tenant, exchange and environment");
	return err_while(err, "could not change %s", column);
}

int bot_set(struct postgres *postgres, const struct uuid *bot, const char *column,
	const char *value, struct err *err)
{
	return set_column(postgres, "bot_configs", bot, column, value, err);
}

int bot_set_pair(struct postgres *postgres, const struct uuid *pair, const char *column,
	const char *value, struct err *err)
{
	return set_column(postgres, "bot_trading_pairs", pair, column, value, err);
}

int bot_settings(struct postgres *postgres, const struct uuid *bot, bool lock,
	struct postgres_result **ret, struct err *err)
{
	const char *parameters[] = {bot->text};
	CLEANUP(text_free)
	char *sql = mem_format("select b.name, b.credential_id, (select c.name from credentials c "
			       "where c.id = b.credential_id), b.interval_seconds, b.align, "
			       "b.align_delay_ms, b.mode, "
			       "b.config_version from bot_configs b where b.id = $1%s",
		lock ? " for update of b" : "");

	return postgres_query(postgres, sql, 1, parameters, ret, err);
}

int bot_claimed_account(struct postgres *postgres, const struct uuid *bot,
	char ret[BOT_ACCOUNT_SIZE], struct err *err)
{
	const char *parameters[] = {bot->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select account_id from leg_claims where bot_id = $1 limit 1",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not read the bot's claims");
	ret[0] = '\0';
	if (postgres_rows(result) > 0)
		(void)snprintf(ret, BOT_ACCOUNT_SIZE, "%s", postgres_text(result, 0, 0));
	return 0;
}

int bot_follow_up(struct postgres *postgres, const struct uuid *bot, struct err *err)
{
	const char *parameters[] = {bot->text};

	return postgres_query(postgres,
		"update run_leases set follow_up_at = clock_timestamp() where bot_id = $1 "
		"and not stopped",
		1, parameters, NULL, err);
}

/* --- reading -------------------------------------------------------------------------------- */

int bot_list(struct postgres *postgres, const struct uuid *tenant, struct postgres_result **ret,
	struct err *err)
{
	const char *parameters[] = {tenant == NULL ? NULL : tenant->text};

	return postgres_query(postgres,
		"select o.bot_id, t.name, o.name, o.exchange, o.environment, o.status, o.mode, "
		"o.symbols, o.open_positions, o.last_run_at, o.last_run_status, o.next_run_at, "
		"o.why_not_trading from bot_overview o join tenants t on t.id = o.tenant_id "
		"where $1::uuid is null or o.tenant_id = $1 order by t.name, o.name",
		1, parameters, ret, err);
}

int bot_overview(struct postgres *postgres, const struct uuid *bot, struct postgres_result **ret,
	struct err *err)
{
	const char *parameters[] = {bot->text};

	return postgres_query(postgres,
		"select o.bot_id, t.name as tenant, o.name, o.exchange, o.environment, "
		"c.name as credential, c.status as credential_status, o.strategy, o.status, "
		"o.mode, "
		"o.interval_seconds, b.align, b.config_version, o.running, o.last_run_at, "
		"o.last_run_status, o.next_run_at, o.why_not_trading, p.total_trades, p.total_pnl, "
		"p.fees, p.funding from bot_overview o join tenants t on t.id = o.tenant_id "
		"join bot_configs b on b.id = o.bot_id join bot_performance p on p.bot_id = "
		"o.bot_id "
		"left join credentials c on c.id = b.credential_id where o.bot_id = $1",
		1, parameters, ret, err);
}

int bot_pairs(struct postgres *postgres, const struct uuid *bot, struct postgres_result **ret,
	struct err *err)
{
	const char *parameters[] = {bot->text};

	return postgres_query(postgres,
		"select p.id, p.symbol, p.side, p.is_active, p.automatic_mode, p.leverage, "
		"p.ema_interval, p.position_mode, "
		"exists (select from leg_claims k where k.pair_id = p.id) as claimed, "
		"case when s.quantity <> 0 then s.held end as held, s.quantity, "
		"case when s.quantity <> 0 then trim_scale(round(s.cost / s.quantity, 8)) end, "
		"s.cycle, s.last_action, s.last_reason, case when s.drift_since is not null then "
		"coalesce(s.drift_detail, case when s.drift_confirmed then 'confirmed' else "
		"'looking again' end) end as drift, p.strategy_params "
		"from bot_trading_pairs p join pair_states s on s.pair_id = p.id "
		"where p.bot_id = $1 order by p.symbol, p.side",
		1, parameters, ret, err);
}

int bot_open_rows(struct postgres *postgres, const struct uuid *bot, struct postgres_result **ret,
	struct err *err)
{
	const char *parameters[] = {bot->text};

	return postgres_query(postgres,
		"select client_order_id, kind, purpose, state, symbol, leg, side, quantity, price, "
		"filled_quantity, sent_at, reason from order_journal where bot_id = $1 and not "
		"final "
		"order by scheduled_at, sequence",
		1, parameters, ret, err);
}

int bot_last_runs(struct postgres *postgres, const struct uuid *bot, size_t limit,
	struct postgres_result **ret, struct err *err)
{
	const char *parameters[] = {bot->text, NUMBER((int64_t)limit)};

	return postgres_query(postgres,
		"select scheduled_at, kind, status, admission, attempt, duration_ms, orders, "
		"trades, "
		"error from bot_execution_logs where bot_id = $1 order by scheduled_at desc limit "
		"$2",
		2, parameters, ret, err);
}

/* --- stop words ----------------------------------------------------------------------------- */

int bot_stop(struct postgres *postgres, const struct uuid *bot, const char *actor,
	const char *reason, int64_t *ret_at_ms, struct err *err)
{
	const char *parameters[] = {bot->text, actor, reason};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select stop_bot($1, $2, $3)", 3, parameters, &result, err) ==
		-1)
		return err_while(err, "could not stop the bot");
	*ret_at_ms = postgres_int(result, 0, 0);
	return 0;
}

int bot_pause(struct postgres *postgres, const struct uuid *bot, const char *actor,
	const char *reason, bool *ret_paused, struct err *err)
{
	const char *parameters[] = {bot->text, actor, reason};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select pause_bot($1, $2, $3)", 3, parameters, &result, err) ==
		-1)
		return err_while(err, "could not pause the bot");
	*ret_paused = postgres_bool(result, 0, 0);
	return 0;
}

int bot_release(struct postgres *postgres, const struct uuid *bot, const char *actor,
	const char *reason, int64_t *ret_count, struct err *err)
{
	const char *parameters[] = {bot->text, actor, reason};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(
		    postgres, "select release_bot($1, $2, $3)", 3, parameters, &result, err) == -1)
		return err_while(err, "could not release the bot's legs");
	*ret_count = postgres_int(result, 0, 0);
	return 0;
}

int bot_release_idle(struct postgres *postgres, const struct uuid *bot, struct err *err)
{
	const char *parameters[] = {bot->text};

	return postgres_query(postgres, "select release_idle_claims($1)", 1, parameters, NULL, err);
}

int bot_stopping(struct postgres *postgres, const struct uuid *bot, int64_t stopped_at_ms,
	struct bot_stopping *ret, struct err *err)
{
	const char *parameters[] = {bot->text, NUMBER(stopped_at_ms)};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select l.stop_run_done, l.holder is not null and l.lease_until > "
		    "clock_timestamp(), "
		    "count(j.id) filter (where w.on_wire), "
		    "coalesce(max(j.expires_server_ms) filter (where w.on_wire), 0), "
		    "count(j.id) filter (where j.kind = 'place' and j.purpose in ('open', 'add')), "
		    "epoch_ms(clock_timestamp()) from run_leases l "
		    "left join order_journal j on j.bot_id = l.bot_id and not j.final "
		    "and j.state <> 'planned' "
		    "left join lateral (select j.state in ('sending', 'unknown') "
		    "and j.sent_at <= from_ms($2) + interval '1 millisecond' as on_wire) w on true "
		    "where l.bot_id = $1 group by l.bot_id",
		    2, parameters, &result, err) == -1)
		return err_while(err, "could not see how far the stop has come");
	*ret = (struct bot_stopping){
		.stop_run_done = postgres_bool(result, 0, 0),
		.run_live = postgres_bool(result, 0, 1),
		.sending = postgres_int(result, 0, 2),
		.expires_server_ms = postgres_int(result, 0, 3),
		.entries = postgres_int(result, 0, 4),
		.now_ms = postgres_int(result, 0, 5),
	};
	return 0;
}
