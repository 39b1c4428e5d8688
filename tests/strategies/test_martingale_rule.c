/* Decisions of our own rule, worked by hand. */
#include "tests/strategies/scene.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#define MINUTE_MS 60000LL
#define DAY_MS 86400000LL

/* ---- openings and adds in numbers ----------------------------------------------------------- */

struct worked {
	char because[64];
	int short_side;
	int64_t wallet;              /* USDT */
	int64_t lots, average, adds; /* held, at this price, after so many adds */
	int64_t last_add, price;     /* ticks are 0.1: prices x 10 */
	char action[8];
	int64_t want_lots;
};

ParameterizedTestParameters(martingale_rule, sizes_entries_as_worked)
{
	static struct worked rows[] = {
		{"10,000 x 0.6 % x 5 / 60,000 = 0.005", 0, 10000, 0, 0, 0, 0, 600000, "open", 5},
		{"not below the hourly average of 61,000", 0, 10000, 0, 0, 0, 0, 610000, "none", 0},
		{"a tick below it", 0, 10000, 0, 0, 0, 0, 609999, "open", 4},
		{"a short wants the price above 59,000", 1, 10000, 0, 0, 0, 0, 600000, "open", 5},
		{"and not at it", 1, 10000, 0, 0, 0, 0, 590000, "none", 0},
		{"600 x 0.03 / 60,000 = 0.0003: nothing, not the minimum", 0, 600, 0, 0, 0, 0,
			600000, "none", 0},
		{"add 1 at 1 %: 300 / 59,400 = 0.00505", 0, 10000, 5, 600000, 0, 600000, 594000,
			"add", 5},
		{"a tick too early", 0, 10000, 5, 600000, 0, 600000, 594001, "manage", 0},
		{"add 2 at 2.2 %: 390 / 58,680 = 0.00665", 0, 10000, 10, 597000, 1, 594000, 586800,
			"add", 6},
		{"a tick too early for it", 0, 10000, 10, 597000, 1, 594000, 586801, "manage", 0},
		{"a short adds when the price rises 1 %", 1, 10000, 5, 600000, 0, 600000, 606000,
			"add", 4},
		{"a gap takes one rung at a time", 0, 10000, 5, 600000, 0, 600000, 570000, "add",
			5},
		{"the next one must be 1 % below that fill", 0, 10000, 10, 585000, 1, 570000,
			564301, "manage", 0},
		{"and then is", 0, 10000, 10, 585000, 1, 570000, 564300, "add", 6},
		{"six adds are all", 0, 10000, 60, 580000, 6, 540000, 500000, "manage", 0},
	};
	return cr_make_param_array(struct worked, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct worked *row, martingale_rule, sizes_entries_as_worked)
{
	static struct scene scene;

	scene_init(&scene, row->short_side ? SIDE_SELL : SIDE_BUY);
	scene.input.account.wallet_e8 = row->wallet * E8;
	if (row->lots > 0) {
		scene_hold(&scene, row->lots, row->average);
		scene.input.cycle_base_ticks = 600000;
		scene.input.cycle_adds = row->adds;
		scene.input.last_add_ticks = row->last_add;
	}
	scene_price(&scene, row->price);
	scene_decide(&scene);

	cr_assert(eq(int, scene.output.status, DECISION_OK), "%s", scene_story(&scene));
	cr_expect(strcmp(scene.output.action, row->action) == 0, "%s: %s\n%s", row->because,
		scene.output.action, scene_story(&scene));
	const struct intent *entry = scene_placed(
		&scene, row->lots > 0 ? PURPOSE_ADD : PURPOSE_OPEN);
	if (strcmp(row->action, "open") != 0 && strcmp(row->action, "add") != 0) {
		cr_expect(entry == NULL, "%s", row->because);
		return;
	}
	cr_assert(entry != NULL, "%s\n%s", row->because, scene_story(&scene));
	cr_expect(eq(i64, entry->lots, row->want_lots), "%s", row->because);
	cr_expect(eq(i64, entry->price_ticks, row->price));
	cr_expect(eq(int, entry->side, scene.input.side));
	cr_expect(eq(int, entry->time_in_force, TIF_POST_ONLY));
	cr_expect(eq(int, entry->reduce_only, false));
	cr_expect(eq(i64, scene.output.follow_up_ms, SCENE_NOW_MS + 60000));
	cr_expect(eq(i64, scene.output.entry_timeout_ms, 60000));
}

/* ---- what stands in front of an entry ------------------------------------------------------- */

enum change {
	NOTHING,
	TP_ONLY,
	GRACEFUL,
	EXITS_ONLY,
	UNKNOWN_BLOCK,
	DRIFT,
	RETRIED,
	UNKNOWN_ORDER,
	SETTINGS,
	CROSS_MARGIN,
	MARGIN_NOT_TOLD,
	NOT_TRADING,
	NO_TICKER,
	OLD_TICKER,
	PRICE_BEFORE_FILL,
	HIGH_ATR,
	WIDE_BANDS,
	WILD_RETURNS,
	JUST_CALM,
	CALM_AGAIN,
	CRASH,
	RALLY,
	NO_ATR,
	NO_ATR_ALLOWED,
	OLD_CANDLES,
	DAY_LOSS,
	DAY_LOCKED,
	ORDERS_OF_DAY,
	STOPPED_OUT,
	LIQUIDATED,
	STOP_SEEN,
	COOLING,
	COOLED,
	BELOW_PRICE_MIN,
	ABOVE_PRICE_MAX,
	NOT_BY_ITSELF,
	MANUAL_START,
	MANUAL_ASKED,
	NO_FILTER_VALUE,
	CONTINUOUS,
	INTERVAL,
	NO_ADDS_LEFT,
	TREND_AGAINST,
	TREND_WITH,
	TOO_OLD,
	OTHER_DIRECTION,
	ACCOUNT_FULL,
	NO_BALANCE_LEFT,
	NO_MONEY,
};

static void wild(struct scene *scene, enum change change)
{
	struct strategy_input *input = &scene->input;
	int64_t fall = input->side == SIDE_BUY ? -1 : 1;

	switch ((int)change) {
	case HIGH_ATR:
		scene_value(scene, INDICATOR_ATR, 75 * E8 + 1);
		break;
	case WIDE_BANDS:
		scene_value(scene, INDICATOR_BB_WIDTH_PPM, 80001);
		break;
	case WILD_RETURNS:
		scene_value(scene, INDICATOR_HV_PPM, 50001);
		break;
	case JUST_CALM:
		scene->state.wild_ms = SCENE_NOW_MS - 599999;
		break;
	case CALM_AGAIN:
		scene->state.wild_ms = SCENE_NOW_MS - 600000;
		break;
	case CRASH:
	case RALLY:
		fall = change == CRASH ? fall : -fall;
		scene_value(scene, INDICATOR_ROC5_PPM, fall * 52000);
		scene_value(scene, INDICATOR_ROC15_PPM, fall * 20000);
		scene_value(scene, INDICATOR_VOLUME_RATIO_PPM, 1500000);
		break;
	case NO_ATR:
	case NO_ATR_ALLOWED:
		input->indicators.valid &= ~(1U << INDICATOR_ATR);
		scene->params.on_missing_data = change == NO_ATR ? MISSING_BLOCK : MISSING_ALLOW;
		break;
	case OLD_CANDLES:
		input->indicators.closed_ms[0] = SCENE_NOW_MS - 15 * MINUTE_MS - 1;
		break;
	}
}

static void limited(struct scene *scene, enum change change)
{
	struct strategy_input *input = &scene->input;

	switch ((int)change) {
	case DAY_LOSS:
		input->day_net_e8 = -500 * E8;
		break;
	case DAY_LOCKED:
		scene->state.day_locked_until_ms = SCENE_NOW_MS + 1;
		break;
	case ORDERS_OF_DAY:
		input->day_orders = 500;
		break;
	case STOPPED_OUT:
	case LIQUIDATED:
	case STOP_SEEN:
		input->cycle_ended_ms = SCENE_NOW_MS - DAY_MS;
		input->cycle_ended_by = change == LIQUIDATED ? PURPOSE_FOREIGN : PURPOSE_STOP;
		scene->state.stop_seen_ms = change == STOP_SEEN ? input->cycle_ended_ms : 0;
		break;
	case COOLING:
	case COOLED:
		input->cycle_ended_ms = SCENE_NOW_MS - (change == COOLING ? 299999 : 300000);
		input->cycle_ended_by = PURPOSE_TAKE_PROFIT;
		break;
	case BELOW_PRICE_MIN:
		scene->params.price_min = 60000 * E8 + 1;
		break;
	case ABOVE_PRICE_MAX:
		scene->params.price_max = 59999 * E8;
		break;
	case INTERVAL:
		input->last_entry_ms = SCENE_NOW_MS - 119999;
		break;
	case NO_ADDS_LEFT:
		input->cycle_adds = 6;
		break;
	case TOO_OLD:
		scene->params.time_limit_s = 3600;
		break;
	case ACCOUNT_FULL:
		input->account.account_notional_e8 = 20000 * E8;
		break;
	case NO_BALANCE_LEFT:
		input->account.available_e8 = 10 * E8;
		break;
	case NO_MONEY:
		input->account.wallet_e8 = 0;
		break;
	}
}

static void started(struct scene *scene, enum change change)
{
	struct strategy_input *input = &scene->input;

	switch ((int)change) {
	case NOT_BY_ITSELF:
		input->auto_open = false;
		break;
	case MANUAL_START:
		scene->params.start_condition = START_MANUAL;
		break;
	case MANUAL_ASKED:
		scene->params.start_condition = START_MANUAL;
		input->auto_open = false;
		input->open_asked = true;
		scene_value(scene, INDICATOR_FILTER_1, input->ticker.bid_ticks * (E8 / 10));
		break;
	case NO_FILTER_VALUE:
		input->indicators.valid &= ~(1U << INDICATOR_FILTER_1);
		break;
	case CONTINUOUS:
		scene->params.start_condition = START_CONTINUOUS;
		input->indicators.valid &= ~(1U << INDICATOR_FILTER_1);
		break;
	case TREND_AGAINST:
	case TREND_WITH:
		scene->params.trend_gate.count = 1;
		scene->params.trend_gate.items[0] = (struct average_test){
			.ma = AVERAGE_EMA, .span = 50, .tf = 1, .op = OP_ABOVE};
		scene_value(scene, INDICATOR_TREND,
			((input->side == SIDE_BUY) == (change == TREND_WITH) ? 50000 : 70000) * E8);
		break;
	}
}

static void apply(struct scene *scene, enum change change)
{
	struct strategy_input *input = &scene->input;

	wild(scene, change);
	limited(scene, change);
	started(scene, change);
	switch ((int)change) {
	case TP_ONLY:
		input->mode = MODE_TP_ONLY;
		break;
	case GRACEFUL:
		input->mode = MODE_GRACEFUL_STOP;
		break;
	case EXITS_ONLY:
		input->blocks = BLOCK_EXITS_ONLY;
		break;
	case UNKNOWN_BLOCK:
		input->blocks = BLOCK_UNKNOWN;
		break;
	case DRIFT:
		input->blocks = BLOCK_DRIFT;
		break;
	case RETRIED:
		input->blocks = BLOCK_RETRIED;
		break;
	case UNKNOWN_ORDER:
		scene_order(scene, PURPOSE_ADD, 590000, 1)->unknown = true;
		break;
	case SETTINGS:
		input->account.settings_match = false;
		break;
	case CROSS_MARGIN:
		input->account.margin_mode = MARGIN_CROSS;
		break;
	case MARGIN_NOT_TOLD:
		input->account.margin_mode_known = false;
		break;
	case NOT_TRADING:
		input->rules.trading = false;
		break;
	case NO_TICKER:
		input->ticker.age_ms = -1;
		break;
	case OLD_TICKER:
		input->ticker.age_ms = 5001;
		break;
	case PRICE_BEFORE_FILL:
		input->last_entry_ms = SCENE_NOW_MS + 1;
		break;
	case OTHER_DIRECTION:
		input->leg = LEG_ONE_WAY;
		input->leg_opposite.lots = 1;
		break;
	}
}

struct gated {
	char because[64];
	enum change change;
	char open_gate[24]; /* the gate that must say no to an opening, "": it opens */
	char add_gate[24];
};

ParameterizedTestParameters(martingale_rule, asks_every_gate)
{
	static struct gated rows[] = {
		{"nothing in the way", NOTHING, "", ""},
		{"tp_only takes no risk", TP_ONLY, "mode", "mode"},
		{"graceful_stop lets the cycle go on", GRACEFUL, "mode", ""},
		{"the platform allows exits only", EXITS_ONLY, "platform", "platform"},
		{"an unknown order or cancel", UNKNOWN_BLOCK, "platform", "platform"},
		{"position and book disagree", DRIFT, "platform", "platform"},
		{"a slot that may have sent", RETRIED, "platform", "platform"},
		{"an order whose outcome is not known", UNKNOWN_ORDER, "unknown_order",
			"unknown_order"},
		{"the venue's leverage is another", SETTINGS, "settings", "settings"},
		{"the margin mode is another", CROSS_MARGIN, "settings", "settings"},
		{"the margin mode is not told", MARGIN_NOT_TOLD, "settings", "settings"},
		{"the symbol is suspended", NOT_TRADING, "symbol", "symbol"},
		{"no prices", NO_TICKER, "ticker", "ticker"},
		{"old prices", OLD_TICKER, "ticker_age", "ticker_age"},
		{"prices from before the fill", PRICE_BEFORE_FILL, "ticker_age", "ticker_age"},
		{"ATR above 1.5 x its mean", HIGH_ATR, "volatility", "volatility"},
		{"bands wider than 8 %", WIDE_BANDS, "volatility", "volatility"},
		{"returns deviate more than 5 %", WILD_RETURNS, "volatility", "volatility"},
		{"calm for less than ten minutes", JUST_CALM, "release", "release"},
		{"calm for ten minutes", CALM_AGAIN, "", ""},
		{"a crash", CRASH, "decline", "decline"},
		{"a rally is no danger to a long", RALLY, "", ""},
		{"a test without a value", NO_ATR, "data", "data"},
		{"a test without a value, allowed", NO_ATR_ALLOWED, "", ""},
		{"candles older than two intervals", OLD_CANDLES, "data", "data"},
		{"5 % lost today", DAY_LOSS, "daily_loss", "daily_loss"},
		{"locked for the day", DAY_LOCKED, "daily_loss", "daily_loss"},
		{"500 entries today", ORDERS_OF_DAY, "orders_per_day", "orders_per_day"},
		{"after a stop", STOPPED_OUT, "stopped", "stopped"},
		{"after a liquidation", LIQUIDATED, "stopped", "stopped"},
		{"a stop that a person has seen", STOP_SEEN, "", ""},
		{"a cycle that has just ended", COOLING, "cooldown", ""},
		{"five minutes after it", COOLED, "", ""},
		{"below price_min", BELOW_PRICE_MIN, "price_range", ""},
		{"above price_max", ABOVE_PRICE_MAX, "price_range", ""},
		{"automatic opening is off", NOT_BY_ITSELF, "start", ""},
		{"opened by hand only", MANUAL_START, "start", ""},
		{"a person asked: no filter is", MANUAL_ASKED, "", ""},
		{"a filter without its average", NO_FILTER_VALUE, "entry_filter_1", ""},
		{"continuous asks no filter", CONTINUOUS, "", ""},
		{"an entry 119.999 s ago", INTERVAL, "", "add_interval"},
		{"all adds made", NO_ADDS_LEFT, "", "max_adds"},
		{"the trend gate is about adds", TREND_AGAINST, "", "trend_gate"},
		{"and passes", TREND_WITH, "", ""},
		{"a cycle at its time limit", TOO_OLD, "", "time_limit"},
		{"one-way, held the other way", OTHER_DIRECTION, "position", "position"},
		{"the account's exposure is used up", ACCOUNT_FULL, "min_quantity", "min_quantity"},
		{"10 USDT available carry 0.0008", NO_BALANCE_LEFT, "min_quantity", "min_quantity"},
		{"no money at all", NO_MONEY, "balance", "balance"},
	};
	return cr_make_param_array(struct gated, rows, sizeof rows / sizeof rows[0]);
}

static void expect_gated(
	const struct scene *scene, enum purpose purpose, const char *gate, const char *because)
{
	const struct intent *entry = scene_placed(scene, purpose);
	const struct reason *reason = scene_reason(scene, gate);

	cr_assert(eq(int, scene->output.status, DECISION_OK), "%s", scene_story(scene));
	if (gate[0] == '\0') {
		cr_expect(entry != NULL, "%s of %s\n%s", purpose_text(purpose), because,
			scene_story(scene));
		return;
	}
	cr_expect(entry == NULL, "%s of %s", purpose_text(purpose), because);
	cr_assert(reason != NULL, "%s: no gate %s\n%s", because, gate, scene_story(scene));
	cr_expect(not(reason->passed), "%s: %s passed: %s", because, gate, reason->text);
}

ParameterizedTest(struct gated *row, martingale_rule, asks_every_gate)
{
	static struct scene scene;
	static const enum side sides[] = {SIDE_BUY, SIDE_SELL};

	for (size_t i = 0; i < 2; i++) {
		/* Amounts of price_min and price_max are of 60,000 for both sides. */
		scene_init(&scene, sides[i]);
		apply(&scene, row->change);
		scene_decide(&scene);
		expect_gated(&scene, PURPOSE_OPEN, row->open_gate, row->because);

		scene_init(&scene, sides[i]);
		scene_hold(&scene, 5, 600000);
		scene_price(&scene, sides[i] == SIDE_BUY ? 594000 : 606000);
		apply(&scene, row->change);
		scene_decide(&scene);
		expect_gated(&scene, PURPOSE_ADD, row->add_gate, row->because);
	}
}

/* Each of the changes at once, quiet or explained: the same intents. */
Test(martingale_rule, decides_the_same_without_reasons)
{
	static struct scene loud, quiet;

	for (int change = NOTHING; change <= NO_MONEY; change++) {
		scene_init(&loud, SIDE_BUY);
		scene_hold(&loud, 5, 600000);
		scene_price(&loud, 594000);
		apply(&loud, (enum change)change);
		memcpy(&quiet, &loud, sizeof quiet);
		quiet.input.params = &quiet.params;
		quiet.input.quiet = true;
		scene_decide(&loud);
		scene_decide(&quiet);
		cr_expect(eq(sz, quiet.output.reason_count, 0));
		cr_expect(
			eq(sz, quiet.output.intent_count, loud.output.intent_count), "%d", change);
		cr_expect(eq(int,
			memcmp(quiet.output.intents, loud.output.intents,
				sizeof loud.output.intents),
			0));
		cr_expect(eq(
			int, memcmp(quiet.output.state, loud.output.state, sizeof loud.state), 0));
	}
}

/* ---- take-profit ---------------------------------------------------------------------------- */

/*
 * 0.005 at 60,000 are 300; 1.2 % of it 3.60, the entry's fee 0.06 and 0.02 % of the sale:
 * 303.66 / 0.9998 = 303.7207, 60,744.15 each.
 */
Test(martingale_rule, rests_a_take_profit_after_fees)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 5, 600000);
	scene_decide(&scene);
	const struct intent *target = scene_placed(&scene, PURPOSE_TAKE_PROFIT);
	cr_assert(target != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, target->price_ticks, 607442));
	cr_expect(eq(i64, target->lots, 5));
	cr_expect(eq(int, target->side, SIDE_SELL));
	cr_expect(eq(int, target->reduce_only, true));
	cr_expect(eq(int, target->time_in_force, TIF_GTC));

	/* A short buys back: (300 - 3.66) / 1.0002 = 296.2807, 59,256.15 each. */
	scene_init(&scene, SIDE_SELL);
	scene_hold(&scene, 5, 600000);
	scene_decide(&scene);
	target = scene_placed(&scene, PURPOSE_TAKE_PROFIT);
	cr_assert(target != NULL);
	cr_expect(eq(i64, target->price_ticks, 592561));

	/* Funding paid must come back as well: 1 USDT more of 0.005 is 200 and a little. */
	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 5, 600000);
	scene.input.cycle_funding_e8 = -E8;
	scene_decide(&scene);
	target = scene_placed(&scene, PURPOSE_TAKE_PROFIT);
	cr_assert(target != NULL);
	cr_expect(eq(i64, target->price_ticks, 609442));
}

