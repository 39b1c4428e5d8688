#include "core/store/dead_letter.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"select d.id, t.name as tenant, b.name as bot, utc_text(d.scheduled_at) as scheduled_at, " \
	"d.class, d.attempts, d.kills, d.phase, d.signal, d.memory_kb, "                           \
	"extract(epoch from now() - d.created_at)::bigint as age_s, d.state, "                     \
	"utc_text(d.retried_as) as retried_as, d.message, d.bot_id "                               \
	"from dead_letters d join bot_configs b on b.id = d.bot_id "                               \
	"join tenants t on t.id = d.tenant_id "

static const char run_sql[] =
	"select r.kind, r.status, r.admission, r.attempt, r.hand_backs, r.kills, r.worker, "
	"utc_text(r.started_at), utc_text(r.finished_at), r.duration_ms, r.orders, r.trades, "
	"r.error_class, r.error, r.phases, r.summary, r.snapshot "
	"from dead_letters d join bot_execution_logs r "
	"on r.bot_id = d.bot_id and r.scheduled_at = d.scheduled_at where d.id = $1";

static const char orders_sql[] =
	"select j.id, j.client_order_id, j.kind, j.purpose, j.state, j.symbol, j.leg, j.side, "
	"trim_scale(j.quantity), trim_scale(j.price), trim_scale(j.filled_quantity), "
	"utc_text(j.sent_at), j.reason from dead_letters d join order_journal j "
	"on j.bot_id = d.bot_id and j.scheduled_at = d.scheduled_at where d.id = $1 "
	"order by j.sequence";

static const char *number_text(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

static const char *number_or_null(int64_t value, char text[24])
{
	return value == 0 ? NULL : number_text(value, text);
}

int dead_letter_list(struct postgres *postgres, const struct dead_letter_filter *filter,
	struct postgres_result **ret, struct err *err)
{
	char older[24];
	char newer[24];
	char limit[24];
	const char *parameters[] = {filter->tenant == NULL ? NULL : filter->tenant->text,
		filter->bot == NULL ? NULL : filter->bot->text, filter->class, filter->state,
		number_or_null(filter->older_than_s, older),
		number_or_null(filter->newer_than_s, newer), number_or_null(filter->limit, limit),
		filter->venue};

	if (postgres_query(postgres,
		    COLUMNS "where ($1::uuid is null or d.tenant_id = $1::uuid) "
			    "and ($2::uuid is null or d.bot_id = $2::uuid) "
			    "and ($3::text is null or d.class = $3::text) "
			    "and ($4::text is null or d.state = $4::text) "
			    "and ($5::bigint is null or d.created_at <= now() - $5::bigint * "
			    "interval '1 s') "
			    "and ($6::bigint is null or d.created_at > now() - $6::bigint * "
			    "interval '1 s') "
			    "and ($8::text is null or b.exchange = $8::text) "
			    "order by d.created_at desc, d.id limit $7::bigint",
		    8, parameters, ret, err) == -1)
		return err_while(err, "could not list dead letters");
	return 0;
}

static int read_by_id(struct postgres *postgres, const char *sql, const struct uuid *id,
	struct postgres_result **ret, struct err *err)
{
	const char *parameters[] = {id->text};

	if (postgres_query(postgres, sql, 1, parameters, ret, err) == -1)
		return err_while(err, "could not read the dead letter");
	return 0;
}

int dead_letter_read(struct postgres *postgres, const struct uuid *id, struct postgres_result **ret,
	struct err *err)
{
	return read_by_id(postgres, COLUMNS "where d.id = $1", id, ret, err);
}

int dead_letter_run(struct postgres *postgres, const struct uuid *id, struct postgres_result **ret,
	struct err *err)
{
	return read_by_id(postgres, run_sql, id, ret, err);
}

int dead_letter_orders(struct postgres *postgres, const struct uuid *id,
	struct postgres_result **ret, struct err *err)
{
	return read_by_id(postgres, orders_sql, id, ret, err);
}

int dead_letter_retry(struct postgres *postgres, const struct uuid *id,
	const struct dead_letter_word *word, enum dead_letter_outcome *ret,
	char ret_why[DEAD_LETTER_WHY_SIZE], struct err *err)
{
	const char *parameters[] = {id->text, word->actor, word->reason};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select outcome, why from retry_dead_letter($1::uuid, $2, $3)",
		    3, parameters, &result, err) == -1)
		return err_while(err, "could not retry dead letter %s", id->text);
	const char *outcome = postgres_text(result, 0, 0);
	*ret = strcmp(outcome, "retried") == 0 ? DEAD_LETTER_DONE
	       : strcmp(outcome, "gone") == 0  ? DEAD_LETTER_GONE
					       : DEAD_LETTER_UNWANTED;
	(void)snprintf(ret_why, DEAD_LETTER_WHY_SIZE, "%s", postgres_text(result, 0, 1));
	return 0;
}

int dead_letter_drop(struct postgres *postgres, const struct uuid *id,
	const struct dead_letter_word *word, enum dead_letter_outcome *ret, struct err *err)
{
	const char *parameters[] = {id->text, word->actor, word->reason};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select drop_dead_letter($1::uuid, $2, $3)", 3, parameters,
		    &result, err) == -1)
		return err_while(err, "could not drop dead letter %s", id->text);
	*ret = postgres_bool(result, 0, 0) ? DEAD_LETTER_DONE : DEAD_LETTER_GONE;
	return 0;
}
