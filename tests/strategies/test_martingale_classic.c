#include "tests/strategies/sample.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

struct example { /* of strategy.md 1.10; amounts in dollars, prices as they stand there */
	char because[64];
	bool is_short, wild, crash;
	double balance, price;
	double margin, unrealised; /* margin 0: flat */
	int64_t lots, level_pct;
	double ema_fast, ema_slow;
	int64_t symbols;
	char action[8];
	int64_t want_lots;
};

ParameterizedTestParameters(martingale_classic, gives_the_worked_examples)
{
	static struct example rows[] = {
		{.because = "E1 opens with 0.6 % as margin",
			.price = 60000,
			.action = "open",
			.want_lots = 10},
		{.because = "E2 above the hourly average nothing opens",
			.price = 61500,
			.action = "none"},
		{.because = "E2 nothing opens in high volatility",
			.price = 60000,
			.wild = true,
			.action = "none"},
		{.because = "E3 a safe decline adds in high volatility",
			.price = 59400,
			.margin = 60,
			.unrealised = -6,
			.lots = 10,
			.level_pct = 800,
			.wild = true,
			.action = "add",
			.want_lots = 1},
		{.because = "E4 below EMA200 nothing is managed",
			.price = 58000,
			.margin = 60,
			.unrealised = -18,
			.lots = 10,
			.level_pct = 500,
			.wild = true,
			.action = "none"},
		{.because = "E5 an order above the cap is dropped whole",
			.price = 55000,
			.margin = 3000,
			.unrealised = -2400,
			.lots = 500,
			.level_pct = 160,
			.crash = true,
			.action = "none"},
		{.because = "E5b a critical margin level adds in a crash",
			.price = 55000,
			.margin = 1500,
			.unrealised = -1200,
			.lots = 250,
			.level_pct = 160,
			.crash = true,
			.wild = true,
			.action = "add",
			.want_lots = 218},
		{.because = "E6 the taper is exact: 0.032, not 0.03199",
			.price = 50000,
			.margin = 4000,
			.unrealised = -240,
			.lots = 800,
			.level_pct = 800,
			.ema_fast = 49500,
			.ema_slow = 49000,
			.action = "add",
			.want_lots = 32},
		{.because = "E7 a large winner sells a third",
			.price = 60000,
			.margin = 800,
			.unrealised = 60,
			.lots = 160,
			.level_pct = 800,
			.action = "reduce",
			.want_lots = 52},
		{.because = "E8 above the target everything is sold",
			.price = 60000,
			.margin = 300,
			.unrealised = 36,
			.lots = 50,
			.level_pct = 800,
			.action = "close",
			.want_lots = 50},
		{.because = "E8b return on margin is rounded before it is compared",
			.price = 60000,
			.margin = 300,
			.unrealised = 31.40,
			.lots = 50,
			.level_pct = 800,
			.action = "none"},
		{.because = "E9 a tiny account gets the minimum",
			.balance = 70,
			.price = 60000,
			.action = "open",
			.want_lots = 1},
		{.because = "E9 but not above the cap",
			.balance = 5,
			.price = 60000,
			.action = "none"},
		{.because = "E10 adds the minimum while in profit",
			.price = 60000,
			.margin = 100,
			.unrealised = 8,
			.lots = 16,
			.level_pct = 800,
			.action = "add",
			.want_lots = 1},
		{.because = "E11 two symbols share the cap",
			.price = 59400,
			.margin = 2000,
			.unrealised = -200,
			.lots = 330,
			.level_pct = 800,
			.symbols = 2,
			.action = "add",
			.want_lots = 22},
		{.because = "E11 alone the cap is whole",
			.price = 59400,
			.margin = 2000,
			.unrealised = -200,
			.lots = 330,
			.level_pct = 800,
			.symbols = 1,
			.action = "add",
			.want_lots = 33},
		{.because = "E12 a short opens above the average",
			.is_short = true,
			.price = 62000,
			.action = "open",
			.want_lots = 9},
	};
	return cr_make_param_array(struct example, rows, sizeof rows / sizeof rows[0]);
}

