/*
 * Runs over minutes made by hand, with the numbers worked beside them; and over the real candles,
 * what must hold of every run: nothing is seen ahead, nothing is lost, leaving quiet prices out and
 * running in parallel change nothing.
 */
#include "backtest/csv.h"
#include "decision/decision.h"
#include "tests/backtest/script.h"

static const struct funding no_funding = {.interval_ms = 8 * 3600000};

static struct backtest_result run(const struct backtest_options *options)
{
	struct backtest_result result;
	struct err err;

	cr_assert(zero(int, backtest_run(options, &result, &err)), "%s", err.message);
	return result;
}

#define E8_OF(text) ((int64_t)decimal_round(decimal_literal(text), 8, ROUND_DOWN).coefficient)

/* --- money ---------------------------------------------------------------------------------- */

Test(backtest, a_round_trip_by_hand)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(20, 200000);
	struct backtest_options options = script_options(tape, &no_funding);
	struct record record;

	/* At 20,000 half a coin is bought at the ask; from minute 10 on the market is at 20,100. */
	for (size_t i = 10; i < 20; i++)
		tape->owned[i] = (struct tape_minute){201000, 201010, 200990, 201000, 1000000};
	script_lines[0] = (struct script_line){SCRIPT_MINUTE(2), {script_buy(500, 0)}, 1, 0};
	script_lines[1] = (struct script_line){SCRIPT_MINUTE(5), {script_close(500, 201005)}, 1, 0};
	record_init(&record, 60000);
	options.record = &record;
	struct backtest_result result = run(&options);

	cr_assert(eq(sz, record.fill_count, 2));
	cr_expect(eq(i64, record.fills[0].ticks, 200001), "the ask");
	cr_expect(eq(i64, record.fills[0].at_ms, SCRIPT_MINUTE(2)), "at the decision's price");
	/* 0.5 * 20,000.1 = 10,000.05; * 0.00055 = 5.5000275 */
	cr_expect(eq(i64, record.fills[0].fee_e8, E8_OF("5.5000275")));
	cr_expect(eq(i64, record.fills[1].ticks, 201005), "the limit, which was traded through");
	cr_expect(eq(int, record.fills[1].liquidity, LIQUIDITY_MAKER));
	/* Low first: minute 10 is at 20,100.5 in step 7, beyond it in step 8.
	 */
	cr_expect(eq(i64, record.fills[1].at_ms, SCRIPT_MINUTE(10) + 40000));
	/* 0.5 * 20,100.5 = 10,050.25; * 0.0002 = 2.01005; PnL 50.2 */
	cr_expect(eq(i64, record.fills[1].fee_e8, E8_OF("2.01005")));
	cr_expect(eq(i64, record.fills[1].pnl_e8, E8_OF("50.2")));
	/* 10,000 + 50.2 - 7.5100775 */
	cr_expect(eq(i64, result.gauge.equity_e8, E8_OF("10042.6899225")));
	cr_expect(eq(i64, result.wallet_e8, E8_OF("10042.6899225")));
	cr_assert(eq(sz, record.cycle_count, 1));
	cr_expect(eq(i64, record.cycles[0].net_e8, E8_OF("42.6899225")));
	cr_expect(eq(int, record.cycles[0].ended_by, PURPOSE_CLOSE));
	cr_expect(eq(i64, result.counts.decisions, 20));
	/* From minute 2 to minute 10 and 40 s, of 20 minutes. */
	cr_expect(eq(i64, result.gauge.held_ms, 8 * 60000 + 40000));
	record_done(&record);
	backtest_done(&result);
}

