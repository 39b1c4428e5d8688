#include "core/store/journal_read.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>

/* Per tenant, since the index that is in order of time leads with it. */
static const char list_sql[] =
	"select j.id, t.name as tenant, b.name as bot, utc_text(j.created_at) as created_at, "
	"j.client_order_id, j.kind, j.purpose, j.state, j.symbol, j.leg, j.side, j.order_type, "
	"trim_scale(j.quantity) as quantity, trim_scale(j.price) as price, "
	"trim_scale(j.filled_quantity) as filled, j.reason "
	"from tenants t cross join lateral (select * from order_journal j where j.tenant_id = t.id "
	"and ($2::uuid is null or j.bot_id = $2::uuid) "
	"and ($3::text is null or j.state = $3::text) "
	"and (not $4::boolean or not j.final and j.state in ('unknown', 'sending')) "
	"and (not $5::boolean or not j.final) "
	"order by j.created_at desc limit $6::bigint) j "
	"join bot_configs b on b.id = j.bot_id "
	"where $1::uuid is null or t.id = $1::uuid "
	"order by j.created_at desc, j.sequence desc limit $6::bigint";

static const char find_by_id_sql[] =
	"select id, bot_id, client_order_id, state from order_journal where id = $1";

static const char find_by_client_id_sql[] =
	"select id, bot_id, client_order_id, state from order_journal "
	"where lower(client_order_id) = lower($1)";

static const char row_sql[] =
	"select j.id, t.name, b.name, j.bot_id, utc_text(j.scheduled_at), j.sequence, j.space, "
	"j.token, j.kind, j.purpose, j.client_order_id, j.target_client_order_id, j.exchange, "
	"j.environment, j.account_id, j.symbol, j.leg, j.side, j.order_type, j.time_in_force, "
	"trim_scale(j.quantity), trim_scale(j.price), trim_scale(j.trigger_price), j.reduce_only, "
	"j.state, j.final, j.venue_order_id, trim_scale(j.filled_quantity), "
	"trim_scale(j.filled_value), utc_text(j.sent_at), "
	"utc_text(from_ms(j.expires_server_ms)), j.asked_count, utc_text(j.absent_at), j.reason, "
	"j.venue_code, j.cycle, utc_text(j.created_at), utc_text(j.updated_at) "
	"from order_journal j join tenants t on t.id = j.tenant_id "
	"join bot_configs b on b.id = j.bot_id where j.id = $1";

static const char fills_sql[] =
	"select utc_text(x.executed_at), x.exec_id, x.side, x.action, x.type, "
	"trim_scale(x.quantity), trim_scale(x.price), trim_scale(x.pnl), trim_scale(x.fee), "
	"x.fee_currency, x.liquidity "
	"from order_journal j join trades x on x.bot_id = j.bot_id "
	"and x.client_order_id = j.client_order_id where j.id = $1 "
	"order by x.executed_at, x.exec_id, x.exec_part";

static const char changes_sql[] =
	"select c.client_order_id, c.kind, c.state, utc_text(c.sent_at), c.reason "
	"from order_journal j join order_journal c on c.bot_id = j.bot_id "
	"and (c.target_client_order_id = j.client_order_id "
	"or c.client_order_id = j.target_client_order_id) "
	"where j.id = $1 order by c.created_at, c.sequence";

static const char run_sql[] =
	"select utc_text(r.scheduled_at), r.kind, r.status, r.attempt, r.worker, r.duration_ms, "
	"r.error, r.summary from order_journal j join bot_execution_logs r "
	"on r.bot_id = j.bot_id and r.scheduled_at = j.scheduled_at "
	"where j.id = $1 and j.space = 'run'";

int journal_read_list(struct postgres *postgres, const struct journal_read_filter *filter,
	struct postgres_result **ret, struct err *err)
{
	char limit[24];
	(void)snprintf(limit, sizeof limit, "%" PRId64, filter->limit);
	const char *parameters[] = {filter->tenant == NULL ? NULL : filter->tenant->text,
		filter->bot == NULL ? NULL : filter->bot->text, filter->state,
		filter->unknown ? "true" : "false", filter->unfinished ? "true" : "false", limit};

	if (postgres_query(postgres, list_sql, 6, parameters, ret, err) == -1)
		return err_while(err, "could not list orders");
	return 0;
}

int journal_read_find(
	struct postgres *postgres, const char *name, struct journal_read_key *ret, struct err *err)
{
	struct uuid id;
	struct err malformed;
	bool is_id = uuid_parse(name, &id, &malformed) == 0;
	const char *parameters[] = {is_id ? id.text : name};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, is_id ? find_by_id_sql : find_by_client_id_sql, 1, parameters,
		    &result, err) == -1)
		return err_while(err, "could not look up the order");
	if (postgres_rows(result) == 0)
		return err_set(
			err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "there is no order \"%.60s\"", name);
	*ret = (struct journal_read_key){
		.id = postgres_uuid(result, 0, 0), .bot = postgres_uuid(result, 0, 1)};
	(void)snprintf(ret->client_order_id, sizeof ret->client_order_id, "%s",
		postgres_text(result, 0, 2));
	if (journal_state_parse(postgres_text(result, 0, 3), &ret->state) == -1)
		die("journal state \"%s\" has no name", postgres_text(result, 0, 3));
	return 0;
}

static int read_by_id(struct postgres *postgres, const char *sql,
	const struct journal_read_key *key, struct postgres_result **ret, struct err *err)
{
	const char *parameters[] = {key->id.text};

	if (postgres_query(postgres, sql, 1, parameters, ret, err) == -1)
		return err_while(err, "could not read the order");
	return 0;
}

int journal_read_row(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err)
{
	return read_by_id(postgres, row_sql, key, ret, err);
}

int journal_read_fills(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err)
{
	return read_by_id(postgres, fills_sql, key, ret, err);
}

int journal_read_changes(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err)
{
	return read_by_id(postgres, changes_sql, key, ret, err);
}

int journal_read_run(struct postgres *postgres, const struct journal_read_key *key,
	struct postgres_result **ret, struct err *err)
{
	return read_by_id(postgres, run_sql, key, ret, err);
}