static void set_up(struct sample *sample, const struct example *row)
{
	struct strategy_input *input = &sample->input;

	sample_init(sample);
	if (row->is_short) {
		input->side = SIDE_SELL;
		input->leg = LEG_SHORT;
		sample_prices(sample, TICKS(row->price) - 1, TICKS(row->price));
	} else {
		sample_prices(sample, TICKS(row->price), TICKS(row->price) + 1);
	}
	if (row->balance > 0)
		input->account.wallet_e8 = DOLLARS(row->balance);
	if (row->ema_fast > 0)
		sample_value(sample, INDICATOR_EMA_FAST, DOLLARS(row->ema_fast));
	if (row->ema_slow > 0)
		sample_value(sample, INDICATOR_EMA_SLOW, DOLLARS(row->ema_slow));
	if (row->margin > 0)
		sample_hold(sample, row->lots, DOLLARS(row->margin), DOLLARS(row->unrealised),
			row->level_pct);
	if (row->symbols > 0)
		input->account.active_symbols = row->symbols;
	if (row->wild)
		sample_wild(sample);
	if (row->crash)
		sample_crash(sample);
}

ParameterizedTest(struct example *row, martingale_classic, gives_the_worked_examples)
{
	struct sample sample;
	set_up(&sample, row);
	sample_decide(&sample);
	const struct intent *order = sample_order(&sample);
	bool is_exit = strcmp(row->action, "reduce") == 0 || strcmp(row->action, "close") == 0;

	cr_expect(eq(int, sample.output.status, DECISION_OK));
	cr_expect(eq(str, sample.output.action, row->action), "%s", row->because);
	cr_expect(eq(i64, order ? order->lots : 0, row->want_lots), "%s", row->because);
	if (order == NULL)
		return;
	cr_expect(eq(int, order->reduce_only, is_exit), "%s", row->because);
	cr_expect(eq(int, order->time_in_force, is_exit ? TIF_GTC : TIF_POST_ONLY), "%s",
		row->because);
	cr_expect(eq(int, order->side, side_for(sample.input.side, !is_exit)), "%s", row->because);
	cr_expect(eq(i64, order->price_ticks, is_exit ? TICKS(row->price) + 1 : TICKS(row->price)),
		"%s", row->because);
}

/* What takes entries away, and what does not take exits away. */

enum limit {
	LIMIT_NONE,
	LIMIT_EXITS_ONLY,
	LIMIT_UNKNOWN,
	LIMIT_DRIFT,
	LIMIT_RETRIED,
	LIMIT_UNKNOWN_REDUCE,
	LIMIT_TP_ONLY,
	LIMIT_GRACEFUL,
	LIMIT_MANUAL,
	LIMIT_HALTED,
	LIMIT_SETTINGS,
	LIMIT_NOT_TRADING,
	LIMIT_OLD_PRICE,
	LIMIT_OLD_ACCOUNT,
	LIMIT_OLD_CANDLES,
	LIMIT_UNKNOWN_ENTRY_ORDER,
	LIMIT_UNKNOWN_EXIT_ORDER,
	LIMIT_NO_EMA,
	LIMIT_NO_TICKER,
	LIMIT_MANUAL_START,
	LIMIT_NO_VOLATILITY_DATA,
};

struct limit_row {
	char because[56];
	enum limit limit;
	bool opens, adds, reduces, closes;
	char gate[16]; /* that names the reason why nothing opens */
};