Test(backtest, what_is_shown_is_what_stands)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(12, 200000);
	struct backtest_options options = script_options(tape, &no_funding);

	script_lines[0] = (struct script_line){SCRIPT_MINUTE(2), {script_buy(500, 0)}, 1, 0};
	script_lines[1] = (struct script_line){SCRIPT_MINUTE(3), {script_close(500, 210000)}, 1, 0};
	struct backtest_result result = run(&options);
	const struct strategy_input *before = &script_seen[2], *after = &script_seen[4];
	cr_expect(eq(i64, before->now_ms, SCRIPT_MINUTE(2)));
	cr_expect(zero(i64, before->leg_own.lots));
	cr_expect(eq(i64, before->ticker.bid_ticks, 200000));
	cr_expect(eq(i64, before->ticker.ask_ticks, 200001));
	cr_expect(eq(i64, before->account.wallet_e8, 10000 * E8));
	cr_expect(eq(int, before->account.settings_match, true), "as bot start leaves them");
	cr_expect(eq(i64, after->leg_own.lots, 500));
	cr_expect(eq(i64, after->leg_own.average_e8, E8_OF("20000.1")));
	/* 0.5 * (20,000 - 20,000.1) */
	cr_expect(eq(i64, after->leg_own.unrealised_e8, E8_OF("-0.05")));
	cr_expect(eq(i64, after->leg_own.margin_e8, E8_OF("1000.005")));
	cr_expect(eq(i64, after->account.wallet_e8, E8_OF("9994.4999725")));
	cr_expect(eq(i64, after->cycle, 1));
	cr_expect(eq(i64, after->cycle_base_ticks, 200001));
	cr_expect(eq(i64, after->last_entry_ms, SCRIPT_MINUTE(2)));
	cr_expect(eq(i64, after->day_orders, 1));
	cr_expect(eq(i64, after->day_net_e8, E8_OF("-5.5000275")));
	cr_assert(eq(sz, after->order_count, 1));
	cr_expect(eq(i64, after->orders[0].price_ticks, 210000));
	cr_expect(eq(int, after->orders[0].purpose, PURPOSE_CLOSE));
	cr_expect(eq(i64, after->orders[0].created_ms, SCRIPT_MINUTE(3)));
	backtest_done(&result);
}

Test(backtest, funding_is_paid_on_what_is_held_at_the_stamp)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(1000, 200000);
	struct funding funding;
	struct record record;
	struct err err;

	cr_assert(zero(int, funding_read("0.0001", 8 * 3600000, &funding, &err)));
	struct backtest_options options = script_options(tape, &funding);
	/* Bought before 08:00, sold at 08:00 itself: the payment of 08:00 is made, 16:00 is not. */
	script_lines[0] = (struct script_line){SCRIPT_MINUTE(470), {script_buy(500, 0)}, 1, 0};
	script_lines[1] = (struct script_line){SCRIPT_MINUTE(480), {script_close(500, 0)}, 1, 0};
	record_init(&record, 60000);
	options.record = &record;
	struct backtest_result result = run(&options);
	cr_assert(eq(sz, record.payment_count, 1));
	cr_expect(eq(i64, record.payments[0].at_ms, SCRIPT_MINUTE(480)));
	/* 0.5 * 20,000 * 0.0001 */
	cr_expect(eq(i64, record.payments[0].amount_e8, E8_OF("-1")));
	cr_expect(eq(i64, record.cycles[0].funding_e8, E8_OF("-1")));
	cr_expect(eq(i64, result.funding_e8, E8_OF("-1")));
	cr_expect(lt(u64, record.payments[0].sequence, record.fills[1].sequence),
		"first the payment, then what is decided at that time");
	record_done(&record);
	backtest_done(&result);
}

Test(backtest, takers_pay_the_slippage)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(10, 200000);
	struct backtest_options options = script_options(tape, &no_funding);
	struct record record;

	options.slippage_ppm = 500;
	script_lines[0] = (struct script_line){SCRIPT_MINUTE(2), {script_buy(500, 0)}, 1, 0};
	script_lines[1] = (struct script_line){SCRIPT_MINUTE(3), {script_close(500, 0)}, 1, 0};
	record_init(&record, 60000);
	options.record = &record;
	struct backtest_result result = run(&options);
	/* 200,001 * 0.0005 = 100.0005, up to 101 ticks; 200,000 * 0.0005 = 100. */
	cr_expect(eq(i64, record.fills[0].ticks, 200102));
	cr_expect(eq(i64, record.fills[1].ticks, 199900));
	record_done(&record);
	backtest_done(&result);
}

