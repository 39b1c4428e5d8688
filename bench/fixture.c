#include "bench/fixture.h"

#include "bench/measure.h"
#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/postgres.h"
#include "core/vault/vault.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_ACCOUNT 100000001 /* the simulated exchange counts accounts from here */

static void run(struct postgres *postgres, const char *sql)
{
	struct err err;

	measure_must(postgres_script(postgres, sql, &err), &err, "write the bots");
}

static void query(
	struct postgres *postgres, const char *sql, size_t count, const char *const *parameters)
{
	struct err err;

	measure_must(postgres_query(postgres, sql, count, parameters, NULL, &err), &err,
		"write the bots");
}

static void make_tenants(
	struct postgres *postgres, const struct fixture *fixture, const struct vault *vault)
{
	struct err err;

	for (size_t i = 0; i < fixture->tenants; i++) {
		CLEANUP(text_free) char *name = mem_format("tenant %zu", i);
		CLEANUP(text_free) char *public_key = NULL;
		CLEANUP(text_free) char *wrapped = NULL;
		struct uuid id;
		uuid_random(&id);
		if (vault != NULL)
			measure_must(vault_new_tenant(vault, id.text, &public_key, &wrapped, &err),
				&err, "make a tenant's keys");
		const char *const parameters[] = {id.text, name, public_key, wrapped,
			vault == NULL ? NULL : vault_current_id(vault)};
		query(postgres,
			"insert into tenants (id, name, public_key, wrapped_private_key, "
			"master_key_id) values ($1, $2, $3, $4, $5)",
			5, parameters);
	}
	run(postgres, "insert into stop_gates (scope) select 'tenant:' || id from tenants");
}

static void make_bots(struct postgres *postgres, const struct fixture *fixture)
{
	char bots[24], interval[24];
	(void)snprintf(bots, sizeof bots, "%zu", fixture->bots);
	(void)snprintf(interval, sizeof interval, "%zu", fixture->interval_s);
	const char *const parameters[] = {bots, interval};

	query(postgres,
		"insert into bot_configs (tenant_id, name, exchange, environment, status, "
		"interval_seconds) "
		"select t.id, 'bot ' || n, 'bybit', 'testnet', 'running', $2::integer "
		"from generate_series(1, $1::integer) n "
		"join (select id, row_number() over (order by id) - 1 as place, count(*) over () "
		"as tenants from tenants) t on t.place = n % t.tenants",
		2, parameters);
	run(postgres, "insert into run_leases (bot_id, tenant_id, stopped, newest_slot, admission, "
		      "admission_reason) "
		      "select id, tenant_id, false, now() - interval '1 day', 'normal', '' from "
		      "bot_configs");
	run(postgres, "insert into bot_trading_pairs (tenant_id, bot_id, symbol, side, "
		      "automatic_mode, position_mode) "
		      "select tenant_id, id, 'BTCUSDT', 'long', false, 'one_way' from "
		      "bot_configs");
	/* As a start leaves it: fills and funding of before are nobody's. */
	run(postgres, "insert into pair_states (pair_id, tenant_id, bot_id, fills_from, "
		      "funding_from) "
		      "select id, tenant_id, bot_id, now(), now() from bot_trading_pairs");
}

static void make_credential(
	struct postgres *postgres, const struct postgres_result *bots, size_t row, FILE *accounts)
{
	struct err err;
	struct uuid id;
	CLEANUP(text_free) char *sealed = NULL;
	CLEANUP(text_free) char *key = mem_format("bench-key-%06zu", row);
	CLEANUP(text_free) char *secret = mem_format("bench-secret-of-no-worth-%06zu", row);
	CLEANUP(text_free) char *account = mem_format("%zu", FIRST_ACCOUNT + row);

	uuid_random(&id);
	const struct vault_binding binding = {
		.tenant = postgres_text(bots, row, 1),
		.credential = id.text,
		.venue = "bybit",
		.environment = "testnet",
		.version_min = 1,
	};
	measure_must(
		vault_seal(postgres_text(bots, row, 2), &binding, 1, key, secret, &sealed, &err),
		&err, "seal a credential");
	const char *const parameters[] = {
		id.text, binding.tenant, key, sealed, account, postgres_text(bots, row, 0)};
	query(postgres,
		"with made as (insert into credentials (id, tenant_id, name, exchange, "
		"environment, sealed, account_id, status) "
		"values ($1, $2, $3, 'bybit', 'testnet', $4, $5, 'ok') returning id) "
		"update bot_configs set credential_id = made.id from made "
		"where bot_configs.id = $6::uuid",
		6, parameters);
	(void)fprintf(accounts, "%s:%s\n", key, secret);
}

static void make_credentials(struct postgres *postgres, const struct fixture *fixture)
{
	CLEANUP(postgres_result_free) struct postgres_result *bots = NULL;
	CLEANUP(file_close) FILE *accounts = NULL;
	struct err err;

	(void)umask(077);
	accounts = fopen(fixture->accounts_file, "we");
	if (accounts == NULL)
		die("cannot write %s", fixture->accounts_file);
	measure_must(postgres_query(postgres,
			     "select b.id, b.tenant_id, t.public_key from bot_configs b "
			     "join tenants t on t.id = b.tenant_id",
			     0, NULL, &bots, &err),
		&err, "read the bots");
	for (size_t row = 0; row < postgres_rows(bots); row++)
		make_credential(postgres, bots, row, accounts);
	run(postgres, "insert into leg_claims (exchange, environment, account_id, symbol, leg, "
		      "tenant_id, bot_id, pair_id) "
		      "select b.exchange, b.environment, c.account_id, p.symbol, 'one_way', "
		      "b.tenant_id, b.id, p.id from bot_configs b "
		      "join bot_trading_pairs p on p.bot_id = b.id "
		      "join credentials c on c.id = b.credential_id");
	if (fflush(accounts) != 0)
		die("cannot write %s", fixture->accounts_file);
}

void fixture_make(struct postgres *postgres, const struct fixture *fixture)
{
	CLEANUP(vault_free) struct vault *vault = NULL;
	struct err err;

	if (fixture->master_key_file != NULL)
		measure_must(vault_open(fixture->master_key_file, &vault, &err), &err,
			"open the master key ring");
	run(postgres,
		"truncate tenants cascade; delete from stop_gates where scope like 'tenant:%'");
	/* Without triggers and foreign keys: nobody is to be told about 100,000 changed bots. */
	run(postgres, "set session_replication_role = replica");
	measure_must(postgres_begin(postgres, &err), &err, "write the bots");
	make_tenants(postgres, fixture, vault);
	make_bots(postgres, fixture);
	if (vault != NULL)
		make_credentials(postgres, fixture);
	measure_must(postgres_commit(postgres, &err), &err, "write the bots");
	run(postgres, "set session_replication_role = origin");
	/* Not the tables that are still empty: known to be empty, they would be read in sequence by
	 * every plan that is made before the next analyze, and they do not stay empty. */
	run(postgres, "vacuum analyze tenants, credentials, bot_configs, run_leases, "
		      "bot_trading_pairs, pair_states, leg_claims, stop_gates");
}