Test(martingale_rule, moves_the_take_profit_with_the_position)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 10, 597000);
	scene.input.cycle_base_ticks = 600000;
	scene_order(&scene, PURPOSE_TAKE_PROFIT, 607442, 5);
	scene_decide(&scene);
	const struct intent *moved = scene_intent(&scene, INTENT_AMEND, PURPOSE_TAKE_PROFIT);
	cr_assert(moved != NULL, "%s", scene_story(&scene));
	cr_expect(eq(int, moved->order_id, 100));
	cr_expect(eq(i64, moved->lots, 10));
	cr_expect(lt(i64, moved->price_ticks, 607442));

	/* What has filled of it counts: the new total is with it. */
	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 3, 600000);
	scene.input.cycle_entered_lots = 5;
	scene_order(&scene, PURPOSE_TAKE_PROFIT, 607442, 5)->filled_lots = 2;
	scene_decide(&scene);
	cr_expect(eq(sz, scene.output.intent_count, 0), "3 of 5 are left, all is well");
}

Test(martingale_rule, sells_in_steps)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.tp_steps.count = 3;
	scene.params.tp_steps.items[0] = (struct tp_step){10000, 500000};
	scene.params.tp_steps.items[1] = (struct tp_step){20000, 300000};
	scene.params.tp_steps.items[2] = (struct tp_step){30000, 200000};
	scene_hold(&scene, 100, 600000);
	scene_decide(&scene);
	cr_assert(eq(sz, scene.output.intent_count, 2), "the two nearest rest");
	cr_expect(eq(i64, scene.output.intents[0].lots, 50));
	cr_expect(eq(i64, scene.output.intents[1].lots, 30));
	cr_expect(
		lt(i64, scene.output.intents[0].price_ticks, scene.output.intents[1].price_ticks));

	/* Half is gone: the next two rest, and the last takes what is left. */
	scene_hold(&scene, 50, 600000);
	scene.input.cycle_entered_lots = 100;
	scene_decide(&scene);
	cr_assert(eq(sz, scene.output.intent_count, 2));
	cr_expect(eq(i64, scene.output.intents[0].lots, 30));
	cr_expect(eq(i64, scene.output.intents[1].lots, 20));

	/* Three lots: half of it floors to one, worth 60; a third of five joins the last. */
	scene_hold(&scene, 3, 600000);
	scene.input.rules.min_notional_e8 = 100 * E8;
	scene_decide(&scene);
	cr_assert(eq(sz, scene.output.intent_count, 1));
	cr_expect(eq(i64, scene.output.intents[0].lots, 3));
}