Test(backtest, a_liquidation_ends_the_run)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(30, 200000);
	struct backtest_options options = script_options(tape, &no_funding);
	struct record record;

	/* 10x isolated: liquidated some 9 % below; minute 15 falls by 15 %. */
	tape->owned[15] = (struct tape_minute){200000, 200000, 170000, 170000, 1000000};
	script_lines[0] = (struct script_line){SCRIPT_MINUTE(2), {script_buy(500, 0)}, 1, 0};
	record_init(&record, 60000);
	options.record = &record;
	struct backtest_result result = run(&options);
	cr_expect(ne(i64, result.liquidated_ms, 0));
	cr_expect(eq(i64, result.end_ms, SCRIPT_MINUTE(16)));
	cr_expect(eq(i64, result.counts.decisions, 16), "nothing is decided afterwards");
	cr_assert(eq(sz, record.fill_count, 2));
	cr_expect(eq(int, record.fills[1].purpose, PURPOSE_FOREIGN));
	/* What was at stake is lost: the margin of 1,000.005 and the fee of 5.5. */
	cr_expect(lt(i64, result.wallet_e8, E8_OF("8999.4")));
	cr_expect(gt(i64, result.wallet_e8, E8_OF("8990")));
	record_done(&record);
	backtest_done(&result);
}

Test(backtest, a_follow_up_is_kept)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(10, 200000);
	struct backtest_options options = script_options(tape, &no_funding);

	options.bot.interval_ms = 300000;
	script_lines[0] = (struct script_line){
		SCRIPT_MINUTE(0), {{0}}, 0, SCRIPT_MINUTE(1) + 12345};
	struct backtest_result result = run(&options);
	cr_assert(eq(sz, script_seen_count, 3));
	cr_expect(eq(i64, script_seen[1].now_ms, SCRIPT_MINUTE(1) + 12345));
	cr_expect(eq(i64, script_seen[2].now_ms, SCRIPT_MINUTE(5)), "the slots go on");
	backtest_done(&result);
}

Test(backtest, nobody_trades_in_a_missing_minute)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(10, 200000);
	struct backtest_options options = script_options(tape, &no_funding);

	for (size_t i = 3; i < 6; i++)
		tape->owned[i].volume = TAPE_MISSING;
	script_lines[0] = (struct script_line){SCRIPT_MINUTE(4), {script_buy(500, 0)}, 1, 0};
	struct backtest_result result = run(&options);
	cr_expect(zero(i64, result.counts.fills));
	cr_expect(eq(i64, result.counts.refused, 1), "turned away");
	cr_expect(zero(int, strcmp(result.counts.refusal, "no_liquidity")));
	cr_expect(eq(i64, result.counts.missing_minutes, 3));
	backtest_done(&result);
}

Test(backtest, a_pause_takes_entries_until_a_person_comes)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(20, 200000);
	struct backtest_options options = script_options(tape, &no_funding);

	script_lines[0] = (struct script_line){SCRIPT_MINUTE(2),
		{script_buy(500, 150000), {.kind = INTENT_PAUSE, .code = "stop"}}, 2, 0};
	options.bot.resume_after_ms = 5 * 60000;
	struct backtest_result result = run(&options);
	cr_expect(eq(i64, result.counts.pauses, 1));
	cr_expect(zero(i64, result.paused_ms), "resumed");
	cr_expect(eq(u32, script_seen[3].blocks, BLOCK_EXITS_ONLY));
	cr_expect(zero(sz, script_seen[3].order_count), "its resting entry is cancelled first");
	cr_expect(eq(u32, script_seen[6].blocks, BLOCK_EXITS_ONLY));
	cr_expect(zero(u32, script_seen[7].blocks));
	backtest_done(&result);
}

struct refused_span {
	int64_t from_ms, to_ms;
	char says[48];
};