ParameterizedTestParameters(martingale_classic, takes_risk_away_but_not_exits)
{
	static struct limit_row rows[] = {
		{"nothing in the way", LIMIT_NONE, true, true, true, true, ""},
		{"exits only", LIMIT_EXITS_ONLY, false, false, true, true, "platform"},
		{"an unknown order", LIMIT_UNKNOWN, false, false, true, true, "platform"},
		{"drift", LIMIT_DRIFT, false, false, true, true, "platform"},
		{"a retried slot", LIMIT_RETRIED, false, false, true, true, "platform"},
		{"an unknown reduce leaves the full close", LIMIT_UNKNOWN_REDUCE, true, true, false,
			true, ""},
		{"take profit only", LIMIT_TP_ONLY, false, false, true, true, "mode"},
		{"a graceful stop still adds", LIMIT_GRACEFUL, false, true, true, true, "mode"},
		{"manual is silent", LIMIT_MANUAL, false, false, false, false, "mode"},
		{"halted is silent", LIMIT_HALTED, false, false, false, false, "mode"},
		{"wrong settings", LIMIT_SETTINGS, false, false, true, true, "settings"},
		{"a symbol that is not trading", LIMIT_NOT_TRADING, false, false, true, true,
			"symbol"},
		{"an old price", LIMIT_OLD_PRICE, false, false, true, true, "ticker_age"},
		{"an old account is no ground for anything", LIMIT_OLD_ACCOUNT, false, false, false,
			false, "account_age"},
		{"old candles", LIMIT_OLD_CANDLES, false, false, true, true, "candle_age"},
		{"an own entry of unknown outcome", LIMIT_UNKNOWN_ENTRY_ORDER, false, false, true,
			true, "platform"},
		{"an own exit of unknown outcome", LIMIT_UNKNOWN_EXIT_ORDER, false, false, false,
			true, "platform"},
		{"a missing average", LIMIT_NO_EMA, false, false, false, false, "ema_slow"},
		{"no ticker", LIMIT_NO_TICKER, false, false, false, false, "ticker"},
		{"opening by hand only", LIMIT_MANUAL_START, false, true, true, true, "auto_open"},
		{"no volatility data counts as calm", LIMIT_NO_VOLATILITY_DATA, true, true, true,
			true, ""},
	};
	return cr_make_param_array(struct limit_row, rows, sizeof rows / sizeof rows[0]);
}

static void add_order(struct sample *sample, enum purpose purpose, bool unknown)
{
	struct strategy_input *input = &sample->input;

	input->orders[input->order_count] = (struct strategy_order){
		.id = (int32_t)input->order_count + 1,
		.purpose = purpose,
		.side = side_for(input->side, purpose_is_entry(purpose)),
		.price_ticks = TICKS(50000),
		.lots = 1,
		.unknown = unknown,
	};
	input->order_count++;
}

static void set_limit(struct sample *sample, enum limit limit)
{
	struct strategy_input *input = &sample->input;

	switch (limit) {
	case LIMIT_NONE:
		break;
	case LIMIT_EXITS_ONLY:
		input->blocks = BLOCK_EXITS_ONLY;
		break;
	case LIMIT_UNKNOWN:
		input->blocks = BLOCK_UNKNOWN;
		break;
	case LIMIT_DRIFT:
		input->blocks = BLOCK_DRIFT;
		break;
	case LIMIT_RETRIED:
		input->blocks = BLOCK_RETRIED;
		break;
	case LIMIT_UNKNOWN_REDUCE:
		input->blocks = BLOCK_UNKNOWN_REDUCE;
		break;
	case LIMIT_TP_ONLY:
		input->mode = MODE_TP_ONLY;
		break;
	case LIMIT_GRACEFUL:
		input->mode = MODE_GRACEFUL_STOP;
		break;
	case LIMIT_MANUAL:
		input->mode = MODE_MANUAL;
		break;
	case LIMIT_HALTED:
		input->mode = MODE_HALTED;
		break;
	case LIMIT_SETTINGS:
		input->account.settings_match = false;
		break;
	case LIMIT_NOT_TRADING:
		input->rules.trading = false;
		break;
	case LIMIT_OLD_PRICE:
		input->ticker.age_ms = 5001;
		break;
	case LIMIT_OLD_ACCOUNT:
		input->account.age_ms = 10001;
		break;
	case LIMIT_OLD_CANDLES:
		input->indicators.last_closed_ms = input->now_ms - 900001;
		break;
	case LIMIT_UNKNOWN_ENTRY_ORDER:
		add_order(sample, PURPOSE_ADD, true);
		break;
	case LIMIT_UNKNOWN_EXIT_ORDER:
		add_order(sample, PURPOSE_REDUCE, true);
		break;
	case LIMIT_NO_EMA:
		input->indicators.valid &= ~(1U << INDICATOR_EMA_SLOW);
		break;
	case LIMIT_NO_TICKER:
		input->ticker.age_ms = -1;
		break;
	case LIMIT_MANUAL_START:
		input->auto_open = false;
		break;
	case LIMIT_NO_VOLATILITY_DATA:
		input->indicators.valid &= (1U << INDICATOR_EMA_FAST) | (1U << INDICATOR_EMA_SLOW) |
					   (1U << INDICATOR_EMA_ENTRY);
		break;
	}
}

