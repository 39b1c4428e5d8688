/* The invariants of strategy.md 3.4 that bind dcabot-classic, over seeded random states. */
#include "tests/strategies/classic_model.h"
#include "tests/strategies/sample.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define STATES 60000

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int64_t between(uint64_t *seed, int64_t low, int64_t high)
{
	return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

static bool one_in(uint64_t *seed, int64_t n)
{
	return between(seed, 1, n) == 1;
}

/* Often exactly at the middle, else up to spread around it. */
static int64_t around(uint64_t *seed, int64_t middle, int64_t spread)
{
	return one_in(seed, 5) ? middle : middle + between(seed, -spread, spread);
}

static void random_indicators(struct sample *sample, uint64_t *seed)
{
	int64_t price_e8 = sample->input.ticker.bid_ticks * (E8 / 10);

	sample_value(sample, INDICATOR_EMA_FAST, around(seed, price_e8, price_e8 / 50));
	sample_value(
		sample, INDICATOR_EMA_SLOW, around(seed, price_e8 - price_e8 / 100, price_e8 / 50));
	sample_value(sample, INDICATOR_EMA_ENTRY, around(seed, price_e8, price_e8 / 50));
	sample_value(sample, INDICATOR_ATR, around(seed, 75 * E8, 60 * E8));
	sample_value(sample, INDICATOR_ATR_BASELINE, 75 * E8);
	sample_value(sample, INDICATOR_BB_WIDTH_PPM, between(seed, 0, 88000));
	sample_value(sample, INDICATOR_HV_PPM, between(seed, 0, 55000));
	sample_value(sample, INDICATOR_ROC5_PPM, around(seed, -10000, 45000));
	sample_value(
		sample, INDICATOR_ROC15_PPM, one_in(seed, 9) ? 0 : around(seed, -30000, 60000));
	sample_value(sample, INDICATOR_VOLUME_RATIO_PPM, around(seed, 2 * PPM, 2 * PPM));
}

static void random_position(struct sample *sample, uint64_t *seed)
{
	struct strategy_leg *own = &sample->input.leg_own;
	int64_t wallet_e8 = sample->input.account.wallet_e8;
	/* Small positions and the neighbourhood of the limits (2, 3, 7.5, 35, 50 %) are the point.
	 */
	static const int64_t shares_ppm[] = {6000, 20000, 30000, 75000, 350000, 450000, 500000};
	int64_t share = shares_ppm[between(seed, 0, 6)];

	int64_t margin_e8 = (int64_t)((__int128)wallet_e8 * around(seed, share, share / 3) / PPM);
	if (one_in(seed, 3))
		margin_e8 -= margin_e8 % 1000000;
	if (one_in(seed, 40))
		margin_e8 = between(seed, 0, 600000); /* rounds to 0.00 or 0.01 */
	int64_t roe = one_in(seed, 2) ? around(seed, 100000, 30000)
				      : between(seed, -990000, 250000);
	int64_t unrealised_e8 = (int64_t)((__int128)margin_e8 * roe / PPM);

	sample_hold(sample, between(seed, 1, 2000), margin_e8, unrealised_e8,
		one_in(seed, 3) ? around(seed, 200, 60) : between(seed, 100, 2000));
	own->leverage_ppm = between(seed, 1, 50) * PPM;
	if (own->maintenance_e8 < 1)
		own->maintenance_e8 = 1;
}

static void random_state(struct sample *sample, uint64_t *seed)
{
	struct strategy_input *input = &sample->input;

	sample_init(sample);
	if (one_in(seed, 2)) {
		input->side = SIDE_SELL;
		input->leg = LEG_SHORT;
	}
	int64_t bid_ticks = between(seed, 100000, 1000000);
	sample_prices(sample, bid_ticks, bid_ticks + between(seed, 1, 5));
	input->account.wallet_e8 = between(seed, 1, 2000000) * (E8 / 100);
	input->account.active_symbols = between(seed, 0, 4);
	input->leverage = between(seed, 1, 50);
	input->auto_open = !one_in(seed, 8);
	input->rules.min_notional_e8 = 0;
	input->rules.max_lots = between(seed, 1, 3) * 500;
	input->rules.min_lots = one_in(seed, 4) ? between(seed, 2, 9) : 1;
	if (one_in(seed, 10))
		sample->params.max_margin_pct = PARAM_OFF;
	random_indicators(sample, seed);
	if (one_in(seed, 4))
		input->leg_opposite = (struct strategy_leg){.lots = between(seed, 0, 100),
			.margin_e8 = between(seed, 0, input->account.wallet_e8 / 2)};
	if (!one_in(seed, 4)) {
		int64_t symbols = input->account.active_symbols;
		random_position(sample, seed);
		input->account.active_symbols = symbols;
	}
}

/* I27 */

static int64_t placed_lots(const struct sample *sample)
{
	int64_t lots = 0;

	for (size_t i = 0; i < sample->output.intent_count; i++)
		lots += sample->output.intents[i].lots;
	return lots;
}

static void expect_model(const struct sample *sample, int state)
{
	struct model_answer want = model_decide(&sample->input);
	const struct intent *order = sample_order(sample);
	/* A full close leaves at most three orders a run; the model knows no such limit. */
	int64_t most = 3 * sample->input.rules.max_lots;
	bool is_close = strcmp(want.action, "close") == 0;
	int64_t lots = is_close && want.lots > most ? most : want.lots;

	cr_assert(strcmp(sample->output.action, want.action) == 0, "state %d: %s, not %s", state,
		sample->output.action, want.action);
	cr_assert(eq(i64, placed_lots(sample), lots), "state %d", state);
	if (order != NULL)
		cr_assert(eq(i64, order->price_ticks, want.price_ticks), "state %d", state);
}

Test(martingale_properties, agrees_with_a_second_model_of_the_rule)
{
	static struct sample sample;
	static const char *const actions[] = {"none", "open", "add", "reduce", "close"};
	int seen[5] = {0};
	uint64_t seed = 0x9e3779b97f4a7c15;

	for (int state = 0; state < STATES; state++) {
		random_state(&sample, &seed);
		sample_decide(&sample);
		cr_assert(eq(int, sample.output.status, DECISION_OK), "state %d", state);
		expect_model(&sample, state);
		for (int i = 0; i < 5; i++)
			seen[i] += strcmp(sample.output.action, actions[i]) == 0;
	}
	/* Agreement about states in which nothing happens would prove nothing. */
	for (int i = 0; i < 5; i++)
		cr_expect(gt(int, seen[i], STATES / 100), "%s: %d", actions[i], seen[i]);
}

/* The others, with orders, modes, blocks and ages in the state. */

static void random_orders(struct sample *sample, uint64_t *seed)
{
	struct strategy_input *input = &sample->input;

	input->order_count = (size_t)(one_in(seed, 3) ? between(seed, 0, STRATEGY_ORDERS_MAX) : 0);
	for (size_t i = 0; i < input->order_count; i++)
		input->orders[i] = (struct strategy_order){
			.id = (int32_t)(100 + i),
			.purpose = (enum purpose)between(seed, PURPOSE_OPEN, PURPOSE_FOREIGN),
			.side = (enum side)between(seed, SIDE_BUY, SIDE_SELL),
			.lots = between(seed, 1, 100),
			.unknown = one_in(seed, 10),
		};
	if (one_in(seed, 2) && input->order_count > 7)
		input->order_count = 3;
}

static void random_limits(struct sample *sample, uint64_t *seed)
{
	struct strategy_input *input = &sample->input;

	input->rules.min_notional_e8 = between(seed, 0, 100) * E8;
	input->rules.max_market_lots = between(seed, 1, 3) * 300;
	if (one_in(seed, 3))
		input->mode = (enum strategy_mode)between(seed, MODE_NORMAL, MODE_HALTED);
	if (one_in(seed, 3))
		input->blocks = (uint32_t)between(seed, 0, 31);
	if (one_in(seed, 10))
		input->ticker.age_ms = between(seed, -1, 10000);
	if (one_in(seed, 10))
		input->account.age_ms = between(seed, 0, 20000);
	input->account.settings_match = !one_in(seed, 10);
	input->rules.trading = !one_in(seed, 10);
	if (one_in(seed, 10))
		input->indicators.valid = (uint32_t)next_random(seed);
	input->cycle = between(seed, 1, 3);
	input->cycle_adds = between(seed, 0, 9);
	sample->state.cycle = between(seed, 1, 3);
	sample->state.adds_filled = between(seed, 0, 9);
}

static bool may_enter(const struct strategy_input *input)
{
	const uint32_t blocks = BLOCK_EXITS_ONLY | BLOCK_UNKNOWN | BLOCK_DRIFT | BLOCK_RETRIED;
	bool mode = input->mode == MODE_NORMAL ||
		    (input->mode == MODE_GRACEFUL_STOP && input->leg_own.lots > 0);

	for (size_t i = 0; i < input->order_count; i++) {
		if (input->orders[i].unknown && input->orders[i].purpose != PURPOSE_FOREIGN)
			return false;
	}
	return mode && (input->blocks & blocks) == 0 && input->account.settings_match &&
	       input->rules.trading && input->ticker.age_ms >= 0 && input->ticker.age_ms <= 5000 &&
	       input->account.age_ms <= 10000;
}

/* I3, I6, I7 */
static void expect_order(const struct sample *sample, const struct intent *intent, int state)
{
	const struct strategy_rules *rules = &sample->input.rules;
	bool entry = purpose_is_entry(intent->purpose);
	int64_t most = intent->type == ORDER_MARKET ? rules->max_market_lots : rules->max_lots;
	__int128 notional_e8 = (__int128)intent->lots * intent->price_ticks * (E8 / 10000);

	cr_assert(ne(int, intent->reduce_only, entry), "I6 state %d", state);
	cr_assert(le(i64, intent->lots, most), "I3 state %d", state);
	cr_assert(intent->lots >= rules->min_lots || intent->purpose == PURPOSE_CLOSE,
		"I3 state %d", state);
	cr_assert(gt(i64, intent->lots, 0), "I3 state %d", state);
	cr_assert(intent->type == ORDER_MARKET || intent->price_ticks > 0, "I3 state %d", state);
	cr_assert(notional_e8 >= rules->min_notional_e8 || !entry, "I3 state %d", state);
	cr_assert(may_enter(&sample->input) || !entry, "I7 state %d", state);
	cr_assert(intent->purpose != PURPOSE_REDUCE ||
			  (sample->input.blocks & BLOCK_UNKNOWN_REDUCE) == 0,
		"state %d", state);
}

/* I16, I17: only orders that are there, ours, and each once. */
static void expect_cancel(const struct sample *sample, size_t index, int state)
{
	const struct strategy_output *output = &sample->output;
	int32_t id = output->intents[index].order_id;
	bool ours = false;

	for (size_t i = 0; i < sample->input.order_count; i++) {
		const struct strategy_order *order = &sample->input.orders[i];

		ours = ours || (order->id == id && order->purpose != PURPOSE_FOREIGN);
	}
	cr_assert(ours, "I16 state %d", state);
	for (size_t i = 0; i < index; i++)
		cr_assert(output->intents[i].kind != INTENT_CANCEL ||
				  output->intents[i].order_id != id,
			"I17 state %d", state);
}

/* I22: cancels, then orders, then notices. I5: exits within what is held. */
static void expect_batch(const struct sample *sample, int state)
{
	const struct strategy_output *output = &sample->output;
	int64_t leaving = 0;
	int entries = 0;

	cr_assert(le(sz, output->intent_count, 3 + 5 + 3), "I22 state %d", state);
	for (size_t i = 0; i < output->intent_count; i++) {
		const struct intent *intent = &output->intents[i];

		cr_assert(i == 0 || output->intents[i - 1].kind <= intent->kind, "I22 state %d",
			state);
		if (intent->kind == INTENT_CANCEL)
			expect_cancel(sample, i, state);
		if (intent->kind != INTENT_PLACE)
			continue;
		expect_order(sample, intent, state);
		leaving += intent->reduce_only ? intent->lots : 0;
		entries += !intent->reduce_only;
	}
	cr_assert(le(i64, leaving, sample->input.leg_own.lots), "I5 state %d", state);
	cr_assert(entries == 0 || leaving == 0, "state %d", state);
	cr_assert(sample->output.status == DECISION_OK || (entries == 0 && leaving == 0),
		"state %d", state);
}

/* I23 */
static void expect_state(const struct sample *sample, int state)
{
	struct classic_state after;

	memcpy(&after, sample->output.state, sizeof after);
	cr_assert(eq(i64, after.cycle, sample->input.cycle), "I23 state %d", state);
	cr_assert(ge(i64, after.adds_filled, sample->input.cycle_adds), "I23 state %d", state);
	if (sample->state.cycle == after.cycle)
		cr_assert(ge(i64, after.adds_filled, sample->state.adds_filled), "I23 state %d",
			state);
}

/* I1 */
static void expect_again(const struct sample *sample, int state)
{
	static struct sample again;

	memcpy(&again, sample, sizeof again);
	again.input.params = &again.params;
	memset(&again.output, 0xa5, sizeof again.output);
	sample_decide(&again);
	cr_assert(eq(int, memcmp(&again.output, &sample->output, sizeof again.output), 0),
		"I1 state %d", state);
}

Test(martingale_properties, keeps_its_invariants)
{
	static struct sample sample;
	uint64_t seed = 0xd1b54a32d192ed03;

	for (int state = 0; state < STATES; state++) {
		random_state(&sample, &seed);
		random_limits(&sample, &seed);
		random_orders(&sample, &seed);
		sample_decide(&sample);
		expect_batch(&sample, state);
		expect_state(&sample, state);
		expect_again(&sample, state);
	}
}

/* I26 */

static int64_t extreme(uint64_t *seed)
{
	static const int64_t values[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX / 2, E8, 1000};

	return one_in(seed, 3) ? (int64_t)next_random(seed) : values[between(seed, 0, 7)];
}

static void extreme_state(struct sample *sample, uint64_t *seed)
{
	struct strategy_input *input = &sample->input;
	struct strategy_leg *legs[] = {&input->leg_own, &input->leg_opposite};

	sample_init(sample);
	input->now_ms = extreme(seed);
	input->leverage = between(seed, 0, 126);
	sample_prices(sample, extreme(seed), extreme(seed));
	input->account.wallet_e8 = extreme(seed);
	input->account.active_symbols = between(seed, 0, 1000001);
	input->rules.min_lots = extreme(seed);
	input->rules.max_lots = extreme(seed);
	input->rules.max_market_lots = extreme(seed);
	input->rules.min_notional_e8 = extreme(seed);
	input->rules.tick_size = decimal_scaled(extreme(seed), (int)between(seed, 0, 18));
	input->rules.lot_size = decimal_scaled(extreme(seed), (int)between(seed, 0, 18));
	for (size_t i = 0; i < 2; i++)
		*legs[i] = (struct strategy_leg){extreme(seed), extreme(seed), extreme(seed),
			extreme(seed), extreme(seed), extreme(seed), extreme(seed)};
	for (size_t i = 0; i < INDICATOR_COUNT; i++)
		input->indicators.value[i] = extreme(seed);
	input->indicators.last_closed_ms = extreme(seed);
	sample->params.initial_size = between(seed, 1, PPM);
	sample->params.max_margin_pct = one_in(seed, 5) ? PARAM_OFF : between(seed, 1, PPM);
}

Test(martingale_properties, extremes_give_a_status_and_never_wrap)
{
	static struct sample sample;
	uint64_t seed = 0xda942042e4dd58b5;
	int decided = 0;

	for (int state = 0; state < STATES; state++) {
		extreme_state(&sample, &seed);
		sample_decide(&sample);
		decided += sample.output.status == DECISION_OK;
		for (size_t i = 0; i < sample.output.intent_count; i++) {
			const struct intent *intent = &sample.output.intents[i];

			cr_assert(intent->kind != INTENT_PLACE || intent->lots > 0, "state %d",
				state);
		}
	}
	cr_expect(gt(int, decided, 0));
	cr_expect(lt(int, decided, STATES));
}

Test(martingale_properties, the_cheapest_coin_and_the_largest_size_still_decide)
{
	struct sample sample;

	sample_init(&sample);
	sample.input.rules.tick_size = decimal_literal("0.00000001");
	sample.input.rules.lot_size = decimal_literal("1");
	sample.input.rules.max_lots = 1000000000000;
	sample.input.rules.max_market_lots = 1000000000000;
	sample.input.leverage = 125;
	sample.input.account.wallet_e8 = 90000000000 * E8;
	sample_prices(&sample, 1, 2);
	sample_decide(&sample);
	cr_expect(eq(int, sample.output.status, DECISION_OK));
	cr_assert(sample_order(&sample) != NULL);
	cr_expect(eq(i64, sample_order(&sample)->lots, 1000000000000));
}
