/*
 * A backtest against the live system: the same candles, parameters, rules and path inside each
 * minute, through the backtester and through real runs (Postgres, Redis, journal, HTTP, signatures)
 * on the simulated exchange. Each order of each slot and each fill must be the same to the last
 * digit: strategy, what it is shown, sending order and matching are one.
 *
 * What is left out here is what a backtest cannot have: an order's way takes no time (match delay
 * 0), the mark price is the last price, the venue answers.
 */
#include "backtest/backtest.h"
#include "backtest/csv.h"
#include "decision/decision.h"
#include "tests/system/world.h"

#define CANDLES TEST_SOURCE_DIR "/data/candles/btcusd_perp_ftx_1m_2022-01.csv"
#define SLOT_MS INT64_C(300000)
#define PARAMS                                                                                     \
	"{\"preset\": \"dcabot-classic\", \"initial_size\": \"0.02\", \"take_profit\": \"0.02\", " \
	"\"tp_min_balance_profit\": \"0.0005\"}"

struct row {
	char because[48];
	char side[8];
	char name[32];
	int64_t first_ms; /* where the market and both bots begin */
	int slots;
	bool low_first;
};

static const struct row *played; /* the row of this process */

/* --- the live side ---------------------------------------------------------------------------- */

static void start_market(void)
{
	struct instrument instrument;

	struct simulator_options options = client_options(&world.client, &instrument);
	(void)snprintf(instrument.source.file, sizeof instrument.source.file, "%s", CANDLES);
	instrument.source.volume_in_quote = true;
	options.seed = 1;
	options.start_ms = played->first_ms;
	options.path = played->low_first ? MARKET_PATH_LOW_FIRST : MARKET_PATH_HIGH_FIRST;
	options.mark_is_last = true;
	client_start_with(&world.client, &options);
}

static void open_live(const struct row *row)
{
	played = row;
	world_make(row->name, start_market);
	CLEANUP(text_free)
	char *update = mem_format(
		"delete from bot_trading_pairs where bot_id = " OTHER_BOT ";"
		"update leg_claims set leg = 'one_way';"
		"update bot_trading_pairs set side = '%s', position_mode = 'one_way',"
		" leverage = 10, strategy_params = '%s'",
		row->side, PARAMS);
	test_database_run(world.bot.admin, update);
}

/* One line per order: slot, what it was for, what was asked. */
static char *live_orders(int64_t first_slot_s)
{
	CLEANUP(text_free)
	char *query = mem_format(
		"select coalesce(string_agg(format('%%s %%s %%s %%s@%%s',"
		" extract(epoch from scheduled_at)::bigint - %" PRId64 ", purpose, side,"
		" trim_scale(quantity), trim_scale(coalesce(price, 0))), E'\\n'"
		" order by scheduled_at, sequence), '') from order_journal where kind = 'place'",
		first_slot_s);

	return test_database_value(world.bot.admin, query);
}

static char *live_fills(void)
{
	return test_database_value(world.bot.admin,
		"select coalesce(string_agg(format('%s %s %s@%s fee %s pnl %s', action, side,"
		" trim_scale(quantity), trim_scale(price), trim_scale(fee), trim_scale(round(pnl, "
		"8))),"
		" E'\\n' order by executed_at, exec_id), '') from trades");
}

/* --- the backtest ------------------------------------------------------------------------------
 */

static void add_line(char **text, const char *line)
{
	char *longer = mem_format("%s%s%s", *text, **text == '\0' ? "" : "\n", line);

	free(*text);
	*text = longer;
}

static const char *plain(struct decimal value, char *text)
{
	return decimal_text(decimal_trim(value), text, DECIMAL_TEXT_SIZE);
}

#define PLAIN(value) plain(value, (char[DECIMAL_TEXT_SIZE]){0})

static char *tested_orders(
	const struct row *row, const struct record *record, const struct rules *rules)
{
	char *text = mem_text("");

	for (size_t i = 0; i < record->order_count; i++) {
		const struct record_order *order = &record->orders[i];
		CLEANUP(text_free)
		char *line = mem_format("%" PRId64 " %s %s %s@%s",
			(order->at_ms - row->first_ms) / SLOT_MS, purpose_text(order->purpose),
			side_text(order->side),
			PLAIN(decimal_mul(decimal_from_int(order->lots), rules->lot_size)),
			PLAIN(decimal_mul(decimal_from_int(order->ticks), rules->tick_size)));
		add_line(&text, line);
	}
	return text;
}

/* Fills after the last slot have not been looked at by a live run. */
static char *tested_fills(const struct record *record, const struct rules *rules, int64_t end_ms)
{
	char *text = mem_text("");

	for (size_t i = 0; i < record->fill_count; i++) {
		const struct record_fill *fill = &record->fills[i];
		if (fill->at_ms > end_ms)
			break;
		CLEANUP(text_free)
		char *line = mem_format("%s %s %s@%s fee %s pnl %s",
			trade_action_text(fill->action), side_text(fill->side),
			PLAIN(decimal_mul(decimal_from_int(fill->lots), rules->lot_size)),
			PLAIN(decimal_mul(decimal_from_int(fill->ticks), rules->tick_size)),
			PLAIN(decimal_scaled(fill->fee_e8, 8)),
			PLAIN(decimal_scaled(fill->pnl_e8, 8)));
		add_line(&text, line);
	}
	return text;
}

