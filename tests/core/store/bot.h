/*
 * bot - a running bot in a fresh database, for tests of what runs write.
 *
 * One tenant, a checked credential on account "100000001", a bot that trades BTCUSDT long, its leg
 * claimed, no gate closed. The rows' ids are fixed, so that a test can name them in SQL.
 */
#ifndef TESTS_CORE_STORE_BOT_H
#define TESTS_CORE_STORE_BOT_H

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/postgres.h"
#include "core/store/claim.h"
#include "core/store/journal.h"
#include "tests/support/database.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define TENANT "'11111111-1111-4111-8111-111111111111'"
#define BOT "'22222222-2222-4222-8222-222222222222'"
#define OTHER_BOT "'33333333-3333-4333-8333-333333333333'"
#define PAIR "'44444444-4444-4444-8444-444444444444'"
#define CREDENTIAL "'55555555-5555-4555-8555-555555555555'"
#define LEASE_MS 10000

struct bot {
	char *url;
	struct postgres *admin;  /* the superuser */
	struct postgres *worker; /* as a runner */
	struct uuid id, other, pair;
	int64_t now_s; /* Postgres's clock when the test began */
};

__attribute__((unused)) static struct uuid uuid_of(const char *quoted)
{
	struct uuid uuid = {0};
	struct err err;

	memcpy(uuid.text, quoted + 1, 36);
	cr_assert(zero(int, uuid_parse(uuid.text, &uuid, &err)));
	return uuid;
}

__attribute__((unused)) static void bot_open(struct bot *bot, const char *name)
{
	bot->url = test_database_new(name);
	bot->admin = test_database_open(bot->url, NULL);
	bot->worker = test_database_open(bot->url, "botbeat_worker");
	bot->id = uuid_of(BOT);
	bot->other = uuid_of(OTHER_BOT);
	bot->pair = uuid_of(PAIR);
	test_database_run(bot->admin,
		"insert into tenants (id, name) values (" TENANT ", 'tenant');"
		"insert into credentials (id, tenant_id, name, exchange, environment, sealed, "
		"account_id,"
		" status) values (" CREDENTIAL "," TENANT ", 'key', 'bybit', 'testnet', 'sealed',"
		" '100000001', 'ok');"
		"insert into bot_configs (id, tenant_id, credential_id, name, exchange, "
		"environment, status)"
		" select id, " TENANT ", " CREDENTIAL ", name, 'bybit', 'testnet', 'running'"
		" from (values (" BOT "::uuid, 'bot'), (" OTHER_BOT
		"::uuid, 'other')) as b(id, name);"
		"insert into bot_trading_pairs (id, tenant_id, bot_id, symbol, side)"
		" values (" PAIR ", " TENANT ", " BOT ", 'BTCUSDT', 'long');"
		"insert into bot_trading_pairs (tenant_id, bot_id, symbol, side)"
		" values (" TENANT ", " OTHER_BOT ", 'ETHUSDT', 'long');"
		"insert into leg_claims values ('bybit', 'testnet', '100000001', 'BTCUSDT', "
		"'long', " TENANT ", " BOT ", " PAIR ");"
		"update run_leases set stopped = false;");
	CLEANUP(text_free)
	char *now = test_database_value(
		bot->admin, "select floor(extract(epoch from clock_timestamp()))::bigint");
	bot->now_s = strtoll(now, NULL, 10);
}

__attribute__((unused)) static void bot_close(struct bot *bot)
{
	postgres_free(&bot->worker);
	postgres_free(&bot->admin);
	test_database_drop(&bot->url);
}

/* Claims the slot that many seconds from now; the caller looks at the outcome. */
__attribute__((unused)) static void bot_claim(struct bot *bot, int64_t offset_s, struct claim *ret)
{
	struct err err;

	cr_assert(zero(int, claim_take(bot->worker, &bot->id, bot->now_s + offset_s, "host/1.1",
				    LEASE_MS, ret, &err)),
		"%s", err.message);
}

/* Claims, must get it, and gives its token. */
__attribute__((unused)) static int64_t bot_token(struct bot *bot, int64_t offset_s)
{
	struct claim claim;

	bot_claim(bot, offset_s, &claim);
	cr_assert(eq(int, (int)claim.outcome, CLAIM_TAKEN), "the slot is free");
	claim_done(&claim);
	return claim.token;
}

/* The lease is over without its run having said so: a host that died. */
__attribute__((unused)) static void bot_forget(struct bot *bot)
{
	test_database_run(bot->admin, "update run_leases set lease_until = now() - interval '1 s'");
}

/* One cell of the database against what it should be. */
#define EXPECT_CELL(bot, query, expected, because)                                                 \
	do {                                                                                       \
		CLEANUP(text_free) char *cell = test_database_value((bot)->admin, query);          \
		cr_expect(eq(str, cell, (expected)), "%s", because);                               \
	} while (0)

#endif