Test(martingale_rule, takes_profit_off_the_book_by_return_on_margin)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.tp_basis = TP_ROE;
	scene.params.take_profit = 100000; /* 10 % of the margin: 2 % of the price */
	scene_hold(&scene, 50, 600000);
	scene_price(&scene, 612300);
	scene_decide(&scene);
	cr_expect(strcmp(scene.output.action, "none") == 0, "fees come first: %s",
		scene_story(&scene));
	scene_price(&scene, 612500);
	scene_decide(&scene);
	const struct intent *close = scene_placed(&scene, PURPOSE_CLOSE);
	cr_assert(close != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, close->price_ticks, 612501), "at the ask");
	cr_expect(eq(i64, close->lots, 50));

	/* A minute later it is moved, after three at the market. */
	scene_go_on(&scene);
	scene_order(&scene, PURPOSE_CLOSE, 612501, 50)->created_ms = SCENE_NOW_MS;
	scene.input.now_ms += 60000;
	scene_price(&scene, 612700);
	scene_decide(&scene);
	const struct intent *moved = scene_intent(&scene, INTENT_AMEND, PURPOSE_CLOSE);
	cr_assert(moved != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, moved->price_ticks, 612701));
	scene_go_on(&scene);
	scene.input.now_ms += 120000;
	scene_decide(&scene);
	close = scene_placed(&scene, PURPOSE_CLOSE);
	cr_assert(close != NULL, "%s", scene_story(&scene));
	cr_expect(eq(int, close->type, ORDER_MARKET));
	cr_expect(scene_intent(&scene, INTENT_CANCEL, PURPOSE_CLOSE) != NULL);
}