static bool does(enum limit limit, const char *action, double margin, double unrealised)
{
	struct sample sample;

	sample_init(&sample);
	if (margin > 0)
		sample_hold(&sample, 160, DOLLARS(margin), DOLLARS(unrealised), 800);
	set_limit(&sample, limit);
	sample_decide(&sample);
	return strcmp(sample.output.action, action) == 0 && sample_order(&sample) != NULL;
}

ParameterizedTest(struct limit_row *row, martingale_classic, takes_risk_away_but_not_exits)
{
	struct sample sample;

	cr_expect(eq(int, does(row->limit, "open", 0, 0), row->opens), "%s", row->because);
	/* Above the small-position limit, so that it needs no safe decline. */
	cr_expect(eq(int, does(row->limit, "add", 1000, -100), row->adds), "%s", row->because);
	cr_expect(eq(int, does(row->limit, "reduce", 800, 60), row->reduces), "%s", row->because);
	cr_expect(eq(int, does(row->limit, "close", 300, 36), row->closes), "%s", row->because);

	sample_init(&sample);
	set_limit(&sample, row->limit);
	sample_decide(&sample);
	if (row->gate[0] == '\0')
		return;
	const struct reason *reason = sample_reason(&sample, row->gate);
	cr_assert(reason != NULL, "%s: no reason of gate %s", row->because, row->gate);
	cr_expect(not(reason->passed), "%s", row->because);
}

Test(martingale_classic, gives_a_reason_in_words)
{
	struct sample sample;

	sample_init(&sample);
	sample_hold(&sample, 10, DOLLARS(60), DOLLARS(-6), 800);
	sample_prices(&sample, TICKS(59400), TICKS(59400.1));
	sample_decide(&sample);

	const struct reason *reason = sample_reason(&sample, "ema_slow");
	cr_assert(reason != NULL);
	cr_expect(strcmp(reason->text, "price 59400 > EMA200 59000") == 0, "%s", reason->text);
}

Test(martingale_classic, cancels_its_own_orders_first_and_no_others)
{
	struct sample sample;

	sample_init(&sample);
	sample_hold(&sample, 50, DOLLARS(300), DOLLARS(36), 800);
	add_order(&sample, PURPOSE_ADD, false);
	add_order(&sample, PURPOSE_FOREIGN, false);
	add_order(&sample, PURPOSE_CLOSE, false);
	sample_decide(&sample);

	cr_assert(eq(sz, sample.output.intent_count, 3));
	cr_expect(eq(int, sample.output.intents[0].kind, INTENT_CANCEL));
	cr_expect(eq(int, sample.output.intents[0].order_id, 1));
	cr_expect(eq(int, sample.output.intents[1].order_id, 3));
	cr_expect(eq(int, sample.output.intents[2].purpose, PURPOSE_CLOSE));
}

Test(martingale_classic, places_nothing_beside_orders_it_could_not_cancel_yet)
{
	struct sample sample;

	sample_init(&sample);
	for (int i = 0; i < STRATEGY_ORDERS_MAX; i++)
		add_order(&sample, PURPOSE_ADD, false);
	sample_decide(&sample);

	cr_expect(eq(sz, sample_count(&sample, INTENT_CANCEL), 5));
	cr_expect(eq(sz, sample_count(&sample, INTENT_PLACE), 0));
}