ParameterizedTestParameters(backtest, spans)
{
	static struct refused_span rows[] = {
		{SCRIPT_BEGIN_MS + 1, 0, "from is not a whole minute"},
		{SCRIPT_BEGIN_MS - 60000, 0, "from: the strategy's averages want"},
		{0, SCRIPT_BEGIN_MS + 100 * 60000, "to: must lie after"},
		{SCRIPT_BEGIN_MS + 120000, SCRIPT_BEGIN_MS + 120000, "to: must lie after"},
	};
	return cr_make_param_array(struct refused_span, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refused_span *row, backtest, spans)
{
	CLEANUP(tape_free) struct tape *tape = script_tape(10, 200000);
	struct backtest_options options = script_options(tape, &no_funding);
	struct backtest_result result;
	struct err err;

	options.from_ms = row->from_ms;
	options.to_ms = row->to_ms;
	cr_assert(eq(int, backtest_run(&options, &result, &err), -1));
	cr_expect(strstr(err.message, row->says) != NULL, "%s", err.message);
}

/* --- what holds of every run ---------------------------------------------------------------- */

#define REAL TEST_SOURCE_DIR "/data/candles/btcusd_perp_ftx_1m_2022-01.csv"

struct world { /* a preset on the real month */
	struct tape *tape;
	struct funding funding;
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	struct backtest_options options;
};

static void world_open(struct world *world, enum side side)
{
	const struct csv_options csv = {.volume_in_quote = true};
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct csv_report report;
	struct err err;
	static const char params[] = "{\"preset\":\"dcabot-classic\"}";

	*world = (struct world){.tape = NULL};
	cr_assert(zero(int, csv_read(REAL, &csv, &world->tape, &report, &err)), "%s", err.message);
	cr_assert(zero(int, tape_fit(&world->tape, decimal_literal("0.1"), &err)));
	cr_assert(zero(int, funding_read("0.0001", 8 * 3600000, &world->funding, &err)));
	cr_assert(zero(int, field_parse(params, sizeof params - 1, &document, &err)));
	struct field root = field_root(document);
	world->options = script_options(world->tape, &world->funding);
	world->options.bot.strategy = strategy_find("martingale");
	world->options.bot.side = side;
	world->options.bot.interval_ms = 300000;
	world->options.bot.margin_mode = MARGIN_CROSS;
	world->options.slippage_ppm = 200;
	world->options.bot.params = world->params;
	cr_assert(zero(int, decision_params(world->options.bot.strategy, &root, 10, world->params,
				    NULL, &err)),
		"%s", err.message);
}

static void world_close(struct world *world)
{
	tape_free(&world->tape);
	funding_done(&world->funding);
}

static bool same_fill(const struct record_fill *a, const struct record_fill *b)
{
	return a->at_ms == b->at_ms && a->lots == b->lots && a->ticks == b->ticks &&
	       a->fee_e8 == b->fee_e8 && a->pnl_e8 == b->pnl_e8 && a->wallet_e8 == b->wallet_e8 &&
	       a->action == b->action && a->purpose == b->purpose;
}

/* B1: what happened up to a time is the same whether or not later minutes exist. */
Test(properties, later_minutes_change_nothing_before_them)
{
	struct world world;
	struct record whole, part;

	world_open(&world, SIDE_BUY);
	record_init(&whole, 3600000);
	world.options.record = &whole;
	struct backtest_result result = run(&world.options);
	backtest_done(&result);
	cr_assert(gt(sz, whole.fill_count, 100));

	for (size_t minutes = 8000; minutes < world.tape->count; minutes += 9777) {
		struct tape cut = *world.tape;
		size_t i = 0;
		cut.count = minutes;
		world.options.tape = &cut;
		world.options.record = &part;
		record_init(&part, 3600000);
		result = run(&world.options);
		for (; i < part.fill_count; i++)
			cr_assert(same_fill(&whole.fills[i], &part.fills[i]),
				"%zu minutes, fill %zu", minutes, i);
		cr_expect(i == whole.fill_count || whole.fills[i].at_ms >= tape_end_ms(&cut),
			"%zu minutes: a fill is missing", minutes);
		record_done(&part);
		backtest_done(&result);
	}
	record_done(&whole);
	world_close(&world);
}

/* B2: equity = start + realised + unrealised - fees + funding, at every step. */
Test(properties, money_is_conserved_at_every_step)
{
	struct world world;
	struct record record;

	world_open(&world, SIDE_SELL);
	record_init(&record, 3600000);
	world.options.record = &record;
	struct backtest_result result = run(&world.options);
	int64_t wallet = 10000 * E8;
	size_t payment = 0;
	for (size_t i = 0; i < record.fill_count; i++) {
		const struct record_fill *fill = &record.fills[i];
		while (payment < record.payment_count &&
			record.payments[payment].sequence < fill->sequence) {
			wallet += record.payments[payment].amount_e8;
			cr_assert(eq(i64, wallet, record.payments[payment].wallet_e8));
			payment++;
		}
		wallet += fill->pnl_e8 - fill->fee_e8;
		/* PnL by our own average is rounded where the venue's is: a unit a fill at most. */
		cr_assert(le(i64, llabs(wallet - fill->wallet_e8), 1), "fill %zu", i);
		wallet = fill->wallet_e8;
	}
	cr_expect(gt(sz, record.fill_count, 20));
	cr_expect(eq(i64, 10000 * E8 + result.realised_e8 - result.fees_e8 + result.funding_e8,
		result.wallet_e8));
	cr_expect(eq(i64, result.wallet_e8 + result.unrealised_e8, result.gauge.equity_e8));
	record_done(&record);
	backtest_done(&result);
	world_close(&world);
}

static void expect_same_gauge(const struct gauge *a, const struct gauge *b)
{
	cr_expect(eq(i64, a->equity_e8, b->equity_e8));
	cr_expect(eq(dbl, a->drawdown, b->drawdown));
	cr_expect(eq(i64, a->drawdown_ms, b->drawdown_ms));
	cr_expect(eq(i64, a->underwater_ms, b->underwater_ms));
	cr_expect(eq(i64, a->held_ms, b->held_ms));
	cr_expect(eq(dbl, a->exposure, b->exposure));
	cr_expect(eq(dbl, a->margin, b->margin));
	cr_expect(eq(dbl, a->distance, b->distance));
	cr_assert(eq(sz, a->day_count, b->day_count));
	for (size_t i = 0; i < a->day_count; i++)
		cr_expect(eq(i64, a->days[i].equity_e8, b->days[i].equity_e8), "day %zu", i);
}

static void expect_same_record(const struct record *a, const struct record *b)
{
	cr_assert(eq(sz, a->fill_count, b->fill_count));
	cr_assert(eq(sz, a->payment_count, b->payment_count));
	cr_assert(eq(sz, a->bucket_count, b->bucket_count));
	for (size_t i = 0; i < a->fill_count; i++)
		cr_assert(same_fill(&a->fills[i], &b->fills[i]), "fill %zu", i);
	for (size_t i = 0; i < a->payment_count; i++)
		cr_assert(eq(i64, a->payments[i].wallet_e8, b->payments[i].wallet_e8));
	for (size_t i = 0; i < a->bucket_count; i++) {
		cr_assert(eq(i64, a->buckets[i].equity_low, b->buckets[i].equity_low));
		cr_assert(eq(i64, a->buckets[i].equity_high, b->buckets[i].equity_high));
		cr_assert(eq(i64, a->buckets[i].high, b->buckets[i].high));
	}
}

struct quiet_row {
	int side, high_first, isolated;
};

ParameterizedTestParameters(properties, quiet_prices_change_nothing)
{
	static struct quiet_row rows[] = {{SIDE_BUY, 1, 0}, {SIDE_SELL, 0, 1}};
	return cr_make_param_array(struct quiet_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct quiet_row *row, properties, quiet_prices_change_nothing)
{
	struct world world;
	struct record records[2];
	struct backtest_result results[2];

	world_open(&world, (enum side)row->side);
	world.options.high_first = row->high_first;
	world.options.bot.margin_mode = row->isolated ? MARGIN_ISOLATED : MARGIN_CROSS;
	for (int i = 0; i < 2; i++) {
		record_init(&records[i], 3600000);
		world.options.record = &records[i];
		world.options.every_step = i == 1;
		results[i] = run(&world.options);
	}
	cr_expect(gt(sz, records[0].fill_count, 20));
	expect_same_record(&records[0], &records[1]);
	expect_same_gauge(&results[0].gauge, &results[1].gauge);
	for (int i = 0; i < 2; i++) {
		record_done(&records[i]);
		backtest_done(&results[i]);
	}
	world_close(&world);
}

/* B4, and B3: both paths are those of two runs by themselves, and the worse one is named. */
Test(properties, in_parallel_is_as_one_after_the_other)
{
	struct world world;
	struct record records[4];
	struct record *const both[2] = {&records[0], &records[1]};
	struct backtest_result results[4];
	struct err err;

	world_open(&world, SIDE_BUY);
	for (int i = 0; i < 4; i++)
		record_init(&records[i], 3600000);
	cr_assert(zero(int, backtest_both(&world.options, both, results, &err)));
	for (int i = 0; i < 2; i++) {
		world.options.record = &records[2 + i];
		world.options.high_first = i == 0;
		results[2 + i] = run(&world.options);
		expect_same_record(&records[i], &records[2 + i]);
		expect_same_gauge(&results[i].gauge, &results[2 + i].gauge);
	}
	int worse = backtest_worse(results);
	cr_expect(le(i64, results[worse].gauge.equity_e8, results[!worse].gauge.equity_e8));
	for (int i = 0; i < 4; i++) {
		record_done(&records[i]);
		backtest_done(&results[i]);
	}
	world_close(&world);
}