Test(martingale_rule, shrinks_a_large_winner)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.tp_size_ladder.count = 2;
	scene.params.tp_size_ladder.items[0] = (struct size_step){75000, 330000};
	scene.params.tp_size_ladder.items[1] = (struct size_step){100000, 500000};
	scene_hold(&scene, 60, 600000); /* margin 720, 7.2 % of the balance */
	scene_price(&scene, 603000);
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_REDUCE) == NULL, "%s", scene_story(&scene));
	scene_hold(&scene, 70, 600000); /* 8.4 % */
	scene_decide(&scene);
	const struct intent *part = scene_placed(&scene, PURPOSE_REDUCE);
	cr_assert(part != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, part->lots, 23));
	cr_expect(eq(i64, scene_placed(&scene, PURPOSE_TAKE_PROFIT)->lots, 47));
	scene_hold(&scene, 90, 600000); /* 10.8 %: the larger step */
	scene_decide(&scene);
	part = scene_placed(&scene, PURPOSE_REDUCE);
	cr_assert(part != NULL);
	cr_expect(eq(i64, part->lots, 45));
}

/* ---- stops ---------------------------------------------------------------------------------- */

/*
 * 0.005 at 60,000 risk 60: 5 % of the balance are never lost. Liquidation at
 * (300 - 60 + 1.5) / 0.005 = 48,300, moved by 2 % of 60,000.
 */
