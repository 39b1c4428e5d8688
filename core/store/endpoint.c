#include "core/store/endpoint.h"

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNIQUE_VIOLATION "23505"
#define CHECK_VIOLATION "23514"
#define NUMBER(value) number_text(value, (char[24]){0})

static const char *number_text(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

int endpoint_rows(struct postgres *postgres, struct postgres_result **ret, struct err *err)
{
	if (postgres_query(postgres,
		    "select p.version, e.exchange, e.environment, e.id, e.name, e.base_url, "
		    "e.egress, e.tier, e.priority, e.weight, coalesce(e.limit_per_second, 0), "
		    "e.status = 'draining' from endpoint_pool p left join venue_endpoints e on "
		    "true "
		    "order by e.exchange, e.environment, e.name",
		    0, NULL, ret, err) == -1)
		return err_while(err, "could not read the endpoints");
	return 0;
}

int endpoint_list(struct postgres *postgres, const char *exchange, struct postgres_result **ret,
	struct err *err)
{
	const char *parameters[] = {exchange};

	if (postgres_query(postgres,
		    "select coalesce(e.exchange, u.exchange), coalesce(e.environment, "
		    "u.environment), coalesce(e.name, u.name), e.base_url, nullif(e.egress, ''), "
		    "e.tier, e.priority, e.weight, e.limit_per_second, "
		    "trim_scale(e.cost_per_1000)::text, e.status, coalesce(u.calls, 0), "
		    "coalesce(u.failed, 0), u.mean_ms, trim_scale(coalesce(u.cost, 0))::text "
		    "from venue_endpoints e full join (select exchange, environment, name, "
		    "sum(ok + refused + limited + failed) as calls, sum(failed) as failed, "
		    "round(sum(duration_ms) / nullif(sum(ok + refused + limited + failed), 0)) as "
		    "mean_ms, sum(cost) as cost from endpoint_usage "
		    "where hour > now() - interval '24 hours' group by 1, 2, 3) u "
		    "using (exchange, environment, name) "
		    "where $1::text is null or coalesce(e.exchange, u.exchange) = $1 order by 1, "
		    "2, "
		    "e.priority nulls last, 3",
		    1, parameters, ret, err) == -1)
		return err_while(err, "could not list the endpoints");
	return 0;
}

int endpoint_add(struct postgres *postgres, const struct endpoint_new *endpoint, struct err *err)
{
	const char *parameters[] = {endpoint->exchange, endpoint->environment, endpoint->name,
		endpoint->base_url, endpoint->egress, endpoint->tier, NUMBER(endpoint->priority),
		NUMBER(endpoint->weight),
		endpoint->limit_per_second == 0 ? NULL : NUMBER(endpoint->limit_per_second),
		endpoint->cost_per_1000};

	if (postgres_query(postgres,
		    "insert into venue_endpoints (exchange, environment, name, base_url, egress, "
		    "tier, priority, weight, limit_per_second, cost_per_1000) "
		    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		    10, parameters, NULL, err) == 0)
		return 0;
	if (strcmp(postgres_sqlstate(postgres), UNIQUE_VIOLATION) == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s %s has an endpoint \"%.60s\" already", endpoint->exchange,
			endpoint->environment, endpoint->name);
	if (strcmp(postgres_sqlstate(postgres), CHECK_VIOLATION) == 0)
		err->code = ERR_INVALID;
	return err_while(err, "could not add endpoint \"%.60s\"", endpoint->name);
}

static int change(struct postgres *postgres, const char *sql, size_t count,
	const char *const *parameters, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, sql, count, parameters, &result, err) == -1)
		return err_while(err, "could not change endpoint \"%.60s\"", parameters[2]);
	if (postgres_affected(result) == 1)
		return 0;
	return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "%s %s has no endpoint \"%.60s\"",
		parameters[0], parameters[1], parameters[2]);
}

int endpoint_set_status(struct postgres *postgres, const char *exchange, const char *environment,
	const char *name, const char *status, struct err *err)
{
	const char *parameters[] = {exchange, environment, name, status};

	return change(postgres,
		"update venue_endpoints set status = $4, changed_at = now() "
		"where exchange = $1 and environment = $2 and name = $3",
		4, parameters, err);
}

int endpoint_remove(struct postgres *postgres, const char *exchange, const char *environment,
	const char *name, struct err *err)
{
	const char *parameters[] = {exchange, environment, name};

	return change(postgres,
		"delete from venue_endpoints where exchange = $1 and environment = $2 and name = "
		"$3",
		3, parameters, err);
}

int endpoint_note_usage(struct postgres *postgres, const char *exchange, const char *environment,
	const char *usage, struct err *err)
{
	const char *parameters[] = {exchange, environment, usage};

	if (postgres_query(postgres, "select note_endpoint_usage($1, $2, $3)", 3, parameters, NULL,
		    err) == -1)
		return err_while(err, "could not note what went through the endpoints");
	return 0;
}

int endpoint_bind(struct postgres *postgres, const struct uuid *credential, const char *egresses,
	struct err *err)
{
	const char *parameters[] = {credential->text, egresses};

	return postgres_query(postgres,
		"update credentials set egresses = case when $2 = '' then '{}' else "
		"string_to_array($2, ',') end where id = $1",
		2, parameters, NULL, err);
}
