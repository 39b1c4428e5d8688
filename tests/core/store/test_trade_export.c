#include "core/store/trade_export.h"

#include "tests/core/store/bot.h"

static struct bot bot;
static struct postgres *admin;

/* Seven trades a second apart, two of them at the same moment. */
static void setup(void)
{
	bot_open(&bot, "export");
	admin = test_database_open(bot.url, "botbeat_admin");
	test_database_run(bot.admin,
		"insert into trades (tenant_id, bot_id, exchange, environment, account_id, symbol, "
		"side,"
		" position_side, action, quantity, price, exec_id, cycle_id, executed_at)"
		" select " TENANT ", " BOT
		", 'bybit', 'testnet', '1', 'BTCUSDT', 'buy', 'long', 'ADDED',"
		" 0.10, 100, 'exec-' || n, 1, '2026-01-01 00:00:00Z'::timestamptz"
		" + least(n, 5) * interval '1.000001 s' from generate_series(0, 6) n");
}

static void teardown(void)
{
	postgres_free(&admin);
	bot_close(&bot);
}

TestSuite(trade_export, .init = setup, .fini = teardown);

/* The execution ids' last digits, in the order in which they came. */
static void read_all(const struct trade_export_filter *filter, size_t limit, char *ret, size_t size)
{
	struct trade_export_mark mark = {.executed_at = ""};
	struct err err;
	size_t used = 0;

	cr_assert(zero(int, trade_export_begin(admin, &err)), "%s", err.message);
	for (;;) {
		CLEANUP(postgres_result_free) struct postgres_result *page = NULL;
		cr_assert(zero(int, trade_export_page(admin, filter, limit, &mark, &page, &err)),
			"%s", err.message);
		for (size_t row = 0; row < postgres_rows(page) && used + 1 < size; row++)
			ret[used++] = postgres_text(page, row, 25)[5];
		if (postgres_rows(page) == 0)
			break;
	}
	ret[used] = '\0';
	postgres_rollback(admin);
}

Test(trade_export, pages_give_every_trade_once_in_order)
{
	const struct trade_export_filter filter = {.bot = &bot.id};
	char whole[16];

	read_all(&filter, 100, whole, sizeof whole);
	cr_expect(eq(sz, strlen(whole), 7));
	cr_expect(zero(int, strncmp(whole, "01234", 5)), "%s", whole);
	for (size_t limit = 1; limit < 7; limit++) {
		char paged[16];
		read_all(&filter, limit, paged, sizeof paged);
		cr_expect(eq(str, paged, whole), "trades of one moment are not lost between pages");
	}
}

Test(trade_export, ends_before_its_end_and_begins_at_its_beginning)
{
	const struct trade_export_filter filter = {
		.bot = &bot.id, .from_ms = 1767225600000, .to_ms = 1767225602000};
	char found[16];

	read_all(&filter, 100, found, sizeof found);
	cr_expect(eq(str, found, "01"));
}

Test(trade_export, another_bot_has_none)
{
	const struct trade_export_filter filter = {.bot = &bot.other};
	char found[16];

	read_all(&filter, 100, found, sizeof found);
	cr_expect(eq(str, found, ""));
}

Test(trade_export, amounts_are_text_as_they_are_stored)
{
	CLEANUP(postgres_result_free) struct postgres_result *page = NULL;
	struct trade_export_mark mark = {.executed_at = ""};
	struct err err;

	cr_assert(zero(int, trade_export_page(admin, &(struct trade_export_filter){.bot = &bot.id},
				    1, &mark, &page, &err)));
	cr_expect(eq(str, postgres_text(page, 0, 12), "0.10"));
}