Test(martingale_rule, arms_the_stop_before_liquidation)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 5, 600000);
	scene_decide(&scene);
	const struct strategy_stop *stop = &scene.output.stop;
	cr_expect(eq(int, stop->protection, PROTECTION_STOP));
	cr_expect(eq(i64, stop->trigger_ticks, 495000));
	cr_expect(eq(int, stop->trigger_by, TRIGGER_MARK));
	cr_expect(eq(int, stop->action, STOP_ACTION_CLOSE_AND_PAUSE));

	/* What the venue says is nearer. */
	scene.input.leg_own.liquidation_ticks = 490000;
	scene_decide(&scene);
	cr_expect(eq(i64, stop->trigger_ticks, 502000));

	/* 0.5 at 60,000: 500 lost are 1,000 each. */
	scene_hold(&scene, 500, 600000);
	scene.input.leg_own.liquidation_ticks = 0;
	scene_decide(&scene);
	cr_expect(eq(i64, stop->trigger_ticks, 590000));
	scene_go_on(&scene);

	/* The wallet moves, the stop does not; it does when the average has. */
	scene.input.account.wallet_e8 = 9000 * E8;
	scene_decide(&scene);
	cr_expect(eq(i64, stop->trigger_ticks, 590000));
	scene.input.leg_own.average_e8 = 59900 * E8;
	scene_decide(&scene);
	cr_expect(eq(i64, stop->trigger_ticks, 590000), "449 of 9,000 x 5 %% more: 59,000");
	scene.input.account.wallet_e8 = 10000 * E8;
	scene_decide(&scene);
	cr_expect(eq(i64, stop->trigger_ticks, 589000));
}