Test(martingale_classic, panic_cancels_and_closes_at_market)
{
	struct sample sample;

	sample_init(&sample);
	sample.input.mode = MODE_PANIC;
	sample.input.blocks = BLOCK_UNKNOWN_REDUCE | BLOCK_EXITS_ONLY;
	sample.input.ticker.age_ms = -1;
	sample_hold(&sample, 250, DOLLARS(1500), DOLLARS(-1200), 160);
	sample.input.rules.max_market_lots = 100;
	add_order(&sample, PURPOSE_ADD, false);
	sample_decide(&sample);

	cr_assert(eq(sz, sample_count(&sample, INTENT_PLACE), 3));
	for (size_t i = 1; i < 4; i++) {
		cr_expect(eq(int, sample.output.intents[i].type, ORDER_MARKET));
		cr_expect(eq(int, sample.output.intents[i].reduce_only, true));
	}
	cr_expect(eq(i64, sample.output.intents[3].lots, 50));
}

Test(martingale_classic, sizes_by_the_leverage_that_the_venue_has)
{
	struct sample sample;

	sample_init(&sample);
	sample_hold(&sample, 250, DOLLARS(1500), DOLLARS(-1200), 160);
	sample_prices(&sample, TICKS(55000), TICKS(55000.1));
	sample.input.leg_own.leverage_ppm = 5 * PPM;
	sample_decide(&sample);
	cr_assert(sample_order(&sample) != NULL);
	cr_expect(eq(i64, sample_order(&sample)->lots, 109));

	sample.input.leg_own.leverage_ppm = 0; /* not told: the pair's */
	sample_decide(&sample);
	cr_expect(eq(i64, sample_order(&sample)->lots, 218));
}

Test(martingale_classic, warns_of_a_low_margin_level)
{
	struct sample sample;

	sample_init(&sample);
	sample_hold(&sample, 250, DOLLARS(1500), DOLLARS(-1200), 140);
	sample_decide(&sample);
	cr_expect(eq(sz, sample_count(&sample, INTENT_NOTIFY), 1));

	sample_hold(&sample, 250, DOLLARS(1500), DOLLARS(-1200), 160);
	sample_decide(&sample);
	cr_expect(eq(sz, sample_count(&sample, INTENT_NOTIFY), 0));
}

Test(martingale_classic, does_not_send_what_the_venue_refuses)
{
	struct sample sample;

	sample_init(&sample);
	sample.input.rules.min_notional_e8 = 601 * E8; /* E1 is worth 600 */
	sample_decide(&sample);
	cr_expect(eq(sz, sample.output.intent_count, 0));
	cr_expect(sample_reason(&sample, "min_notional") != NULL);
}

Test(martingale_classic, a_margin_level_that_is_not_known_is_not_safe)
{
	struct sample sample;

	sample_init(&sample);
	sample_hold(&sample, 10, DOLLARS(60), DOLLARS(-6), 800);
	sample.input.leg_own.maintenance_e8 = 0;
	sample_decide(&sample);
	cr_expect(eq(sz, sample.output.intent_count, 0));
}

Test(martingale_classic, settings_change_the_rule)
{
	struct sample sample;

	sample_init(&sample);
	sample.params.use_post_only = false;
	sample.params.initial_size = 12000;
	sample_decide(&sample);
	cr_assert(sample_order(&sample) != NULL);
	cr_expect(eq(i64, sample_order(&sample)->lots, 20));
	cr_expect(eq(int, sample_order(&sample)->time_in_force, TIF_GTC));

	/* E5 without the cap is not dropped. */
	sample_init(&sample);
	sample.params.max_margin_pct = PARAM_OFF;
	sample_hold(&sample, 500, DOLLARS(3000), DOLLARS(-2400), 160);
	sample_prices(&sample, TICKS(55000), TICKS(55000.1));
	sample_decide(&sample);
	cr_assert(sample_order(&sample) != NULL);
	cr_expect(eq(i64, sample_order(&sample)->lots, 436));
}

Test(martingale_classic, broken_input_is_a_fault_without_orders)
{
	struct sample sample;

	sample_init(&sample);
	sample.input.rules.min_lots = 0;
	sample_decide(&sample);
	cr_expect(eq(int, sample.output.status, DECISION_FAULT));
	cr_expect(eq(sz, sample.output.intent_count, 0));
}