struct tested {
	char *orders, *fills;
	size_t fill_count;
	struct backtest_cycles cycles;
	int64_t wallet_e8;
};

static void tested_done(struct tested *tested)
{
	text_free(&tested->orders);
	text_free(&tested->fills);
}

static struct tested backtest_of(const struct row *row)
{
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct funding funding;
	struct csv_report report;
	struct record record;
	struct backtest_result result;
	struct err err;

	cr_assert(zero(int, csv_read(CANDLES, &(struct csv_options){.volume_in_quote = true}, &tape,
				    &report, &err)));
	cr_assert(zero(int, tape_fit(&tape, decimal_literal("0.1"), &err)));
	cr_assert(zero(int, funding_read("0.0001", INT64_C(8) * 3600000, &funding, &err)));
	cr_assert(zero(int, field_parse(PARAMS, sizeof PARAMS - 1, &document, &err)));
	struct field root = field_root(document);
	struct backtest_options options = {
		.bot = {.strategy = strategy_find("martingale"),
			.params = params,
			.side = strcmp(row->side, "long") == 0 ? SIDE_BUY : SIDE_SELL,
			.position_mode = POSITION_ONE_WAY,
			.margin_mode = MARGIN_CROSS,
			.auto_open = true,
			.leverage = 10,
			.interval_ms = SLOT_MS,
			.ema_interval_min = 1},
		.tape = tape,
		.terms = terms_default("BTCUSDT"),
		.funding = &funding,
		.balance = decimal_from_int(10000),
		.seed = 1,
		.from_ms = row->first_ms,
		.to_ms = row->first_ms + row->slots * SLOT_MS,
		.high_first = !row->low_first,
		.record = &record,
	};
	cr_assert(zero(int, decision_params(options.bot.strategy, &root, 10, params, NULL, &err)),
		"%s", err.message);
	record_init(&record, 3600000);
	cr_assert(zero(int, backtest_run(&options, &result, &err)), "%s", err.message);
	struct tested tested = {
		.orders = tested_orders(row, &record, &options.terms.rules),
		.fills = tested_fills(
			&record, &options.terms.rules, row->first_ms + (row->slots - 1) * SLOT_MS),
		.fill_count = record.fill_count,
		.cycles = result.cycles,
	};
	record_done(&record);
	backtest_done(&result);
	funding_done(&funding);
	return tested;
}

/* --- both --------------------------------------------------------------------------------------
 */

static size_t lines(const char *text)
{
	size_t count = *text != '\0';

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void expect_same_lines(const char *live, const char *tested, const char *what)
{
	size_t line = 1;

	if (strcmp(live, tested) == 0)
		return;
	while (*live != '\0' && *tested != '\0') {
		size_t a = strcspn(live, "\n"), b = strcspn(tested, "\n");
		if (a != b || strncmp(live, tested, a) != 0)
			break;
		live += a + (live[a] != '\0');
		tested += b + (tested[b] != '\0');
		line++;
	}
	cr_expect(false, "%s %zu: live \"%.*s\", backtest \"%.*s\"", what, line,
		(int)strcspn(live, "\n"), live, (int)strcspn(tested, "\n"), tested);
}

TestSuite(agreement, .timeout = 280);

ParameterizedTestParameters(agreement, a_backtest_is_the_live_system_on_the_same_candles)
{
	static struct row rows[] = {
		/* 2022-01-05T04:05Z and 2022-01-11T03:05Z */
		{"a long, low first", "long", "agree_long", 1641355500000, 130, true},
		{"a short, high first", "short", "agree_short", 1641870300000, 130, false},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, agreement, a_backtest_is_the_live_system_on_the_same_candles)
{
	CLEANUP(tested_done) struct tested tested = backtest_of(row);

	open_live(row);
	int64_t first_slot_s = world.slot_s + 1;
	for (int slot = 0; slot < row->slots; slot++) {
		if (slot > 0)
			POST_OK(&world.client, "/sim/clock", "{\"advance_ms\":%" PRId64 "}",
				SLOT_MS);
		run_slot();
		cr_assert(world.result.succeeded, "slot %d", slot);
	}
	CLEANUP(text_free) char *orders = live_orders(first_slot_s);
	CLEANUP(text_free) char *fills = live_fills();
	cr_expect(gt(sz, lines(orders), 40), "there was something to compare");
	cr_expect(gt(sz, lines(fills), 30), "there was something to compare");
	expect_same_lines(orders, tested.orders, "order");
	expect_same_lines(fills, tested.fills, "fill");
	expect_clean(row->because);
	world_close();
}