struct stopped {
	char because[56];
	int64_t basis, value;
	int short_side;
	int64_t trigger;
};

ParameterizedTestParameters(martingale_rule, places_stops_by_their_basis)
{
	static struct stopped rows[] = {
		{"5 % from the average", STOP_PRICE_FROM_AVERAGE, 50000, 0, 570000},
		{"above it for a short", STOP_PRICE_FROM_AVERAGE, 50000, 1, 630000},
		{"half the margin at 5x is 10 %", STOP_ROE, 500000, 0, 540000},
		{"above it for a short", STOP_ROE, 500000, 1, 660000},
		{"1 % of the balance, 100 of 0.05, is 2,000", STOP_BALANCE_PCT, 10000, 0, 580000},
		{"above it for a short", STOP_BALANCE_PCT, 10000, 1, 620000},
	};
	return cr_make_param_array(struct stopped, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct stopped *row, martingale_rule, places_stops_by_their_basis)
{
	static struct scene scene;

	scene_init(&scene, row->short_side ? SIDE_SELL : SIDE_BUY);
	scene.params.stop_loss.items[0] = (struct stop_loss){
		row->basis, row->value, STOP_ON_MARK, true};
	scene_hold(&scene, 50, 600000);
	scene_decide(&scene);
	cr_expect(eq(i64, scene.output.stop.trigger_ticks, row->trigger), "%s", row->because);
}

Test(martingale_rule, closes_at_the_market_when_the_stop_is_reached)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 500, 600000);
	scene_order(&scene, PURPOSE_TAKE_PROFIT, 607442, 500);
	scene_price(&scene, 590000);
	scene_decide(&scene);
	const struct intent *close = scene_placed(&scene, PURPOSE_CLOSE);
	cr_assert(close != NULL, "%s", scene_story(&scene));
	cr_expect(eq(int, close->type, ORDER_MARKET));
	cr_expect(eq(i64, close->lots, 500));
	cr_expect(scene_intent(&scene, INTENT_CANCEL, PURPOSE_TAKE_PROFIT) != NULL);
	cr_expect(scene_intent(&scene, INTENT_PAUSE, PURPOSE_CLOSE) != NULL);

	/* Flat: it waits for a person, who lifts the wait by starting the bot. */
	scene_go_on(&scene);
	scene_init(&scene, SIDE_BUY);
	memcpy(&scene.state, scene.output.state, 0);
	scene.state.stopped = true;
	scene.input.cycle_ended_ms = SCENE_NOW_MS - DAY_MS;
	scene.input.cycle_ended_by = PURPOSE_CLOSE;
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_OPEN) == NULL);
	cr_expect(scene_intent(&scene, INTENT_PAUSE, PURPOSE_CLOSE) != NULL);
	scene_go_on(&scene);
	martingale.resume(&scene.params, &scene.state);
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_OPEN) != NULL, "%s", scene_story(&scene));
	cr_expect(scene_intent(&scene, INTENT_PAUSE, PURPOSE_CLOSE) == NULL);
}

Test(martingale_rule, goes_on_after_a_stop_if_told_to)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.stop_action = STOP_ACTION_CLOSE;
	scene.input.cycle_ended_ms = SCENE_NOW_MS - DAY_MS;
	scene.input.cycle_ended_by = PURPOSE_STOP;
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_OPEN) != NULL, "%s", scene_story(&scene));
	scene_hold(&scene, 5, 600000);
	scene_decide(&scene);
	cr_expect(eq(int, scene.output.stop.action, STOP_ACTION_CLOSE));
}

Test(martingale_rule, declares_no_stop_that_the_venue_need_not_hold)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 500, 600000);
	scene.params.stop_loss.items[0].on_exchange = false;
	scene_decide(&scene);
	cr_expect(eq(int, scene.output.stop.protection, PROTECTION_NONE));
	scene_price(&scene, 590000);
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_CLOSE) != NULL, "looked at in the run");
	scene.params.stop_loss.count = 0;
	scene.params.margin_critical = PARAM_OFF;
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_CLOSE) == NULL, "%s", scene_story(&scene));
	cr_expect(eq(int, scene.output.stop.protection, PROTECTION_NONE));
}

/* ---- margin --------------------------------------------------------------------------------- */

Test(martingale_rule, closes_when_the_margin_is_critical)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.stop_loss.count = 0;
	scene_hold(&scene, 500, 600000);
	/* Margin 6,000; maintenance 0.5 % of what it is worth. At 51,000: 1,500 / 127.5. */
	scene_price(&scene, 510000);
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_CLOSE) == NULL, "%s", scene_story(&scene));
	/* At 48,500: 250 / 121.25 = 2.06, low but not critical. */
	scene_price(&scene, 485000);
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_CLOSE) == NULL, "%s", scene_story(&scene));
	const struct intent *notice = scene_intent(&scene, INTENT_NOTIFY, PURPOSE_OPEN);
	cr_assert(notice != NULL);
	cr_expect(strcmp(notice->code, "margin_warning") == 0);
	/* At 48,480: 240 / 121.2 = 1.98. */
	scene_price(&scene, 484800);
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_CLOSE) != NULL, "%s", scene_story(&scene));
}

Test(martingale_rule, reduces_a_cross_position_until_the_margin_is_right)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.stop_loss.count = 0;
	scene.params.margin_mode = WANTED_CROSS;
	scene.params.margin_critical_action = CRITICAL_REDUCE;
	scene_hold(&scene, 500, 600000);
	scene.input.account.margin_mode = MARGIN_CROSS;
	/* Maintenance 150 at 60,000; equity 240 is 1.6 times that, 3 times it would be 450. */
	scene.input.account.equity_e8 = 240 * E8;
	scene_decide(&scene);
	const struct intent *part = scene_placed(&scene, PURPOSE_REDUCE);
	cr_assert(part != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, part->lots, 500 - 266));
	cr_expect(eq(int, part->type, ORDER_MARKET));
}

/* ---- entries that rest ---------------------------------------------------------------------- */

Test(martingale_rule, lets_an_entry_rest_until_its_time_is_up)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	struct strategy_order *order = scene_order(&scene, PURPOSE_OPEN, 599900, 5);
	order->created_ms = SCENE_NOW_MS - 59999;
	scene_decide(&scene);
	cr_expect(eq(sz, scene.output.intent_count, 0), "%s", scene_story(&scene));
	cr_expect(eq(i64, scene.output.follow_up_ms, SCENE_NOW_MS + 1));
	order->created_ms = SCENE_NOW_MS - 60000;
	scene_decide(&scene);
	cr_assert(eq(sz, scene.output.intent_count, 2));
	cr_expect(eq(int, scene.output.intents[0].kind, INTENT_CANCEL));
	cr_expect(eq(i64, scene.output.intents[1].price_ticks, 600000));

	/* In high volatility an entry is not sent again, if so asked; a block takes it at once. */
	scene.params.vol_blocks = VOL_REPRICE;
	scene_value(&scene, INDICATOR_ATR, 80 * E8);
	scene_decide(&scene);
	cr_assert(eq(sz, scene.output.intent_count, 1), "%s", scene_story(&scene));
	order->created_ms = SCENE_NOW_MS;
	scene_decide(&scene);
	cr_expect(eq(sz, scene.output.intent_count, 0));
	scene.params.vol_blocks = VOL_OPEN;
	scene_decide(&scene);
	cr_expect(scene_intent(&scene, INTENT_CANCEL, PURPOSE_OPEN) != NULL);
}

Test(martingale_rule, gives_up_post_only_after_so_many_misses)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	for (int i = 0; i < 3; i++) {
		scene_decide(&scene);
		cr_expect(eq(int, scene_placed(&scene, PURPOSE_OPEN)->time_in_force, TIF_POST_ONLY),
			"try %d", i);
		scene_go_on(&scene);
		scene.input.now_ms += 60000;
	}
	scene_decide(&scene);
	cr_expect(eq(int, scene_placed(&scene, PURPOSE_OPEN)->time_in_force, TIF_GTC));
	scene_go_on(&scene);
	scene_decide(&scene);
	cr_expect(eq(int, scene_placed(&scene, PURPOSE_OPEN)->time_in_force, TIF_POST_ONLY));
}

Test(martingale_rule, cuts_an_entry_to_what_the_caps_leave)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	/* Taper: 80 % of the cap is used, so a third of the wish is gone. */
	scene.params.max_exposure = 30000;
	scene.params.max_margin_pct = PARAM_OFF;
	scene_hold(&scene, 4, 600000);
	scene.params.initial_size = 6000000;
	scene_price(&scene, 594000);
	scene_decide(&scene);
	/* 237.6 of 300 used: 62.4 left, 20.8 % of the cap: taper 0.6933 x 3,000, cut to 62.4. */
	const struct intent *entry = scene_placed(&scene, PURPOSE_ADD);
	cr_assert(entry != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, entry->lots, 1), "%s", scene_story(&scene));
	scene.params.initial_size = 600000;
	scene_decide(&scene);
	entry = scene_placed(&scene, PURPOSE_ADD);
	cr_assert(entry != NULL);
	cr_expect(eq(i64, entry->lots, 1), "300 x 0.6933 is more than 62.4");
}

/* Exactly two thirds: E6 of the original, with our taper. */
Test(martingale_rule, tapers_in_exact_arithmetic)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.add_model = ADD_LOSS_PROPORTIONAL;
	scene.params.max_exposure = PARAM_OFF;
	scene.params.account_max_exposure = PARAM_OFF;
	scene.params.max_notional_per_order = PARAM_OFF;
	scene.params.min_liq_distance = PARAM_OFF;
	scene.params.max_margin_pct = 500000;
	scene.params.stop_loss.count = 0;
	scene.input.leverage = 10;
	scene_hold(&scene, 800, 500000 + 3000);
	scene.input.leg_own.margin_e8 = 4000 * E8;
	scene.input.leg_own.average_e8 = 50300 * E8;
	scene_price(&scene, 500000);
	/* Loss 240 of 40,240 / 10 is -5.96 %; notional 240 x 10 = 2,400 / 50,000 = 0.048, of which
	 * (0.50 - 0.40) / 0.15 = 2/3 is 0.032. */
	scene_decide(&scene);
	const struct intent *entry = scene_placed(&scene, PURPOSE_ADD);
	cr_assert(entry != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, entry->lots, 32));
}

Test(martingale_rule, builds_up_without_a_loss)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.add_model = ADD_LOSS_PROPORTIONAL;
	scene.params.buildup_limit = 20000;
	scene_hold(&scene, 5, 600000); /* margin 60, 0.6 % of the balance */
	scene_price(&scene, 600500);
	scene_decide(&scene);
	const struct intent *entry = scene_placed(&scene, PURPOSE_ADD);
	cr_assert(entry != NULL, "%s", scene_story(&scene));
	cr_expect(eq(i64, entry->lots, 4), "as large as the opening");
	scene_hold(&scene, 17, 600000); /* 2.04 % */
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_ADD) == NULL);
	scene.params.safe_decline_bonus = 1500000;
	scene_decide(&scene);
	cr_expect(scene_placed(&scene, PURPOSE_ADD) != NULL, "%s", scene_story(&scene));
}

/* ---- modes ---------------------------------------------------------------------------------- */

Test(martingale_rule, panic_closes_and_silence_is_silent)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 120000, 600000);
	scene.input.mode = MODE_PANIC;
	scene_order(&scene, PURPOSE_TAKE_PROFIT, 607442, 5);
	scene_order(&scene, PURPOSE_ADD, 590000, 5);
	scene_order(&scene, PURPOSE_FOREIGN, 590000, 5);
	scene_decide(&scene);
	cr_assert(eq(sz, scene.output.intent_count, 5), "two cancels, three pieces");
	cr_expect(eq(i64, scene.output.intents[2].lots, 50000));
	cr_expect(eq(i64, scene.output.intents[4].lots, 20000));
	scene.input.mode = MODE_MANUAL;
	scene_decide(&scene);
	cr_expect(eq(sz, scene.output.intent_count, 0));
	cr_expect(eq(int, scene.output.stop.protection, PROTECTION_KEEP));
}

Test(martingale_rule, says_nothing_on_a_stale_position)
{
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene_hold(&scene, 500, 600000);
	scene_price(&scene, 500000);
	scene.input.account.age_ms = 10001;
	scene_decide(&scene);
	cr_assert(eq(sz, scene.output.intent_count, 1));
	cr_expect(eq(int, scene.output.intents[0].kind, INTENT_NOTIFY));
	cr_expect(eq(int, scene.output.stop.protection, PROTECTION_KEEP));
}
